"""What was measured, as small text files: one a commit, no path and no machine's name in them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, quartiles

RESULTS = Path(__file__).parent / "results"
HISTORY = RESULTS / "history"  # of the whole suite, a file a commit
SOURCES = ("src", "benchmarks", ":!benchmarks/results")  # what figures depend on
DIGITS = 6  # that are kept of a figure


@dataclass(frozen=True)
class Figure:
    """One measured quantity: median, quartiles and minimum of n rounds."""

    name: str
    unit: str
    n: int
    median: float
    lower: float
    upper: float
    minimum: float | None  # None: whoever measured kept none
    ratio: float | None = None
    """Processor time of a call, or of the one thing that the unit names, over that of a rep-quarter
    of the stationary NumPy peer: the median over rounds in which the two took turns."""


@dataclass(frozen=True)
class Record:
    """What one run measured, on which commit and what kind of machine."""

    commit: str  # abbreviated; with a plus where the tree held changes that no commit has
    date: str  # of the commit, ISO 8601
    environment: dict[str, str]
    figures: tuple[Figure, ...]

    def __getitem__(self, name: str) -> Figure:
        return next(each for each in self.figures if each.name == name)

    def __contains__(self, name: str) -> bool:
        return any(each.name == name for each in self.figures)


def figure(name: str, unit: str, values: Sequence[float], ratio: float | None = None) -> Figure:
    """Return the figure of what each round gave."""
    lower, median, upper = map(rounded, quartiles(values))
    minimum = rounded(min(values))
    ratio = None if ratio is None else rounded(ratio)
    return Figure(name, unit, len(values), median, lower, upper, minimum, ratio)


def of_commit(
    figures: Iterable[Figure], machine: dict[str, str], earlier: str | None = None
) -> Record:
    """Return a record of the commit that is checked out, or of an earlier one.

    Raises
    ------
    SystemExit
        Where this is no git checkout.
    """
    try:
        commit, date = git("show", "--no-patch", "--format=%h %cI", earlier or "HEAD").split()
        changed = git("--no-optional-locks", "status", "--porcelain", "--", *SOURCES)
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit("no git checkout, or no such commit to keep figures for") from None
    mark = "+" if changed and earlier is None else ""
    return Record(commit + mark, date, machine, tuple(figures))


def keep(record: Record, folder: Path = HISTORY) -> Path:
    """Write a record into the history; figures of the same commit and machine are replaced."""
    for number in range(1, 1_000):
        tail = "" if number == 1 else f"-{number}"
        name = f"{record.date[:10]}-{record.commit.replace('+', '-changed')}{tail}.json"
        path = folder / name
        if not path.exists():
            break
        earlier = read(path)
        if _machine(earlier) == _machine(record):
            new = {each.name for each in record.figures}
            kept = [each for each in earlier.figures if each.name not in new]
            record = replace(record, figures=(*kept, *record.figures))
            break
    write(record, path)
    return path


def history(folder: Path = HISTORY) -> list[Record]:
    """Return all records, the oldest commit first."""
    found = [read(path) for path in sorted(folder.glob("*.json"))]
    return sorted(found, key=lambda record: datetime.fromisoformat(record.date))


def write(record: Record, path: Path) -> None:
    """Write a record, a line for each figure, so that a diff shows what changed."""
    head = {key: value for key, value in asdict(record).items() if key != "figures"}
    lines = [f"  {json.dumps(asdict(each), ensure_ascii=False)}" for each in record.figures]
    opening = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    path.parent.mkdir(parents=True, exist_ok=True)
    joined = ",\n".join(lines)
    path.write_text(f'{opening},\n "figures": [\n{joined}\n ]\n}}\n', encoding="utf-8")


def read(path: Path) -> Record:
    """Read what ``write`` wrote."""
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Record(**told | {"figures": tuple(Figure(**each) for each in told["figures"])})


def _machine(record: Record) -> dict[str, str]:
    """Return all but what changes from hour to hour."""
    return {key: value for key, value in record.environment.items() if key != "load before"}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def git(*arguments: str) -> str:
    """Return what git says in the checkout."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
