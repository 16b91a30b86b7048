"""Whether making quota repeats, and who makes it at equal mean bookings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.luck.equal_mean import AS_STATED, GAMBLERS, REPETITION, ahead_from
from funnelsim.report.plots.answers import Floats, estimate
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREEN,
    INK,
    PALE,
    SMALL,
    VERMILION,
    WHISKERS,
    apart,
    finished,
    hundred,
    made_with,
    new_axes,
    percent_axis,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

OFTEN = 0.75  # of the quarters of a career
STEP = 1.22  # from one career to the next, each 1 wide
ALIKE, DIFFERENT = "alike", "different"
REPS = {ALIKE: (BLUE, "-", "o"), DIFFERENT: (VERMILION, "--", "s")}
WAYS = {
    AS_STATED: (INK, (0, (1, 1)), 2.0),
    REPETITION: (BLUE, "-", 3.0),
    "windfalls": (VERMILION, "--", 2.0),
    "whales": (DARK, "-.", 2.0),
    "larger deals": (GREEN, (0, (6, 1.5, 1, 1.5, 1, 1.5)), 2.0),
}


def careers(luck: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how probable it is to make quota in at least so many quarters of a career.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
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
    >>> told = fs.luck(fs.preset("sales_math"), draws=200, seed=1)
    >>> careers(told).get_title().startswith("Making quota in at least 3 of 4:")
    True
    """
    name = "career_at_least_probability"
    known = {reps: estimate(luck, name, reps=reps) for reps in REPS}
    independent, _ = estimate(luck, "independent_at_least_probability", reps=DIFFERENT)
    ax = ax or new_axes()
    lengths = [int(career) for career in luck["career"].values]
    ticks: list[tuple[float, str]] = []
    for place, career in enumerate(lengths):
        left = place * STEP
        shares = left + np.arange(career + 1) / career
        ax.plot(shares, _curve(independent[place], career), color=DARK, linewidth=0.9)
        for reps, (colour, line, marker) in REPS.items():
            values, errors = (each[place] for each in known[reps])
            curve = _curve(values, career)
            spread = WHISKERS * np.append(0.0, errors[:career])
            ax.fill_between(
                shares, curve - spread, curve + spread, color=colour, alpha=0.2, linewidth=0
            )
            ax.plot(
                shares, curve, linestyle=line, color=colour, marker=marker, markersize=3.5, lw=1.8
            )
        _say_often(ax, left, career, {reps: known[reps][0][place] for reps in REPS})
        ticks += [(left + count / career, f"{count}") for count in (0, career // 2, career)]
    ax.set_xticks(*zip(*ticks, strict=True))
    ax.set_xlim(-0.04, STEP * (len(lengths) - 1) + 1.04)
    ax.set_ylim(0, 1.34)
    ax.set_yticks(np.linspace(0, 1, 5))
    percent_axis(ax.yaxis)
    ax.set_ylabel("reps who make it so often")
    note = made_with(luck.attrs["draws"], (each for reps in REPS for each in known[reps][1].flat))
    skill = str(luck.attrs["skill_from"])
    assumed = f"{DIFFERENT}: {skill}\n" if skill.startswith("assumed") else ""
    ax.set_xlabel(
        "quarters that make quota, at least\n"
        f"{assumed}thin line: if a rep's quarters had nothing in common\n({note})"
    )
    own = known[str(luck.attrs["plan_reps"])][0]
    often = [_often(career) for career in lengths]
    said = [
        f"{count} of {career}: {hundred(float(own[place, count - 1]))} of 100"
        for place, (count, career) in enumerate(zip(often, lengths, strict=True))
    ]
    return finished(ax, f"Making quota in at least {said[0]} reps,\n{', '.join(said[1:])}")


def _curve(at_least: Floats, career: int) -> Floats:
    """Return P(at least 0, 1, ... all quarters of a career)."""
    return np.append(1.0, at_least[:career])


def _often(career: int) -> int:
    return math.ceil(OFTEN * career)


def _say_often(ax: Axes, left: float, career: int, at_least: dict[str, Floats]) -> None:
    """Write over the curves how many of 100 reps make it often, and mark where."""
    often = _often(career)
    middle = left + 0.5
    ax.text(middle, 1.25, f"{often} of {career}", ha="center", color=INK, fontweight="bold")
    for row, (reps, values) in enumerate(at_least.items()):
        colour, _, marker = REPS[reps]
        value = float(values[often - 1])
        ax.plot(left + often / career, value, marker, color=colour, markersize=8)
        ax.text(
            middle,
            1.165 - 0.075 * row,
            f"{reps}: {hundred(value)} of 100",
            ha="center",
            color=colour,
            fontsize=SMALL,
            fontweight="bold",
        )


def equal_mean(luck: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how often each way to the same mean bookings makes quotas below and above that mean.

    Parameters
    ----------
    luck : xarray.Dataset
        As :func:`funnelsim.luck` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ResultError
        Where mean bookings, or every way to them, are not known.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.luck(fs.preset("sales_math"), draws=200, seed=1)
    >>> equal_mean(told).get_title().startswith("Equal mean: repetition")
    True
    """
    made, errors = estimate(luck, "way_attainment_probability")
    ax = ax or new_axes()
    ratios = luck["quota_ratio"].values.astype(float)
    own = float(luck.attrs["own_quota_ratio"])
    curves = {
        str(way): (made[place], errors[place])
        for place, way in enumerate(luck["way"].values)
        if np.isfinite(made[place]).all()
    }
    names = {way: way for way in curves}
    for way in GAMBLERS:  # a plan that gambles in one way only is that way itself
        if {AS_STATED, way} <= curves.keys() and (curves[AS_STATED][0] == curves[way][0]).all():
            names[way] = f"{way} (as stated)"
            del curves[AS_STATED]
    ahead = {way: ratio for way, ratio in ahead_from(luck).items() if way in curves}
    first = min(ahead, key=ahead.__getitem__) if ahead else ""
    if ahead:
        ax.axvspan(ahead[first], ratios[-1], color=PALE, linewidth=0)
    for way, (values, error) in curves.items():
        colour, line, width = WAYS[way]
        spread = WHISKERS * error
        ax.fill_between(
            ratios, values - spread, values + spread, color=colour, alpha=0.2, linewidth=0
        )
        ax.plot(ratios, values, linestyle=line, color=colour, linewidth=width)
    ends = [float(values[-1]) for values, _ in curves.values()]
    for way, end, height in zip(curves, ends, apart(ends, 0.07, 0.03, 1.0), strict=True):
        ax.annotate(
            names[way],
            (ratios[-1], end),
            (1.025, height),
            textcoords=ax.get_yaxis_transform(),
            va="center",
            color=WAYS[way][0],
            fontweight="bold",
            arrowprops={
                "arrowstyle": "-",
                "color": WAYS[way][0],
                "linewidth": 0.8,
                "relpos": (0.0, 0.5),  # from the label's left edge
            },
        )
    ax.plot([own, own], [0, 1.0], color=INK, linewidth=1.2, linestyle=":")
    ax.text(own, 1.015, "this plan's quota", ha="center", va="bottom", color=INK, fontsize=SMALL)
    if ahead:
        middle = (max(ahead[first], own) + ratios[-1]) / 2
        ax.text(middle, 0.94, f"{first} ahead\nof repetition",
                ha="center", va="top", color=DARK, fontsize=SMALL)  # fmt: skip
    ax.set_xlim(ratios[0], ratios[-1])
    ax.set_ylim(0, 1.08)
    ax.set_yticks(np.linspace(0, 1, 5))
    percent_axis(ax.yaxis)
    ax.set_ylabel("quarters that make quota")
    known = [error for _, each in curves.values() for error in each]
    ax.set_xlabel(
        "quota, in times the mean bookings that all have in common"
        f"\n({made_with(luck.attrs['draws'], known)})"
    )
    at_own = {way: float(np.interp(own, ratios, values)) for way, (values, _) in curves.items()}
    return finished(ax, _ways_message(at_own, ahead, first, ratios[-1]))


def _ways_message(made: dict[str, float], ahead: dict[str, float], first: str, last: float) -> str:
    """Return who makes the plan's own quota more often, and from where on luck is ahead."""
    gamblers = [way for way in GAMBLERS if way in made]
    told = [REPETITION] if REPETITION in made else []
    if gamblers:
        base = made.get(REPETITION, 0.0)
        told.append(max(gamblers, key=lambda way: abs(made[way] - base)))
    odds = ", ".join(
        f"{way} {hundred(made[way])}{'' if place else ' of 100'}" for place, way in enumerate(told)
    )
    message = f"Equal mean: {odds}"
    if ahead:
        return f"{message}.\nQuotas from {ahead[first]:.2g} times the mean on: {first} lead"
    if REPETITION in made and gamblers:
        return f"{message}.\nNo gambler clearly leads up to {last:g} times the mean"
    return message
