"""What to coach first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FuncFormatter

from funnelsim.report.levers import lever_amount, lever_name
from funnelsim.report.plots.answers import (
    Floats,
    answer,
    goal_unit,
    signed,
    small_print,
)
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREY,
    HATCH,
    INK,
    SKY,
    SMALL,
    WHISKERS,
    finished,
    new_axes,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

NOTES = {"strength": "a strength: leave it", "not told": "these draws do not tell"}
LONGEST = 24  # characters of a lever's name
POSSIBLE = 0.05  # P(largest lift) from which a lever is a rival for the first place


def coaching(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    r"""Draw what lifting each lever to its benchmark adds to the probability of the goal.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.coaching_point` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.coaching_point(fs.preset("sales_math"), {"demo": 0.66, "won": 0.40})
    >>> coaching(told).get_title()
    'Coach conversion to won first:\nat 40 % it adds 11.9 of 100 quarters'
    """
    lift, error = (100 * each for each in answer(told, "lift"))
    together, together_error = (100 * float(each) for each in answer(told, "lift_of_all"))
    value, _ = answer(told, "lever_value")
    benchmark, _ = answer(told, "benchmark")
    rank, rivals = told["lift_rank"].values, _rivals(told)
    ax = ax or new_axes()
    paths = [str(path) for path in told["lever"].values]
    currency = str(told.attrs["currency"])
    order = np.argsort(-lift, kind="stable")
    standing = told["standing"].values.tolist()
    labels, words, bars = [], [], []
    for place in order:
        reach = " → ".join(
            lever_amount(paths[place], float(each[place]), currency) for each in (value, benchmark)
        )
        labels.append(f"{shortened(lever_name(paths[place]), LONGEST)}\n{reach}")
        words.append(NOTES.get(standing[place], ""))
        look = (BLUE, "") if place in rivals else (SKY, "")
        bars.append((lift[place], error[place], *(look if rank[place] else (GREY, HATCH))))
    if (rank > 0).sum() > 1:
        labels.append("all that are behind,\ntogether")
        words.append("")
        bars.append((together, together_error, DARK, ""))
    for row, (note, (height, spread, colour, hatch)) in enumerate(zip(words, bars, strict=True)):
        ax.barh(row, height, 0.55, color=colour, hatch=hatch, edgecolor="white", linewidth=0)
        if spread > 0:
            ax.errorbar(height, row, xerr=WHISKERS * spread, color=INK, capsize=3)
        side = -1 if height < 0 else 1
        ax.annotate(
            note or f"{height:+.1f}",
            (max(height, 0.0) + WHISKERS * spread if side > 0 or note else height, row),
            (6, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=SMALL if note else None,
            fontweight="normal" if note else "bold",
        )
    ax.axvline(0.0, color=DARK, linewidth=1.2)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    heights = [0.0, *(height for height, *_ in bars)]
    wide = max(max(heights) - min(heights), 0.5)
    ax.set_xlim(min(heights) - 0.06 * wide, max(heights) + 0.22 * wide)
    ax.xaxis.set_major_formatter(FuncFormatter(signed))
    ax.set_xlabel(
        f"of 100 {goal_unit(told)}: more with the lever at its benchmark\n"
        f"({small_print(told, error / 100)})"
    )
    return finished(ax, _coaching_message(told, paths, lift, benchmark))


def _coaching_message(told: xr.Dataset, paths: list[str], lift: Floats, benchmark: Floats) -> str:
    """Return what to coach first, if anything is behind and the draws tell which."""
    point = str(told.attrs["coaching_point"])
    if not point:
        known = "known to be " if "not told" in told["standing"].values else ""
        return f"Nothing is {known}behind its benchmark"
    rivals = _rivals(told)
    if len(rivals) > 1:
        names = [shortened(lever_name(paths[place]), LONGEST) for place in rivals]
        why = "alike" if told.attrs["method"] == "exact" else "these draws do not tell"
        return f"Coach first: {names[0]}\nor {' or '.join(names[1:3])}: {why}"
    place = paths.index(point)
    goal = lever_amount(point, float(benchmark[place]), str(told.attrs["currency"]))
    name = shortened(lever_name(point), LONGEST)
    return f"Coach {name} first:\nat {goal} it adds {lift[place]:.1f} of 100 {goal_unit(told)}"


def _rivals(told: xr.Dataset) -> list[int]:
    """Return the levers that may have the largest lift, the largest first."""
    best = told["lift_best_probability"].values
    return [int(k) for k in np.argsort(-best, kind="stable") if best[k] >= POSSIBLE]
