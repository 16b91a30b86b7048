"""The history of the benchmarks as a picture: every commit that was measured, oldest first.

    python docs/speed.py PATH

draws it without building the pages.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import LogLocator, NullLocator

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks/ is not installed

from benchmarks.records import Figure, Record, history

from funnelsim.report.plots.style import CYCLE, DARK, INK

MOST_TICKS = 12
WIDE = 300  # times the least that an axis shows: fewer numbers beside it
MARKERS = "osD^"

# Titles of the panels; the name of each line and the benchmark that it shows.
PANELS: dict[str, tuple[Mapping[str, str], Callable[[Figure], float | None]]] = {
    "Samples: times as fast as NumPy\n(stationary pipeline, one core, same run)": (
        {
            "no delays": "throughput.Simulate.time_simulate(no delays, 1)",
            "reference": "throughput.Simulate.time_simulate(reference, 1)",
            "everything on": "throughput.Simulate.time_simulate(everything on, 1)",
            "100 reps": "throughput.Simulate.time_simulate(100 reps, 1)",
        },
        lambda found: 1 / found.ratio if found.ratio else None,
    ),
    "Instructions for a rep-quarter\n(without AVX-512)": (
        {
            name: f"instructions.Instructions.track_rep_quarter({name})"
            for name in ("no delays", "reference", "everything on", "20 quarters")
        },
        lambda found: found.median,
    ),
    "Seconds until the first result\nof a process": (
        {
            "compiled": "first_result.FirstCall.track_first_call(simulate, empty)",
            "from the cache": "first_result.FirstCall.track_first_call(simulate, warm)",
            "funnelsim --help": "first_result.Command.time_command(funnelsim --help)",
            "import": "first_result.Command.time_command(import funnelsim)",
        },
        lambda found: found.median,
    ),
    "Memory of a million rep-quarters,\nMB above import": (
        {
            "samples": "memory.AboveImport.track_peak(simulate)",
            "streamed": "memory.AboveImport.track_peak(summarize)",
        },
        lambda found: found.median,
    ),
}


def speed_history(folder: Path) -> None:
    """Draw the history into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn(history()).savefig(folder / "speed-history.png")


def drawn(records: list[Record]) -> Picture:
    """Return the picture: a panel for each of ``PANELS``, a place on the axis for each commit."""
    picture = Picture(figsize=(9.6, 7.2), dpi=150, layout="constrained")
    axes = picture.subplots(2, 2).ravel()
    for ax, (title, (lines, value)) in zip(axes, PANELS.items(), strict=True):
        ax.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK)
        for (label, name), colour, marker in zip(lines.items(), CYCLE, MARKERS, strict=False):
            _line(ax, records, name, value, label=label, color=colour, marker=marker)
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:,.3g}" if y < 1_000 else f"{y:,.0f}")
        low, high = ax.get_ylim()
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < WIDE * low else (1, 3)))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", alpha=0.3)
        every = -(-len(records) // MOST_TICKS) or 1
        ax.set_xticks(range(0, len(records), every))
        shown = [f"{each.commit} {each.date[5:10]}" for each in records[::every]]
        ax.set_xticklabels(shown, fontsize=7.5, color=DARK, rotation=40, ha="right")
        ax.tick_params(axis="x", pad=1)
        ax.set_xlim(-0.5, max(len(records), 1) - 0.5)
        ax.margins(y=0.25)
        ax.legend(fontsize=8, frameon=False, ncols=2, loc="best")
    return picture


def _line(
    ax: Axes,
    records: list[Record],
    name: str,
    value: Callable[[Figure], float | None],
    **style: str,
) -> None:
    told = [(place, value(each[name])) for place, each in enumerate(records) if name in each]
    known = [(place, number) for place, number in told if number is not None]
    ax.plot([place for place, _ in known], [number for _, number in known], **style)


if __name__ == "__main__":
    drawn(history()).savefig(sys.argv[1])
