"""The race as two tables, and how figures are written."""

from __future__ import annotations

from benchmarks.harness import table
from benchmarks.records import Figure, Record

NANO = 1e-9


def ratios_table(race: Record) -> str:
    """Return what most readers want: throughput, ratios to the first, and accuracy for time."""
    first, *_ = names = contenders(race)
    headings = (
        "", "ns a rep-quarter", "rep-quarters a second", f"times {first}",
        "seconds for P(attained) ± .001",
    )  # fmt: skip
    rows = []
    for name in names:
        time = race[f"time({name})"].median
        rows.append((
            name, f"{time:,.0f}", digits(1 / (time * NANO)),
            "1" if name == first else spread(race[f"ratio({name})"]),
            digits(race[f"accuracy({name})"].median),
        ))  # fmt: skip
    return table(headings, rows)


def times_table(race: Record) -> str:
    """Return the rest: spread, other ratios, and whether figures can be trusted."""
    headings = (
        "ns a rep-quarter", "quartiles", "minimum", "ratio of minima", "of processor time",
        "processor", "worst check",
    )  # fmt: skip
    rows = []
    for name in contenders(race):
        time = race[f"time({name})"]
        rows.append((
            name, f"{time.lower:,.0f} - {time.upper:,.0f}", f"{time.minimum:,.0f}",
            digits(race[f"ratio of minima({name})"].median),
            digits(race[f"processor ratio({name})"].median),
            f"{race[f'processor share({name})'].median:.0f} %",
            f"{race[f'worst check({name})'].median:+.1f} s.e.",
        ))  # fmt: skip
    return table(headings, rows)


def contenders(record: Record) -> list[str]:
    """Return the names of those that were timed."""
    return [
        each.name.removeprefix("time(").removesuffix(")")
        for each in record.figures
        if each.name.startswith("time(")
    ]


def spread(found: Figure) -> str:
    """Write median and quartiles, or the median alone of what was measured once."""
    if found.n == 1:
        return digits(found.median)
    return f"{digits(found.median)} ({digits(found.lower)} - {digits(found.upper)})"


def digits(value: float) -> str:
    """Write three significant digits, whole numbers in full."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
