"""Memory that a call takes at its peak, above what importing takes, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Not ru_maxrss, which begins with that of the process that began this one.
PROGRAM = """
import re
import numba, scipy.stats, xarray
import funnelsim as fs

def resident(name):
    with open("/proc/self/status") as file:
        return 1024 * int(re.search(name + r":\\s+(\\d+)", file.read()).group(1))

for name in fs.__all__:
    getattr(fs, name)
{before}
resident_before = resident("VmRSS")
{call}
print(resident("VmHWM") - resident_before)
"""


def bytes_above_import(call: str, before: str = "") -> int:
    """Return the bytes that a call takes, with machine code in the cache; Linux only.

    Parameters
    ----------
    call : str
        Lines of Python that have ``fs``.
    before : str
        Lines that come first, and do not count.
    """
    code = PROGRAM.format(before=before, call=call)
    here = Path(__file__).parent
    run = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2_000:]
    return int(run.stdout)
