"""What a seat returns, what commission may cost, and plans side by side in money."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.errors import ArgumentError, ResultError
from funnelsim.report.numbers import short_money
from funnelsim.report.plots.answers import Floats
from funnelsim.report.plots.style import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    HATCH,
    INK,
    PALE,
    SKY,
    SMALL,
    VERMILION,
    apart,
    finished,
    hundred,
    made_with,
    money_axis,
    new_axes,
    shortened,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

LOOKS = ((BLUE, "-", ""), (VERMILION, "--", HATCH), (GREEN, "-.", ""), (DARK, ":", ""),
         (SKY, "-", ""))  # fmt: skip
LONGEST = 22  # characters of a name
MOST_BANDS = 2  # plans whose spread is drawn: more would hide each other


def payback(
    told: xr.Dataset,
    *,
    segment: str | None = None,
    addition: str = "rep",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw what one more seat has earned less what it has cost, since its hire.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.economics` returns it.
    segment : str, optional
        The first by default.
    addition : {"rep", "SDR"}
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ArgumentError
        Where the segment cannot have one more of that.
    ResultError
        Where the result does not tell.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math").replace({"pay": {"ote": 165_000}})
    >>> told = fs.economics(plan, draws=2_000, seed=1)
    >>> payback(told).get_title()[:39]
    'One more rep has paid after 7 months\nin'
    """
    segments = [str(each) for each in _known(told, "addition_net_mean")["segment"].values]
    place = {"segment": segment or segments[0], "addition": addition}
    if place["segment"] not in segments or addition not in told["addition"].values:
        raise ArgumentError(f"segment = {segment!r}, addition = {addition!r}: not in the result.")
    low, middle, high = _quantiles(told, "addition_net_quantile", place)
    mean = _values(told, "addition_net_mean", place)
    if np.isnan(mean).all():
        raise ArgumentError(f"{place['segment']} cannot have one more {addition}.")
    back = _quantiles(told, "payback_quantile", place)
    shown = _months_shown(told, back[1])
    months = np.concatenate([[0.0], told["month"].values[:shown].astype(float)])
    low, middle, high, mean = (
        np.concatenate([[0.0], each[:shown]]) for each in (low, middle, high, mean)
    )
    ax = ax or new_axes()
    ax.axhline(0, color=DARK, linewidth=1)
    ax.fill_between(months, low, high, color=SKY, alpha=0.35, linewidth=0)
    ax.plot(months, middle, color=BLUE, linewidth=2.4)
    ax.plot(months, mean, color=INK, linewidth=1.2, linestyle=":")
    ends = (
        ("10 of 100 exceed", high, DARK),
        ("half", middle, BLUE),
        ("90 of 100 exceed", low, DARK),
        ("mean", mean, INK),
    )
    _label_ends(ax, months[-1], [(name, float(line[-1]), colour) for name, line, colour in ends])
    if math.isfinite(back[1]):
        ax.plot(back[1], 0, "o", color=BLUE, markersize=9, zorder=4)
        early, _, late = (f"{each:.0f}" if math.isfinite(each) else "later" for each in back)
        ax.annotate(
            f"half have paid after {back[1]:.0f} months,\n10 of 100 after {early}, 90 after {late}",
            (back[1], 0), (0.04, 0.9), textcoords="axes fraction", ha="left", va="top",
            color=BLUE, fontsize=SMALL, fontweight="bold",
            arrowprops={"arrowstyle": "-", "color": BLUE, "lw": 0.8, "shrinkB": 5},
        )  # fmt: skip
    ax.set_xticks(_ticks(int(months[-1])))
    ax.set_xlim(0, months[-1])
    money_axis(ax.yaxis, str(told.attrs["currency"]))
    ax.set_ylabel("margin earned less cost")
    errors = _values(told, "payback_probability_standard_error", place)
    small = made_with(int(told.attrs["draws"]), errors.tolist())
    ax.set_xlabel(f"months since the hire, with nothing open ({small})")
    return finished(ax, _payback_message(told, place, back, middle))


def budget(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the company's commission by period, beside its budget.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.economics` returns it.
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
    >>> plan = fs.preset("sales_math").replace({"pay": {"ote": 165_000}})
    >>> told = fs.economics(plan, draws=2_000, seed=1)
    >>> budget(told).get_title()[:33]
    'Commission exceeds its budget in '
    """
    place = {"segment": "company"}
    low, middle, high = _quantiles(told, "commission_quantile", place)
    by = str(told.attrs["by"])
    mean = _known(told, "cost_mean").sel(place | {"item": "commission"}).values
    limit = _known(told, "commission_budget").values
    exceeded = _known(told, "budget_exceeded_probability").values
    ax = ax or new_axes()
    x = np.arange(len(limit), dtype=float)
    ax.bar(x, high - low, 0.5, bottom=low, color=PALE, edgecolor=GREY)
    ax.hlines(middle, x - 0.25, x + 0.25, color=DARK, linewidth=1.6)
    ax.plot(x, mean, "D", color=BLUE, markersize=6)
    ax.hlines(limit, x - 0.4, x + 0.4, color=VERMILION, linewidth=2.4, linestyle=(0, (4, 1)))
    for k, share in enumerate(exceeded):
        ax.annotate(
            f"{hundred(float(share))} of 100\nexceed", (x[k], high[k]), (0, 4),
            textcoords="offset points", ha="center", va="bottom", color=INK, fontsize=SMALL,
        )  # fmt: skip
    ax.set_xticks(x, [f"{by} {each}" for each in told[by].values])
    ax.set_xlim(-0.6, len(x) - 0.4)
    ax.set_ylim(0, 1.18 * max(float(high.max()), float(limit.max())))
    money_axis(ax.yaxis, str(told.attrs["currency"]))
    ax.set_ylabel("commission of the company")
    errors = _known(told, "budget_exceeded_probability_standard_error").values
    small = made_with(int(told.attrs["draws"]), errors.tolist())
    ax.set_xlabel(
        f"dashes: budget; diamond: mean; bar: 80 of 100 {by}s, with their middle\n({small})"
    )
    often = f"{hundred(float(exceeded.mean()))} of 100 {by}s"
    ratio = float(mean.sum() / limit.sum())
    more = f"{abs(100 * (ratio - 1)):.0f} % {'above' if ratio >= 1 else 'below'} it"
    return finished(ax, f"Commission exceeds its budget in {often};\nits mean is {more}")


def paces(told: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the money of plans since day 0: margin earned less cost, quarter by quarter.

    Parameters
    ----------
    told : xarray.Dataset
        As :func:`funnelsim.contribution` returns it.
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
    >>> plan = fs.preset("sales_math").replace({"pay": {"ote": 165_000}})
    >>> more = plan.replace({"hiring": [{"week": 0}]})
    >>> told = fs.contribution({"alone": plan, "two": more}, draws=2_000, seed=1)
    >>> paces(told).get_title()[:9]
    'two comes'
    """
    means = _known(told, "cash_mean").values
    spread = _known(told, "cash_quantile").values
    names = [str(each) for each in told["scenario"].values]
    quarters = np.concatenate([[0], told["quarter"].values])
    ax = ax or new_axes()
    ax.axhline(0, color=DARK, linewidth=1)
    labels = []
    bands = {0, int(np.argmax(means[:, -1]))} if len(names) > MOST_BANDS else range(len(names))
    for k, name in enumerate(names):
        colour, line, hatch = LOOKS[k % len(LOOKS)]
        path = np.concatenate([[0.0], means[k]])
        if k in bands:
            low, high = (np.concatenate([[0.0], spread[k, :, p]]) for p in (0, -1))
            ax.fill_between(quarters, low, high, facecolor=colour, alpha=0.12, hatch=hatch or None,
                            edgecolor=colour, linewidth=0)  # fmt: skip
        ax.plot(quarters, path, line, color=colour, linewidth=2.4)
        labels.append((shortened(name, LONGEST), float(path[-1]), colour))
    _label_ends(ax, float(quarters[-1]), labels)
    ax.set_xlim(0, quarters[-1])
    ax.set_xticks(_ticks(int(quarters[-1])))
    money_axis(ax.yaxis, str(told.attrs["currency"]))
    ax.set_ylabel("margin earned less cost of selling")
    ax.set_xlabel(
        f"quarters since day 0; lines: means, areas: 80 of 100 ({int(told.attrs['draws']):,} draws)"
    )
    return finished(ax, _paces_message(told, names))


def _payback_message(told: xr.Dataset, place: dict[str, str], back: Floats, middle: Floats) -> str:
    where = place["segment"]
    who = f"One more {place['addition']}" + (f" in {shortened(where, LONGEST)}" * (where != "rep"))
    if not math.isfinite(back[1]):
        last = int(told["month"].values[-1])
        often = hundred(float(_values(told, "payback_probability", place)[-1]))
        return f"{who} has paid within {last} months in {often} of 100 cases"
    dip = short_money(-float(middle.min()), str(told.attrs["currency"]))
    return (
        f"{who} has paid after {back[1]:.0f} months\n"
        f"in half of the cases, and takes {dip} until then"
    )


def _months_shown(told: xr.Dataset, back: float) -> int:
    """Return the quarters that show the dip and what follows it: a year, or half as long again."""
    months = told["month"].values
    if not math.isfinite(back):
        return len(months)
    return int(np.count_nonzero(months <= max(12.0, 3 * math.ceil(1.5 * back / 3))))


def _paces_message(told: xr.Dataset, names: list[str]) -> str:
    total = _known(told, "contribution_total_mean").values
    best, first = int(np.argmax(total)), 0
    currency, length = str(told.attrs["currency"]), len(told["quarter"].values)
    funding = _known(told, "funding_quantile").values[:, -1]
    name = shortened(names[best], LONGEST)
    if best == first:
        return (
            f"{name} comes to the most after {length} quarters: {short_money(total[0], currency)}"
        )
    ahead = hundred(float(told["contribution_ahead_probability"].values[best]))
    return (
        f"{name} comes to {short_money(total[best] - total[first], currency)} more than "
        f"{shortened(names[first], LONGEST)}\nafter {length} quarters, ahead in {ahead} of 100;\n"
        f"funding may take {short_money(funding[best], currency)}, not "
        f"{short_money(funding[first], currency)}"
    )


def _label_ends(ax: Axes, end: float, labels: list[tuple[str, float, str]]) -> None:
    """Name lines at their right end, apart from each other."""
    low, high = ax.get_ylim()
    places = [(value - low) / (high - low) for _, value, _ in labels]
    for (name, value, colour), height in zip(labels, apart(places, 0.05, 0.02, 0.98), strict=True):
        ax.annotate(
            name,
            (end, value),
            (1.03, height),
            textcoords="axes fraction",
            va="center",
            color=colour,
            fontsize=SMALL,
            fontweight="bold",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.8, "relpos": (0.0, 0.5)},
        )
    ax.set_ylim(low, high)


def _ticks(last: int) -> list[int]:
    """Return whole numbers up to the last, a dozen at most, by steps of a calendar."""
    step = next(each for each in (1, 3, 6, 12, 24, 60, 120, 240, 1_200) if last <= 13 * each)
    return list(range(0, last + 1, step))


def _known(told: xr.Dataset, name: str) -> Any:
    """Return an array of the result.

    Raises
    ------
    ResultError
        Where there is none, with the reason that the result gives.
    """
    if name not in told:
        refused = json.loads(getattr(told, "attrs", {}).get("refused", "{}"))
        raise ResultError(refused.get(name, f"The result has no {name}."))
    return told[name]


def _values(told: xr.Dataset, name: str, place: dict[str, str]) -> Floats:
    return np.asarray(_known(told, name).sel(place).values, dtype=np.float64)


def _quantiles(told: xr.Dataset, name: str, place: dict[str, str]) -> Floats:
    """Return p10, p50, p90 along the first axis."""
    return np.moveaxis(_values(told, name, place), -1, 0)
