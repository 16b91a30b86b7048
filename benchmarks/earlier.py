"""Measure an earlier commit with the benchmarks of today, so that the history has no gaps.

What is measured is the commit's ``src``; benchmarks that need what it did not have yet fail, and
all others are kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from benchmarks.harness import ROOT, search_path


def measure_earlier(commit: str, arguments: list[str]) -> int:
    """Run ``python -m benchmarks`` with other arguments on a commit; return its exit status.

    Raises
    ------
    SystemExit
        Where git does not know the commit.
    """
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree.tar"
        packed = ["git", "archive", "--output", str(tree), commit, "src"]
        if subprocess.run(packed, cwd=ROOT, check=False).returncode:
            raise SystemExit(f"{commit}: no such commit here")
        with tarfile.open(tree) as archive:
            archive.extractall(folder, filter="data")
        if not (Path(folder) / "src" / "funnelsim" / "__init__.py").exists():
            raise SystemExit(f"{commit}: no package yet")  # today's would be measured in its place
        own = {
            "PYTHONPATH": search_path(Path(folder) / "src"),
            "NUMBA_CACHE_DIR": str(Path(folder) / "cache"),
        }
        command = [sys.executable, "-m", "benchmarks", *arguments, "--earlier", commit]
        return subprocess.run(command, cwd=folder, env=os.environ | own, check=False).returncode
