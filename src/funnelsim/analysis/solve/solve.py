"""What it takes: the value of a lever at which a goal is reached with a stated probability."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import METHODS, Chances, Goal, Method, chances, is_laborious
from funnelsim.analysis.levers.answered import Pair, labelled
from funnelsim.analysis.levers.levers import STEADY, checked_number
from funnelsim.analysis.progress import running
from funnelsim.analysis.seats import check_one_seat
from funnelsim.analysis.solve.search import CHANCES, FINELY, Curve, Found, search, slope_at
from funnelsim.analysis.solve.span import Span, span_of
from funnelsim.engine.blocks import Progress
from funnelsim.engine.simulate import STREAM_VERSION, provenance
from funnelsim.errors import ArgumentError, NotCoveredError
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

QUARTERS = "calendar.quarters"  # the horizon as a lever need not suit the goal in the plan itself
DEVIATIONS = 1.959964  # of a 95 % interval
LEVERS = ("activity.per_week", "stages.won.conversion", "quota.per_quarter")  # to name some
AMOUNTS = ("quota.per_quarter", "mean", "minimum", "amounts")  # ends of paths that hold money
OFTEN = 5.0  # draws that reach the goal, and that miss it, below which no interval is trusted


def solve(
    plan: Scenario,
    path: str,
    *,
    attain: float,
    at_least: int | None = None,
    amount: float | None = None,
    by: Literal["quarter", "year"] = "quarter",
    within: Sequence[float] | None = None,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Return the value of a lever at which a goal is reached with a probability.

    Whether more of the lever helps or hurts is found out; the answer is the least help that is
    enough: the fewest activities, the longest delay, the largest quota. Of a lever that takes whole
    numbers only, it is one.

    Parameters
    ----------
    plan : Scenario
    path : str
        Of a number: ``activity.per_quarter``, ``stages.won.conversion``, ``quota.per_quarter`` ...;
        a list, such as quotas by quarter, is scaled, and its mean stands for it. Also of a number
        that the plan leaves out, such as ``policy.floor_per_week``. Of ``calendar.quarters``, the
        horizon, no fewer are looked at than the goal takes.
    attain : float
        The probability, above 0 and below 1.
    at_least, amount, by
        The goal, see :class:`Goal`: P(attain) of a quarter by default, the mean over the horizon.
    within : (float, float), optional
        Where to look; by default wherever the plan may state the lever.
    method : {"auto", "exact", "simulated"}
        "auto": exact if the twin covers the plan, else simulated, all values on the same luck. So
        it is where draws and seed are given and the twin would take most of a minute, and longer
        than the draws.
    draws, seed : int, optional
        Needed to simulate.
    threads : int, optional
    progress : callable, optional
        Called with the draws done and those known to be needed; each step of the search adds some.

    Returns
    -------
    xarray.Dataset
        ``solved_value`` (NaN where no value is enough), its error and its 95 %
        ``solved_interval``; ``solved_probability``, P(goal) there; ``most_value`` and
        ``most_probability``, the best that was seen; ``curve_probability`` by ``tried``, all that
        was evaluated. Attributes: ``outcome`` ("found", "out of reach", "reached anyway", "no
        effect"), the same in words (``told``), and the plan ``solved`` as TOML.

    Raises
    ------
    ScenarioError
        Where no number can stand at the path, or an end of ``within`` cannot.
    ArgumentError
        Where an argument is out of range, draws and seed are needed and missing, the path is that
        of the horizon and the goal no number of quarters, or P(goal) both rises and falls with the
        lever, as far as was looked; the message then holds the curve.
    NotCoveredError
        Where exact answers are asked for and the twin does not cover the plan.

    Notes
    -----
    Whether P(goal) only rises, or only falls, is looked at in some 40 places where it is exact,
    in some 20 where it is simulated: a bump narrower than the gaps between them goes unseen.
    ``within`` looks more closely at a part.

    Simulated chances are a step function of the lever, as all values see the same draws, and its
    crossing is found to 1e-5 of the value. The standard error of the value is that of the chance
    over the slope, which is a paired difference (delta method). Derived in
    docs/background/planning.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> found = solve(fs.preset("sales_math"), "activity.per_quarter", attain=0.80)
    >>> round(found.solved_value.item(), 1), found.attrs["outcome"]
    (1295.2, 'found')
    """
    check_one_seat(plan)
    attain = checked_number("attain", attain, *CHANCES)
    goal = Goal(at_least=at_least, amount=amount, by=by)
    if path != QUARTERS:
        goal.check(plan)
    elif at_least is None:
        raise ArgumentError(
            f"path = {QUARTERS!r}: {goal} is a mean over the horizon, which no length of it brings "
            "about. Say at_least = 3, and it is how many quarters it takes to attain 3; or solve "
            f"for what people can change: {', '.join(LEVERS)} ..."
        )
    span = span_of(plan, path, within, goal.fewest_quarters)

    def looked(method: Method) -> tuple[Curve, Found]:
        def evaluate(plans: Sequence[Scenario]) -> Chances:
            return chances(
                plans, goal, method=method, draws=draws, seed=seed, threads=threads, progress=shown
            )

        shown = None if progress is None else running(progress)
        curve = Curve(span, evaluate, FINELY[method])
        return curve, search(curve, attain)

    if method == "auto" and draws is not None and seed is not None:
        middle = span.points[len(span.points) // 2]
        if is_laborious(span.at(middle), goal, draws):
            method = "simulated"
    curve, found = _by_method(looked, method, draws, seed)
    attrs: dict[str, str | int | float] = {"method": curve.method}
    if curve.method == "simulated" and draws is not None and seed is not None:
        attrs |= {"draws": draws, "seed": seed, "stream_version": STREAM_VERSION}
    return _labelled(plan, goal, attain, curve, found, attrs)


def sales_math(plan: Scenario) -> dict[str, int]:
    """Work the first quarter's quota back through the funnel, rounding every step.

    The arithmetic that planners do on paper: quota / mean deal gives deals, each divided by its
    conversion gives the step before it. Windfalls are left out: nobody plans with them.

    Returns
    -------
    dict
        Counts by name of the stage, from the last to the first, then ``"activities"``.

    Raises
    ------
    ArgumentError
        Where a conversion is 0.

    Examples
    --------
    >>> import funnelsim as fs
    >>> sales_math(fs.preset("sales_math"))
    {'won': 3, 'demo': 9, 'discovery': 15, 'activities': 750}
    """
    needed = max(round(plan.quotas[0] / plan.deal_size.mean_of_all), 1)
    counts = {}
    for stage in reversed(plan.stages):
        counts[stage.name] = needed
        if stage.conversion == 0:
            raise ArgumentError(f"stages.{stage.name}.conversion = 0: no activity is enough.")
        needed = round(needed / stage.conversion)
    return counts | {"activities": needed}


def value_error(curve: Curve, found: Found, draws: int, refused: dict[str, str]) -> float:
    """Return the error of a value that was found; NaN, and a reason, where it is not known.

    That of the chance over the slope (delta method), and that of the search.
    """
    slope, slope_error = slope_at(curve, found.value, found.rises)
    chance, error = curve.at(found.value), curve.error[found.value]
    if curve.method == "exact":
        search_error = 0.0 if curve.span.lever.whole else 1e-7 * abs(found.value)
        return error / abs(slope) + search_error if slope else math.nan
    if not abs(slope) > 2 * slope_error or draws * min(chance, 1 - chance) < OFTEN:
        refused["solved_value_standard_error"] = (
            "too few draws tell the slope of the probability: take more draws"
        )
        return math.nan
    return error / abs(slope)


def _by_method(
    looked: Callable[[Method], tuple[Curve, Found]],
    method: Method,
    draws: int | None,
    seed: int | None,
) -> tuple[Curve, Found]:
    """Search by one method throughout: by the twin, or else on shared luck."""
    if method not in METHODS:
        raise ArgumentError(f"method = {method!r}: must be one of {', '.join(METHODS)}.")
    if method != "simulated":
        try:
            return looked("exact")
        except NotCoveredError as reason:
            if method == "exact":
                raise
            if draws is None or seed is None:
                raise ArgumentError(
                    "draws and seed: must be given where a plan is simulated. The exact twin "
                    f"cannot answer: {reason}"
                ) from None
    return looked("simulated")


def _labelled(
    plan: Scenario,
    goal: Goal,
    attain: float,
    curve: Curve,
    found: Found,
    attrs: dict[str, str | int | float],
) -> xr.Dataset:
    """Put names, units, errors and provenance on what was found."""
    refused: dict[str, str] = {}
    error = math.nan
    value = found.value
    probability = np.full(2, math.nan)
    if not math.isnan(value):
        probability = np.array([curve.at(value), curve.error[value]])
    if found.outcome == "found":
        error = value_error(curve, found, int(attrs.get("draws", 0)), refused)
    elif found.outcome != "reached anyway":
        refused["solved_value"] = found.outcome
    values = np.array(curve.values)
    reach = DEVIATIONS * error if curve.method == "simulated" else error
    unit = plan.currency if curve.span.lever.path.endswith(AMOUNTS) else "1"
    best = np.array([curve.chance[found.best], curve.error[found.best]])
    numbers: dict[str, npt.ArrayLike | Pair] = {
        "solved_value": (np.array(value), np.array(error)),
        "solved_interval": np.clip([value - reach, value + reach], curve.span.low, curve.span.high),
        "solved_probability": (probability[0], probability[1]),
        "most_value": found.best,
        "most_probability": (best[0], best[1]),
        "curve_probability": (
            np.array([curve.chance[each] for each in values.tolist()]),
            np.array([curve.error[each] for each in values.tolist()]),
        ),
    }
    solved = "" if math.isnan(value) else dumps(_kept(plan, curve.span, value))
    about: dict[str, str | int | float] = dict(provenance(plan))
    about |= attrs | {
        "goal": str(goal),
        "attain": attain,
        "path": curve.span.lever.path,
        "outcome": found.outcome,
        "told": _told(goal, attain, curve, found),
        "solved": solved,
    }
    return labelled(
        plan,
        numbers,
        {"tried": values, "bound": ["low", "high"]},
        about,
        refused,
        units=dict.fromkeys(("solved_value", "solved_interval", "most_value"), unit),
    )


def _kept(plan: Scenario, span: Span, value: float) -> Scenario:
    """Return the plan solved, with the KPIs and variants that the search did without."""
    return plan.replace({span.lever.path: span.lever.stated(value)})


def _told(goal: Goal, attain: float, curve: Curve, found: Found) -> str:
    """Return the outcome in a sentence."""
    path, chance = curve.span.lever.path, curve.chance
    wanted = f"{goal} = {attain:g}"
    if found.outcome == "found":
        most = "at least" if found.rises else "at most"
        return f"{wanted} takes {path} of {most} {found.value:,.6g}"
    if found.outcome == "out of reach":
        return (
            f"{wanted} is out of reach: the best that {path} gives is {chance[found.best]:.4f}, at "
            f"{found.best:,.6g}, of all values from {curve.values[0]:,.6g} to "
            f"{curve.values[-1]:,.6g}"
        )
    if found.outcome == "reached anyway":
        return (
            f"{wanted} is reached anyway: even with {path} = {found.value:,.6g} it is "
            f"{chance[found.value]:.4f}"
        )
    idle = f". {STEADY}" if curve.span.lever.idle else ""
    return f"{path} does not move {goal}, which stays {chance[found.best]:.4f}{idle}"
