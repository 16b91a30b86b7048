"""A comparison on one screen: what each plan gives, what is best, and how sure that is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from funnelsim.registry import BESIDE_EXACT, STANDARD_ERROR
from funnelsim.report.numbers import plain, scale_of
from funnelsim.report.screen import Line, Screen, detail
from funnelsim.report.text import APART, table
from funnelsim.report.told import INDENT, Exact, Number, Told, filled, shortened

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.scenario.model import Scenario

KNOWN = 0.95  # probability of being best from which the screen says so
NAME = 20  # letters of a scenario in a sentence
MOST_NAMES = 4  # of plans that are equally good
MOST_CHANGES = 6  # of a scenario that are listed
MADE = "attainment_probability"
FAR = 5.0  # standard errors between draws and what is exact: no chance
WHY = {
    "best known": "Stopped because the best is known with a probability of {confidence:g}",
    "precision reached": "Stopped because differences are known to {precision:g}",
    "most_draws reached: not told apart": "Stopped at the most draws allowed: not told apart",
    "most_draws reached: not as precise as wanted": (
        "Stopped at the most draws allowed: differences are not known to {precision:g}"
    ),
    "all plans are alike: none is best": "Stopped because no number of these plans can differ",
}
BEATS = (
    "beats it: P(more bookings over the horizon in the same world) + P(as many) / 2; it depends on "
    "which luck the two share. x draws: how many times as many draws the difference would take "
    "without shared luck."
)


def compare_text(plans: Mapping[str, Scenario], result: xr.Dataset) -> Screen:
    """Return one screen about which plan is better, by how much, and how sure that is.

    Its first line says what is exact and what is simulated.

    Parameters
    ----------
    plans : mapping of str to Scenario
        What was compared, by name.
    result : xarray.Dataset
        What :func:`funnelsim.compare` says of it.
    """
    told = Told(result)
    names = list(plans)
    drawn = "draws" in result.attrs
    same_luck = drawn and len(names) > 1
    standing = _standing(told, names) if same_luck else []
    blocks: list[list[Line]] = [
        list(_values(told, plans)),
        list(detail("who beats whom on the same luck", standing)),
        list(detail("what each plan changes", changes_said(told, names))),
        [
            *_why(told),
            *_check_said(result),
            *detail("what words mean", filled(BEATS) if same_luck else []),
            *detail("what is not exact", _not_covered(told)),
            *told.left_out(),
        ],
    ]
    return Screen(_heading(told, names), filled(f"{_best_said(told, names)}."), blocks)


def _heading(told: Told, names: list[str]) -> list[str]:
    attrs = told.result.attrs
    if "draws" not in attrs:
        return filled(f"{attrs['title']}: computed exactly, without noise")
    shared = " on shared luck" if len(names) > 1 else ""
    made = f"{attrs['draws']:,} draws{shared}, seed {attrs['seed']}; ±: standard error"
    if attrs["method"] == "mixed":
        luck = " and all that is on the same luck" if len(names) > 1 else ""
        made = f"exact, but for numbers with ±{luck}: {made.replace(shared, '')}"
    return filled(f"{attrs['title']}: {made}")


def _made(told: Told, name: str) -> Number:
    return told.get(MADE, scenario=name)


def _change(told: Told, name: str) -> Number:
    return told.get(f"{MADE}_difference", scenario=name)


def _known(told: Told) -> bool:
    """Return whether P(attain) is exact, and with it which plan is the best."""
    return f"{MADE}{STANDARD_ERROR}" not in told.result


def _best_said(told: Told, names: list[str]) -> str:
    """Say which makes quota most often: exactly, or as far as the draws can tell."""
    first = names[0]
    if len(names) == 1:
        return f"Of 100 quarters {100 * _made(told, first).value:.0f} make quota"
    chance = {name: told.get("best_probability", scenario=name) for name in names}
    order = sorted(names, key=lambda name: (-chance[name].value, -_made(told, name).value))
    best, second = order[:2]
    said = shortened(best, NAME)
    often = f"{100 * _made(told, best).value:.0f} of 100 quarters"
    equal = _equals(told, names, best, chance)
    if len(names) > len(equal) > 1 and sum(chance[name].value for name in equal) >= KNOWN:
        return _equals_said(told, equal, first, often)
    if chance[best].value < KNOWN:
        close = [name for name in order if chance[name].value > 1 - KNOWN]
        if _alike(told, names):
            return f"Nothing tells these plans apart: each makes quota in {often}"
        listed = ", ".join(f"{shortened(n, NAME)} {_sure(chance[n])}" for n in close)
        return f"Which is best is not known yet: {listed}. More draws would tell"
    sure = "" if _known(told) else f"; best with a probability of {_sure(chance[best])}"
    gap = _change(told, best)
    if best == first:
        behind = _change(told, second)
        size = type(behind)(-behind.value, behind.error).points.removeprefix("+")
        return (
            f"No plan makes quota more often than {said}: {often}, {size} more than "
            f"{shortened(second, NAME)}{sure}"
        )
    return (
        f"The best is {said}: it makes quota in {often}, {gap.points} against "
        f"{shortened(first, NAME)}{sure}"
    )


def _equals(told: Told, names: list[str], best: str, chance: Mapping[str, Number]) -> list[str]:
    """Return the plans that are as good as the best, because nothing tells them apart."""
    if _known(told):
        return [name for name in names if chance[name].value > 0]
    return [name for name in names if _equal(told, best, name)]


def _equals_said(told: Told, equal: list[str], first: str, often: str) -> str:
    """Say which plans are the best, where these are one plan under several names."""
    listed = [shortened(name, NAME) for name in equal[:MOST_NAMES]]
    if len(equal) > MOST_NAMES:
        listed.append(f"{len(equal) - MOST_NAMES} more")
    said = f"{', '.join(listed[:-1])} and {listed[-1]}"
    if first in equal:
        return f"No plan makes quota more often than {said}, equally good: each in {often}"
    gap = f"{_change(told, equal[0]).points} against {shortened(first, NAME)}"
    return f"The best are {said}, equally good: each makes quota in {often}, {gap}"


def _equal(told: Told, name: str, other: str) -> bool:
    """Return whether two plans are the same: they differ from the first in the same way."""
    changes: dict[str, list[dict[str, Any]]] = json.loads(told.result.attrs["changes"])
    mine, others = (
        [each for each in changes[plan] if not each["path"].startswith("kpis.")]
        for plan in (name, other)
    )
    return mine == others and _change(told, name) == _change(told, other)


def _alike(told: Told, names: list[str]) -> bool:
    changes = [_change(told, name) for name in names]
    if _known(told):
        return all(abs(each.value) <= each.error for each in changes)
    return all(each.value == each.error == 0 for each in changes)


def _sure(chance: Number) -> str:
    """Return a probability to be best; draws never make it certain."""
    if chance.value > 0.9995:
        return "> 99.9 %"
    return f"{100 * chance.value:.1f} %" if chance.value >= 0.0005 else "< 0.1 %"


def _values(told: Told, plans: Mapping[str, Scenario]) -> list[str]:
    """Return what each plan gives."""
    plan = next(iter(plans.values()))
    quarters = plan.calendar.quarters
    means = [told.get("bookings_mean", scenario=name) for name in plans]
    size, letter = scale_of(max(abs(each.value) for each in means))
    unit = f"{plan.currency} {letter}".rstrip()
    count = math.ceil(0.75 * quarters)
    head = ["%", "quota made", "difference"]
    head += [f">= {count} of {quarters}"] if quarters > 1 else []
    rows = [[*head, f"mean, {unit}", "9 of 10 bring"]]
    for name, mean in zip(plans, means, strict=True):
        gap = _change(told, name)
        row = [name, _made(told, name).of_100, _signed(gap) if name != next(iter(plans)) else "-"]
        if quarters > 1:
            row.append(told.get("at_least_probability", scenario=name, at_least=count).of_100)
        low = told.get("bookings_quantile", scenario=name, probability=0.1)
        rows.append([*row, _cell(mean.over(size)), _cell(low.over(size))])
    return table(rows)


def _cell(number: Number) -> str:
    exact = isinstance(number, Exact) and number.known
    return f"{number.value:,.2f}" if exact else number.tight


def _signed(number: Number) -> str:
    return f"+{number.of_100}" if number.value > 0 else number.of_100


def _standing(told: Told, names: list[str]) -> list[str]:
    """Return what only the same luck tells, and the difference that it told."""
    known = _known(told)
    head = ["difference, %", "apart"] if known else ["best, %"]
    rows = [["on the same luck", *head, "beats it, %", "x draws"]]
    for name in names:
        first = name == names[0]
        wins = told.get("beats_probability", scenario=name, other=names[0])
        gain = Number(math.nan, math.nan) if first else told.get("gain", scenario=name)
        saved = plain(float(f"{gain.value:.3g}")) if gain.known else "-"
        if known:
            drawn = told.get(f"{BESIDE_EXACT}{MADE}_difference", scenario=name)
            off = abs(drawn.value - _change(told, name).value)
            cells = [_signed(drawn), f"{off / drawn.error:.1f}" if drawn.error > 0 else "-"]
        else:
            cells = [_sure(told.get("best_probability", scenario=name)).removesuffix(" %")]
        rows.append([name, *(["-"] * 2 if known and first else cells)])
        rows[-1] += ["-" if first else wins.of_100, saved]
    return table(rows)


def changes_said(told: Told, names: list[str]) -> Iterator[str]:
    """Yield what each plan changes of the first."""
    changes: dict[str, list[dict[str, Any]]] = json.loads(told.result.attrs["changes"])
    for name in names[1:]:
        own = changes[name]
        said = [
            f"{each['path']} {_value(each['from'])} -> {_value(each['to'])}"
            for each in own[:MOST_CHANGES]
        ]
        more = len(own) - MOST_CHANGES
        said += [f"and {more} more"] if more > 0 else []
        yield from filled(
            f"{shortened(name, NAME)}: {', '.join(said) or 'changes nothing'}", INDENT
        )


def _value(value: object) -> str:
    """Return a value of a file in few letters."""
    if value is None:
        return "none"
    if isinstance(value, list) and value and isinstance(value[0], dict) and "week" in value[0]:
        hires = ", ".join(f"{each.get('reps', 1)} in week {each['week']}" for each in value)
        return shortened(f"({hires})", 2 * NAME)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return shortened(str(value), 2 * NAME)
    return plain(float(value))


def _why(told: Told) -> list[str]:
    attrs = told.result.attrs
    if "draws" not in attrs and {"precision", "confidence"} & set(attrs):
        return ["Nothing was drawn: P(attain) is known exactly."]
    why = WHY.get(str(attrs["stopped"]))
    if why is None:
        return []
    said = why.format(
        confidence=attrs.get("confidence", math.nan), precision=attrs.get("precision", math.nan)
    )
    return filled(f"{said}, after {attrs['draws']:,} draws.")


def _check_said(result: xr.Dataset) -> list[Line]:
    """Say how far the draws are from what is exact, in standard errors, at most.

    That is detail, unless it is farther than chance explains.
    """
    apart: list[float] = []
    for name in map(str, result.data_vars):
        error = result.get(name + STANDARD_ERROR)
        if not name.startswith(BESIDE_EXACT) or error is None:
            continue
        off = abs(result[name] - result[name.removeprefix(BESIDE_EXACT)]).values
        known = error.values > 0  # of nothing but equal draws there is no error
        apart += (off[known] / error.values[known]).tolist()
    if not apart:
        return []
    said = filled(
        f"Check: of {len(apart):,} numbers that are exact here, what the draws say is at most "
        f"{max(apart):.1f} standard errors away. {APART}"
    )
    return list(said if max(apart) > FAR else detail("how draws agree with exact values", said))


def _not_covered(told: Told) -> list[str]:
    """Say why something is simulated that could have been exact."""
    reason = str(told.result.attrs.get("not_covered", "")).rstrip(".")
    return filled(f"Not exact: {reason}.") if reason else []
