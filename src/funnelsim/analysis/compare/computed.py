"""What the exact twin says of every plan of a comparison: numbers without noise.

Derived in docs/background/planning.md, "Exact, and on the same luck".
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.chances import Goal, chances, is_laborious
from funnelsim.analysis.tally import QUANTILES, QUARTERS_PER_YEAR
from funnelsim.engine.blocks import Progress
from funnelsim.errors import NotCoveredError
from funnelsim.registry import COMPARED, NUMERICAL_ERROR
from funnelsim.scenario.model import Scenario
from funnelsim.twin.exact import exact
from funnelsim.twin.roots import crossing

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]  # values and numerical errors

MADE, YEAR = "attainment_probability", "year_attainment_probability"
PROMISED = 1e-6  # of the quota: the twin's promise, which quantiles of a mixture keep too
SEARCHED = 1e-9  # of the quota: how near such a quantile is sought
BESIDE = 1e-5  # of the quota: how wide the slope there is taken


@dataclass
class Computed:
    """The metrics that the twin covers of all plans.

    Attributes
    ----------
    metrics : dict of str to (values, errors)
        By name, (plan, ...): of a quarter of the horizon picked at random, or of a year.
    not_covered : dict of str to (int, str)
        By the name of another metric: the first plan that is not covered, and the reason.
    """

    metrics: dict[str, Pair] = field(default_factory=dict)
    not_covered: dict[str, tuple[int, str]] = field(default_factory=dict)


def computed(plans: Sequence[Scenario], progress: Progress | None = None) -> Computed:
    """Return what the twin says of plans, a metric of all of them or of none.

    A difference of a computed number and a simulated one would have all the noise of the second:
    where one plan is not covered, shared luck tells the difference better. Where that is P(attain),
    nothing else is asked: all is simulated.

    Parameters
    ----------
    plans : sequence of Scenario
        Over equally many quarters.
    progress : callable, optional
        Called with (plans done, plans in all).
    """
    found = Computed()
    for place, plan in enumerate(plans):
        _, refused = _asked(lambda plan=plan: exact(plan, only=[MADE]), [MADE])  # type: ignore[misc]
        if refused:
            return Computed(not_covered={MADE: (place, refused[MADE])})
    by_plan: dict[str, list[Pair]] = {}
    for place, plan in enumerate(plans):
        metrics, refused = _of_one(plan)
        for name, why in refused.items():
            found.not_covered.setdefault(name, (place, why))
        for name, pair in metrics.items():
            by_plan.setdefault(name, []).append(pair)
        if progress is not None:
            progress(place + 1, len(plans))
    for name, pairs in by_plan.items():
        if name not in found.not_covered:
            values, errors = zip(*pairs, strict=True)
            found.metrics[name] = np.array(values), np.array(errors)
    return found


def _of_one(plan: Scenario) -> tuple[dict[str, Pair], dict[str, str]]:
    """Return the metrics of a plan, and why others are missing."""
    names = [name for name in COMPARED if name != YEAR]
    quarters, refused = _asked(lambda: exact(plan, only=names), names)
    found: dict[str, Pair] = {}
    for name, pair in quarters.items():
        try:
            found[name] = _of_any_quarter(plan, name, pair, quarters)
        except NotCoveredError as reason:
            refused[name] = str(reason)
    if plan.calendar.quarters >= QUARTERS_PER_YEAR:
        years, reasons = _asked(lambda: exact(plan, by="year", only=[MADE]), [MADE])
        if MADE in years:
            found[YEAR] = _mean(years[MADE])
        else:
            refused[YEAR] = reasons[MADE]
    return found, refused


def _asked(
    question: Callable[[], xr.Dataset], names: Sequence[str]
) -> tuple[dict[str, Pair], dict[str, str]]:
    """Return what the twin answers, by quarter or year, and why it does not answer the rest."""
    try:
        answer = question()
    except NotCoveredError as reason:
        return {}, dict.fromkeys(names, str(reason))
    found = {
        name: (answer[name].values[0], answer[name + NUMERICAL_ERROR].values[0])
        for name in names
        if name in answer
    }
    reasons: dict[str, str] = json.loads(answer.attrs["refused"])
    missing = {name: reasons.get(name, "not covered") for name in names if name not in found}
    return found, missing


def _of_any_quarter(plan: Scenario, name: str, pair: Pair, quarters: Mapping[str, Pair]) -> Pair:
    """Return a metric of a quarter picked at random, given that of each quarter."""
    if name == "at_least_probability":
        return pair  # of all quarters together
    if name == "bookings_quantile":
        return _quantiles(plan, pair)
    if name == "bookings_sd":
        if "bookings_mean" not in quarters:
            raise NotCoveredError("the mean is not covered")
        return _sd(pair, quarters["bookings_mean"])
    return _mean(pair)


def _mean(pair: Pair) -> Pair:
    values, errors = pair
    return values.mean(axis=0), errors.mean(axis=0)


def _sd(pair: Pair, means: Pair) -> Pair:
    """Return the sd of the mixture: the variance within quarters and that between them."""
    (sds, errors), (centres, off) = pair, means
    apart = centres - centres.mean()
    sd = np.sqrt((sds**2 + apart**2).mean())
    wrong = (sds * errors + np.abs(apart) * (off + off.mean())).mean()
    error = wrong / sd if sd > 0 else errors.max()
    return np.asarray(sd), np.asarray(error)


def _quantiles(plan: Scenario, pair: Pair) -> Pair:
    """Return the quantiles of the mixture: those of each quarter where all are alike."""
    values, errors = pair
    found = [
        (column.mean(), error.max() + np.ptp(column))
        if np.ptp(column) <= error.max()
        else _crossed(plan, probability, float(column.min()), float(column.max()))
        for probability, column, error in zip(QUANTILES, values.T, errors.T, strict=True)
    ]
    mixed, its_errors = map(np.array, zip(*found, strict=True))
    return mixed, its_errors


def _crossed(plan: Scenario, probability: float, low: float, high: float) -> tuple[float, float]:
    """Return the amount that a share of all quarters stays below: it is between those of each.

    Raises
    ------
    NotCoveredError
        Where it cannot be told to the promised error.
    """
    if plan.deal_size.rep_cv:
        raise NotCoveredError("over quarters and sizes by rep that differ it would take a minute")
    if is_laborious(plan, Goal()):
        raise NotCoveredError("over quarters that differ it would take a minute in such a plan")
    scale = float(np.mean(plan.quotas))
    least = SEARCHED * scale

    @cache
    def below(x: float) -> tuple[float, float]:
        reached = chances([plan], Goal(amount=x), method="exact")
        return 1 - float(reached.values[0]) - probability, float(reached.errors[0])

    def off(x: float) -> float:
        too_many, error = below(x)
        return 0.0 if abs(too_many) <= error else too_many

    if low < least and off(least) >= 0:
        return 0.0, least  # so many quarters have no deal at all
    beyond = high + 2 * SEARCHED * max(high, scale)  # the step that may be there
    x = crossing(off, max(low, least), beyond, within=least)
    beside = BESIDE * scale
    slope = (below(x + beside)[0] - below(max(x - beside, least))[0]) / (2 * beside)
    error = 2 * below(x)[1] / slope + 2 * SEARCHED * max(x, scale) if slope > 0 else math.inf
    if not error <= PROMISED * max(x, scale):
        raise NotCoveredError(
            f"the numerical error of its p{100 * probability:g} over quarters that differ would "
            f"be {error / scale:.0e} of the quota, above {PROMISED:.0e}"
        )
    digits = -math.ceil(math.log10(error))  # an amount of few deals is a round one
    return round(x, digits), error + 10.0**-digits / 2


def leaders(values: Floats, errors: Floats) -> Floats:
    """Return which plans have the highest value: 1, shared evenly by those that tie.

    Parameters
    ----------
    values, errors : (plan,) float
        Computed; what differs by no more than the numerical errors of both is equal.

    Examples
    --------
    >>> leaders(np.array([0.4, 0.6, 0.6]), np.array([1e-9, 1e-9, 1e-9])).tolist()
    [0.0, 0.5, 0.5]
    """
    leader = int(np.argmax(values))
    first = values[leader] - values <= errors[leader] + errors
    return np.asarray(first / first.sum())


def gap(pair: Pair, places: npt.NDArray[np.int_]) -> Pair:
    """Return differences from the first scenario, ``places`` telling which plan each one is.

    Errors add up; a plan does not differ from itself.
    """
    values, errors = (each[places] for each in pair)
    same = (places == places[0]).reshape(-1, *[1] * (values.ndim - 1))
    return values - values[0], np.where(same, 0.0, errors + errors[0])
