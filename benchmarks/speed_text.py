"""The table of figures as text for the pages, from what is stored; nothing is measured here."""

from __future__ import annotations

import textwrap
from pathlib import Path

from benchmarks.goals import EVERYTHING, THREADS, Parts, figure_of, goals_table, inverse
from benchmarks.harness import ROOT, table
from benchmarks.peers import ACCURACY
from benchmarks.race_text import contenders, digits, ratios_table, spread, times_table
from benchmarks.records import Record

README, PAGE = ROOT / "README.md", ROOT / "docs" / "speed.md"
MARKS = ("<!-- speed: begin -->\n", "<!-- speed: end -->\n")
BUSY = 0.95  # share of a processor below which a contender was held up
LOAD = 1.5  # that a run leaves behind itself for its next part
APART = 0.1  # between the ratio of medians and that of minima
TWO = "funnelsim, 2 threads"
WIDTH = 118  # of a line of text
VERSIONS = ("python", "numpy", "numba")


def told(known: Parts) -> dict[Path, str]:
    """Return what stands between the marks of each page."""
    return {README: readme(known), PAGE: page(known)}


def in_page(text: str, new: str) -> str:
    """Return a page's text with what stands between its marks replaced.

    Raises
    ------
    ValueError
        Where it has not both marks once.
    """
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    return f"{before}{MARKS[0]}\n{new}\n\n{MARKS[1]}{after}"


def between_marks(text: str) -> str:
    """Return what stands between a page's marks."""
    return text.split(MARKS[0])[1].split(MARKS[1])[0].strip("\n")


def readme(known: Parts) -> str:
    """Return what stands under the README's heading about speed."""
    parts = [
        _wrapped(
            "One rep of the Sales Math for one quarter, with delays, windfalls and weekly detail. "
            "All compute the same six numbers, checked against the exact twin before anything is "
            "timed, and take turns in one process."
        )
    ]
    if "race" in known:
        parts.append(ratios_table(known["race"]))
    rows = [(what, value) for what, value in _more(known) if value]
    if rows:
        parts.append(table(("and", "measured"), rows))
    parts.append(
        _wrapped(
            f"{_measured_on(known)} How each row is measured, the floors and goals, and the "
            "history: [speed](docs/speed.md)."
        )
    )
    return "\n\n".join(parts)


def page(known: Parts) -> str:
    """Return the tables of docs/speed.md."""
    parts = ["## Floors and goals", goals_table(known)]
    if "race" in known:
        parts += [
            "## The race",
            ratios_table(known["race"]),
            "In full:",
            times_table(known["race"]),
        ]
    if "exact" in known:
        parts += ["## Without draws", _without_draws(known["exact"])]
    if "plans" in known:
        parts += ["## By plan, one thread", _plans(known["plans"])]
    rows = [(what, value) for what, value in _memory(known) if value]
    if rows:
        parts += ["## Memory", table(("", "measured"), rows)]
    if "first" in known:
        parts += ["## Until the first result", _first(known["first"])]
    return "\n\n".join([*parts, _wrapped(_measured_on(known))])


def _more(known: Parts) -> list[tuple[str, str]]:
    """Return the README's other rows; an empty value where nothing was measured."""
    twin, package, normal = (
        _method(known, name)
        for name in ("funnelsim, exact twin", "aggregate", "normal approximation")
    )
    empty, warm = (_value(known, "first", f"simulate, {cache} cache") for cache in _CACHES)
    everything = figure_of(known, "plans", EVERYTHING)
    threads = figure_of(known, "race", THREADS)
    return [
        ("two threads over one", threads and f"{spread(inverse(threads))} times as fast"),
        ("everything on (policy, uneven weeks, skill, market, whales, assists, KPIs)",
         everything and f"{spread(everything)} times as long"),
        *_memory(known),
        ("first result of a process, machine code compiled / cached",
         empty and warm and f"{digits(empty)} s / {digits(warm)} s"),
        ("no draws at all: the exact twin", twin),
        ("the package aggregate, told how many deals are won", package),
        ("a normal approximation, as in a spreadsheet", normal),
    ]  # fmt: skip


_CACHES = ("empty", "warm")


def _memory(known: Parts) -> list[tuple[str, str]]:
    if "memory" not in known:
        return []
    number, seconds, peak = (
        known["memory"][name].median for name in ("rep-quarters", "seconds", "above import")
    )
    return [
        (f"{number:,.0f} rep-quarters streamed on 2 threads",
         f"{digits(seconds)} s, {peak:,.0f} MB above import"),
    ]  # fmt: skip


def _method(known: Parts, name: str) -> str:
    time, error = (_value(known, "exact", f"{what}({name})") for what in ("time", "error"))
    if time is None or error is None:
        return ""
    wrong = f"off by {error:+.3f}" if abs(error) > ACCURACY else f"error below {abs(error):.0e}"
    return f"{_duration(time)}, {wrong}"


def _without_draws(exact: Record) -> str:
    headings = ("P(attained), no delays", "median", "quartiles", "minimum", "error")
    rows = []
    for each in exact.figures:
        if each.name.startswith("time("):
            error = f"error({each.name[5:-1]})"
            shown = f"{exact[error].median:+.1e}" if error in exact else ""
            quartiles = f"{_duration(each.lower)} - {_duration(each.upper)}"
            rows.append((each.name[5:-1], _duration(each.median), quartiles,
                         _duration(each.minimum or 0.0), shown))  # fmt: skip
    return table(headings, rows)


def _plans(plans: Record) -> str:
    rows = [
        (name, f"{plans[f'time({name})'].median:,.0f}", f"{plans[f'time({name})'].minimum:,.0f}",
         spread(plans[f"ratio({name})"]), digits(plans[f"ratio of minima({name})"].median))
        for name in contenders(plans)
    ]  # fmt: skip
    return table(("ns a rep-quarter", "median", "minimum", "times reference", "of minima"), rows)


def _first(first: Record) -> str:
    rows = [
        (each.name, f"{each.median:.3f}", f"{each.lower:.3f} - {each.upper:.3f}",
         f"{each.minimum:.3f}", f"{each.n}")
        for each in first.figures
    ]  # fmt: skip
    return table(("seconds", "median", "quartiles", "minimum", "n"), rows)


def _measured_on(known: Parts) -> str:
    """Say on what, how often, and whether the machine was busy."""
    if not known:
        return "Nothing was measured yet."
    record = known.get("race", next(iter(known.values())))
    about = record.environment
    rounds = f"Medians (quartiles) of {record.figures[0].n} interleaved rounds"
    versions = ", ".join(f"{_NAMES[key]} {about[key]}" for key in VERSIONS if key in about)
    commits = ", ".join(sorted({each.commit for each in known.values()}))
    machine = f"{about['processor']}, {about['processors']} processors"
    said = f"{rounds} on {machine}, {about['system']}, {versions}; commit {commits}."
    held_up = _held_up(known["race"]) if "race" in known else []
    loads = {name: each.environment["load before"] for name, each in known.items()}
    loaded = [f"{name} {load}" for name, load in loads.items() if float(load) > LOAD]
    if held_up or loaded:
        said += " **The machine was busy with something else**"
        said += f" (load before {', '.join(loaded)})" if loaded else ""
        said += f": it held up {len(held_up)} of those that raced" if held_up else ""
        said += ". Ratios of processor time are the least wrong."
    return said


_NAMES = {"python": "Python", "numpy": "NumPy", "numba": "numba"}


def _held_up(race: Record) -> list[str]:
    """Return who, on one thread, got less than a processor, or whose two ratios differ."""
    return [
        name
        for name in contenders(race)
        if name != TWO
        if race[f"processor share({name})"].median < 100 * BUSY
        or abs(race[f"ratio({name})"].median / race[f"ratio of minima({name})"].median - 1) > APART
    ]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _value(known: Parts, part: str, name: str) -> float | None:
    found = figure_of(known, part, name)
    return None if found is None else found.median


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{digits(seconds / size)} {unit}"
    return f"{digits(seconds / 1e-6)} µs"
