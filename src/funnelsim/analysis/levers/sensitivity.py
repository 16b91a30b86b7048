"""sensitivity(): which lever matters most, alone and together with the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Goal, Method, chances
from funnelsim.analysis.levers.answered import Answered, Pair, labelled
from funnelsim.analysis.levers.interactions import box, check_points
from funnelsim.analysis.levers.levers import (
    STEADY,
    Lever,
    Range,
    bare,
    checked_number,
    ends_around,
    is_finite,
    lever_of,
)
from funnelsim.analysis.levers.stated import default_paths, delays_matter
from funnelsim.analysis.seats import check_one_seat
from funnelsim.engine.blocks import Progress
from funnelsim.errors import ArgumentError, NotCoveredError, Problem, ScenarioError
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Told = dict[str, npt.ArrayLike | Pair]

ATTAIN = Goal()
ENDS = ("low", "high")
POINTS = 64
MOST = 24  # levers whose elasticity is told, if nothing else is said: most of the work goes there
TIES = 9  # decimals
BENDS, SAME = 5.0, 1e-6  # standard errors, and exactly: by what an end must differ to count
FINE = 0.03  # relative step of a derivative: twice it still is within most ranges
DISAGREE = 0.1  # relative difference of two derivatives beyond which there is none
INDICES = ("first_order_index", "total_index", "goal_probability_sd")
NOTHING_VARIES = "P(goal) is the same wherever the levers are"
NO_LOG = "a lever at 0 has no relative change"
NOT_ASKED = "told only of the {} levers that move most; say elasticities= for more"
NO_ROOM = "no plan can state it a little higher or lower"
STEPPED = (
    np.nan,
    np.nan,
    "P(goal) has a step here, as deals of few different sizes make it; see swing",
)
ERRORS_OF_INDICES = (
    "Errors of the indices are those of independent points; these are spread more evenly, so that "
    "the errors are rather too large."
)


def sensitivity(
    plan: Scenario,
    levers: Mapping[str, tuple[float, float]] | None = None,
    *,
    step: float = 0.10,
    goal: Goal = ATTAIN,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    elasticities: int = MOST,
    interactions: bool = False,
    points: int = POINTS,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Tell how much each lever of a plan moves the probability of its goal.

    Parameters
    ----------
    plan : Scenario
    levers : mapping of str to (low, high), optional
        By path. A list, such as quotas by quarter or observed deal sizes, is scaled to these means.
        By default every number that the plan states and that may matter, a ``step`` lower and
        higher, but no higher than it can be: a conversion ends at 1.
    step : float
        Relative, above 0 and below 1.
    goal : Goal
        P(attain) of a quarter by default, the mean over the horizon.
    method : {"auto", "exact", "simulated"}
        "auto": exact if the twin covers the plan wherever its levers are, else simulated on shared
        luck.
    draws, seed : int, optional
        Needed where plans are simulated.
    elasticities : int
        Of how many levers the elasticity is told, those that move most; of the others it is NaN.
        Every lever is moved to both of its ends whatever this says, so that no ranking rests on it.
    interactions : bool
        Also vary all levers together over their ranges, exactly: it takes ``points * (levers + 2)``
        evaluations.
    points : int
        Of the design for interactions, a power of 2.
    threads : int, optional
    progress : callable, optional
        Called with what is done and all there is to do: draws or evaluations, of ends, then of
        elasticities and interactions.

    Returns
    -------
    xarray.Dataset
        Dims (lever, end), the levers sorted by largest swing, ends "low" and "high".
        ``lever_value``, ``lever_range``, ``goal_probability``, ``goal_probability_at``,
        ``goal_probability_change``, ``swing`` from the low to the high end, ``largest_swing``
        among both ends and the plan, ``elasticity`` and, where asked for, ``first_order_index``,
        ``total_index`` and ``goal_probability_sd``; each with its paired error. NaN has its reason
        in the attribute ``refused`` (JSON), by name or by ``name: lever``; ``notes`` (JSON) say
        what else to know.

    Raises
    ------
    ScenarioError
        With all problems of paths and ranges.
    ArgumentError
        Where an argument is out of range, or draws and seed are needed and missing.
    NotCoveredError
        Where only the twin could answer, and does not.

    Notes
    -----
    The elasticity, d ln P / d ln x, is the derivative of the polynomial through ln P at two steps
    of 3 % to either side, or to one where the other cannot be; derived in
    docs/background/planning.md. Its numerical error is its distance from that through one step. The
    indices are Sobol's, of P as a function of independent levers, uniform on their ranges: of the
    share of its variance that goes with a lever alone (first order), and of what would remain if
    all others were known (total); what total exceeds first order by is interaction.

    Where both ends help, or both hurt, the swing from end to end says little: the largest swing is
    then that from the plan to the end that differs most.

    References
    ----------
    Saltelli et al., Global Sensitivity Analysis: The Primer, 2008, chapter 4; Jansen 1999, Computer
    Physics Communications 117, 35-43.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = sensitivity(fs.preset("sales_math"))
    >>> told.swing.sel(lever="stages.won.conversion").item() > 0.1
    True
    """
    check_one_seat(plan)
    checked_number("step", step, 0, 1)
    check_points(points)
    if interactions and method == "simulated":
        raise ArgumentError("interactions: are known exactly or not at all. Say method='auto'.")
    own = bare(plan)
    ranges = _ranges(own, levers, step, goal)
    design = box(ranges, points) if interactions else None
    everywhere = design.plans(own) if design else []  # what is wrong with one comes before any work
    ends = [each.lever.at(end) for each in ranges for end in (each.low, each.high)]

    def asked(others: Sequence[Scenario], method: Method) -> Answered:
        plans = [own, *others]
        found = chances(
            plans, goal, method=method, draws=draws, seed=seed, threads=threads, progress=progress
        )
        return Answered(plans, found, draws, seed)

    answered = asked(ends, method)
    by: Method = "exact" if answered.found.estimate is None else "simulated"  # throughout
    refused: dict[str, str] = {}
    numbers, swings = _alone(answered, ranges)
    order = np.argsort(-_largest(numbers), kind="stable")  # equal ones stay in the funnel's order
    numbers["elasticity"] = _elasticities(
        lambda others: asked(others, by), ranges, order[:elasticities].tolist(), refused
    )
    if design:
        values = _everywhere(everywhere, goal, progress).reshape(-1, points)
        indices = design.shares_of_variance(values, float(answered.found.values[0]), swings)
        numbers |= indices
        if np.isnan(indices["total_index"][0]).any():
            refused |= dict.fromkeys(INDICES[:2], NOTHING_VARIES)
    told = labelled(
        plan,
        numbers,
        {"lever": [each.lever.path for each in ranges], "end": list(ENDS)},
        answered.attrs(plan, goal)
        | {"notes": json.dumps(_notes(own, ranges, interactions) | _bends(numbers, ranges))},
        refused,
        sampled=INDICES,
    )
    return told.isel(lever=order)


def _ranges(
    plan: Scenario, stated: Mapping[str, tuple[float, float]] | None, step: float, goal: Goal
) -> list[Range]:
    """Return how far each lever is moved; refuse with all problems at once."""
    if stated is None:
        return [_around(lever_of(plan, path), step) for path in default_paths(plan, goal)]
    if not stated:
        raise ArgumentError("levers: name at least one, or leave them out for all that may matter.")
    ranges: list[Range] = []
    problems: list[Problem] = []
    for path, ends in stated.items():
        try:
            lever = lever_of(plan, path)
        except ScenarioError as error:
            problems += error.problems
            continue
        pair = np.ravel(np.asarray(ends, dtype=object)).tolist()
        if len(pair) != 2 or not all(map(is_finite, pair)) or not pair[0] < pair[1]:
            rule = "must be a pair of numbers, the lower one first"
            problems.append(Problem(path, str(ends), rule, "Such as (0.25, 0.40)."))
            continue
        for end in pair:
            try:
                lever.at(end)
            except ScenarioError as error:
                problems += error.problems
        ranges.append(Range(lever, float(pair[0]), float(pair[1])))
    if problems:
        raise ScenarioError(problems, "levers")
    return ranges


def _around(lever: Lever, step: float) -> Range:
    """Return the range around what the plan states, no wider than the plan can state."""
    return Range(lever, *ends_around(lever.value, step, lever.can_be, whole=lever.whole))


def _offsets(lever: Lever) -> list[float]:
    """Return at which ln(x / value) a derivative is taken: both sides, or the one that can be."""
    if lever.value <= 0:
        return []
    step = max(1, round(FINE * lever.value)) / lever.value if lever.whole else 0.0
    sides = []
    for sign in (-1, 1):
        if lever.whole:
            own = [1 + sign * step, 1 + 2 * sign * step]
            own = [float(np.log(each)) if each > 0 else -np.inf for each in own]
        else:
            own = [sign * FINE, 2 * sign * FINE]
        if all(each > -np.inf and lever.can_be(_stepped(lever, each)) for each in own):
            sides.append(own)
    return [each for own in sides for each in own]


def _stepped(lever: Lever, offset: float) -> float:
    value = lever.value * float(np.exp(offset))
    return round(value) if lever.whole else value


def _alone(answered: Answered, ranges: Sequence[Range]) -> tuple[Told, Floats]:
    """Return what each lever does alone, low and high, and the swings.

    The plans at the ends follow that of the plan itself.
    """
    found, count = answered.found, len(ranges)
    ends = np.arange(1, 1 + 2 * count).reshape(count, 2)
    changes = [[answered.change(int(end), 0) for end in pair] for pair in ends]
    swings = [answered.change(int(high), int(low)) for low, high in ends]
    largest = [
        max((abs(value), error) for value, error in (swing, *pair))
        for swing, pair in zip(swings, changes, strict=True)
    ]
    told: Told = {
        "goal_probability": (found.values[0], found.errors[0]),
        "lever_value": np.array([each.lever.value for each in ranges]),
        "lever_range": np.array([[each.low, each.high] for each in ranges]),
        "goal_probability_at": (found.values[ends], found.errors[ends]),
        "goal_probability_change": _pair(changes),
        "swing": _pair(swings),
        "largest_swing": _pair(largest),
    }
    return told, _pair(swings)[0]


def _pair(pairs: Sequence[object]) -> Pair:
    both = np.array(pairs, dtype=np.float64)
    return both[..., 0], both[..., 1]


def _largest(numbers: Told) -> Floats:
    """Return the largest swings, as they are told apart."""
    largest: Any = numbers["largest_swing"]
    return np.asarray(largest[0], dtype=np.float64).round(TIES)


def _elasticities(
    asked: Callable[[Sequence[Scenario]], Answered],
    ranges: Sequence[Range],
    chosen: Collection[int],
    refused: dict[str, str],
) -> Pair:
    """Return d ln P / d ln x of each lever, as far as it was chosen."""
    pairs = np.full((len(ranges), 2), np.nan)
    levers = [each.lever for each in ranges]
    offsets = {place: _offsets(levers[place]) for place in chosen}
    rest = [lever.path for place, lever in enumerate(levers) if place not in chosen]
    refused |= {f"elasticity: {path}": NOT_ASKED.format(len(chosen)) for path in rest}
    beside = [
        levers[place].at(_stepped(levers[place], offset))
        for place, apart in offsets.items()
        for offset in apart
    ]
    try:
        answered = asked(beside)
    except NotCoveredError as reason:  # it covers the plan at the ends of all levers
        refused["elasticity"] = str(reason)
        return pairs[:, 0], pairs[:, 1]
    first = 1
    for place, apart in offsets.items():
        places = [0, *range(first, first + len(apart))]
        first += len(apart)
        value, error, why = _elasticity(answered, [0.0, *apart], places, levers[place])
        pairs[place] = value, error
        if why:
            refused[f"elasticity: {levers[place].path}"] = why
    return pairs[:, 0], pairs[:, 1]


def _elasticity(
    answered: Answered, offsets: Sequence[float], places: Sequence[int], lever: Lever
) -> tuple[float, float, str]:
    """Return an elasticity, its error and, where it is NaN, why."""
    if lever.idle:
        return 0.0, 0.0, ""
    if len(offsets) == 1:
        reason = NO_LOG if lever.value <= 0 else NO_ROOM
        return np.nan, np.nan, reason
    if not (answered.found.values[list(places)] > 0).all():
        return np.nan, np.nan, "P(goal) is 0"
    fine, coarse = slopes_of(offsets), np.zeros(len(offsets))
    inner = [k for k in range(len(offsets)) if k % 2 or not k]  # 0 and the first step of each side
    coarse[inner] = slopes_of([offsets[k] for k in inner])
    value, error = answered.log_sum(places, fine)
    apart, apart_error = answered.log_sum(places, fine - coarse)
    if answered.found.estimate is None:
        return (value, error + abs(apart), "") if abs(apart) <= _tolerated(value) else STEPPED
    if abs(apart) > _tolerated(value) + 5 * apart_error:
        return STEPPED
    return value, error, ""


def _tolerated(elasticity: float) -> float:
    return DISAGREE * max(1.0, abs(elasticity))


def slopes_of(offsets: Sequence[float]) -> Floats:
    """Return the weights by which values at some points give the derivative of a function at 0.

    Those of the polynomial through them.

    Examples
    --------
    >>> slopes_of([0.0, -1.0, 1.0]).tolist()
    [0.0, -0.5, 0.5]
    """
    scale = max(map(abs, offsets))
    points = np.array(offsets) / scale
    first = np.zeros(points.size)
    first[1] = 1.0
    weights = np.linalg.solve(np.vander(points, increasing=True).T, first)
    return np.asarray(weights / scale + 0.0, dtype=np.float64)


def _everywhere(plans: Sequence[Scenario], goal: Goal, progress: Progress | None) -> Floats:
    """Return the exact P(goal) of many plans, telling how many are done."""
    values = np.empty(len(plans))
    for index, plan in enumerate(plans):
        try:
            values[index] = chances([plan], goal, method="exact").values[0]
        except NotCoveredError as error:
            raise NotCoveredError(
                f"interactions: take the exact twin. It does not cover this plan: {error}. Leave "
                "interactions out."
            ) from None
        if progress is not None:
            progress(index + 1, len(plans))
    return values


def _bends(numbers: Told, ranges: Sequence[Range]) -> dict[str, str]:
    """Return of which levers both ends help, or both hurt: their largest swing is from the plan."""
    changes: Any = numbers["goal_probability_change"]
    values, errors = (np.asarray(part) for part in changes)
    notes = {}
    for each, (low, high), error in zip(ranges, values, errors, strict=True):
        if low * high > 0 and np.all(np.abs([low, high]) > np.maximum(BENDS * error, SAME)):
            way = "less" if low < 0 else "more"
            notes[each.lever.path] = (
                f"both ends make the goal {way} likely than the plan, by {100 * abs(low):.2f} and "
                f"{100 * abs(high):.2f} points"
            )
    return notes


def _notes(plan: Scenario, ranges: Sequence[Range], interactions: bool) -> dict[str, str]:
    """Return what else to know, by lever or subject."""
    notes = {each.lever.path: each.note for each in ranges if each.note}
    if not delays_matter(plan) and any(stage.days for stage in plan.stages):
        notes["days"] = STEADY
    return notes | ({"interactions": ERRORS_OF_INDICES} if interactions else {})
