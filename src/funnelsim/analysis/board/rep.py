"""All that a board asks about the plan of one rep: numbers here, words elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.attainment import attainment
from funnelsim.analysis.board.effort import Attempts, Effort, Watch
from funnelsim.analysis.chances import Chances, Goal, Method, chances
from funnelsim.analysis.compare.compare import compare
from funnelsim.analysis.levers.bridge import bridge
from funnelsim.analysis.levers.levers import lever_of
from funnelsim.analysis.levers.sensitivity import sensitivity
from funnelsim.analysis.luck.luck import luck
from funnelsim.analysis.solve.alone import QUOTA, Alone, each_alone, pullable
from funnelsim.analysis.sweep.sweep import sweep
from funnelsim.engine.simulate import simulate
from funnelsim.errors import FunnelsimError
from funnelsim.registry import STANDARD_ERROR
from funnelsim.twin.exact import exact

if TYPE_CHECKING:
    import xarray as xr

    from funnelsim.engine.blocks import Progress
    from funnelsim.scenario.model import Scenario


ATTAIN = 0.80  # what a plan should reach, for what it would take
LUCK, COMPARED, LEVERS, CELLS = 2, 2, 5, 10  # parts of the draws that they take
EXACTLY = (
    "attainment_probability",
    "at_least_probability",
    "bookings_mean",
    "bookings_quantile",
    "no_deal_probability",
)
LISTED = "amounts"  # a list, of which no cell of a sweep is a number
STEPS = (-0.1, 0.0, 0.1, 0.2, 0.4)  # of the sliders, relative to the plan, where more helps
ALIKE = 5e-4  # swings that differ by less are said to be equal
KINDS = (  # of levers: the sliders are of different kinds
    ("activity", "effort"),
    ("stages",),
    ("sources",),
    ("assists",),
    ("deal_size",),
    ("policy",),
    ("ramp", "attrition"),
)
MOST_SLIDERS = 3
MOST_ALONE = 8  # levers that are looked at alone: those that move most


@dataclass
class RepFindings:
    """What was found about one rep's plan.

    Attributes
    ----------
    plans : dict of str to Scenario
        By name; the first is the page's own.
    effort : Effort
    chance : Chances
        P(attain), the mean over quarters.
    exact : xarray.Dataset or None
        What the twin says of quarters; None where it does not cover the plan.
    simulated : xarray.Dataset
        What draws say of them.
    bookings : (draw,) float
        Of the first quarter, simulated, currency.
    moved, compared, bridged, luck, swept : xarray.Dataset or None
    alone : list of Alone
        What each lever alone takes for 80 %; empty where the plan reaches that.
    refused : dict of str to str
        Why a part is missing.
    """

    plans: dict[str, Scenario]
    effort: Effort
    chance: Chances
    exact: xr.Dataset | None
    simulated: xr.Dataset
    bookings: np.ndarray
    moved: xr.Dataset | None = None
    compared: xr.Dataset | None = None
    bridged: xr.Dataset | None = None
    luck: xr.Dataset | None = None
    swept: xr.Dataset | None = None
    alone: list[Alone] = field(default_factory=list)
    quota: Alone | None = None
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Scenario:
        """The plan that the page is about."""
        return next(iter(self.plans.values()))

    @property
    def reached(self) -> bool:
        """Whether the plan is as sure as it should be."""
        return bool(self.chance.values[0] >= ATTAIN)


def ask_about_rep(plans: Mapping[str, Scenario], effort: Effort, watch: Watch) -> RepFindings:
    """Ask everything that the page tells of one rep; what is refused is noted with its reason."""
    plan = next(iter(plans.values()))
    samples = simulate(plan, **effort.how(), progress=watch("quarters"))
    own, why = _exact(plan)
    made = chances([plan], Goal(), **effort.how())
    found = RepFindings(
        plans=dict(plans),
        effort=effort,
        chance=made,
        exact=own,
        simulated=attainment(samples),
        bookings=np.asarray(samples["bookings"].values[:, 0, 0], dtype=np.float64),
        refused={"exact": why} if why else {},
    )
    method: Method = "auto" if _is_quick(plan) else "simulated"
    attempt = Attempts(found.refused, watch)
    found.moved = attempt(
        "sensitivity",
        lambda shown: sensitivity(
            plan, method=method, elasticities=0, **effort.how(LEVERS), progress=shown
        ),
    )
    if not found.reached:

        def alone(ways: Mapping[str, bool], shown: Progress | None) -> list[Alone]:
            return each_alone(
                plan, ways, attain=ATTAIN, method=method, **effort.how(CELLS), progress=shown
            )

        ways = pullable(plan)
        first = sorted(ways, key=lambda path: -_swing(found, path)[0])[:MOST_ALONE]
        pulled = {path: ways[path] for path in first}
        found.alone = attempt("solve", lambda shown: alone(pulled, shown)) or []
        lower = attempt("quota", lambda shown: alone({QUOTA: False}, shown)) or []
        found.quota = next((each for each in lower if each.found), None)
    found.swept = attempt("sweep", lambda shown: _swept(found, method, shown))
    found.luck = attempt("luck", lambda shown: luck(plan, **effort.how(LUCK), progress=shown))
    if len(plans) > 1:
        quick = all(map(_is_quick, plans.values()))
        side: Method = "auto" if quick else "simulated"
        found.compared = attempt(
            "compare",
            lambda shown: compare(plans, method=side, **effort.how(COMPARED), progress=shown),
        )
        other = _farthest(found)
        found.bridged = attempt(
            "bridge",
            lambda shown: bridge(
                plan, plans[other], method=side, **effort.how(LEVERS), progress=shown
            ),
        )
    return found


def lever_steps(plan: Scenario, path: str, *, up: bool = True) -> list[float]:
    """Return where a slider may stand: relative steps about the plan that it can state.

    Most of them on the side that helps; what is a share ends at 1.

    Examples
    --------
    >>> import funnelsim as fs
    >>> lever_steps(fs.preset("sales_math"), "activity.per_quarter")
    [675.0, 750.0, 825.0, 900.0, 1050.0]
    """
    lever = lever_of(plan, path)
    own = round(lever.value) if lever.whole else lever.value
    found = {own}
    for step in STEPS:
        value = float(f"{lever.value * (1 + (step if up else -step)):.6g}")
        value = round(value) if lever.whole else value
        if lever.value < 1 < value and not lever.can_be(value):
            value = 1.0
        if lever.can_be(value):
            found.add(value)
    near = [each for each in found if not math.isclose(each, own, rel_tol=1e-5)]
    return sorted([own, *near])


def _exact(plan: Scenario) -> tuple[xr.Dataset | None, str]:
    """Return what the twin says of quarters, or why it says nothing."""
    try:
        return exact(plan, only=EXACTLY), ""
    except FunnelsimError as reason:
        return None, str(reason)


def _is_quick(plan: Scenario) -> bool:
    """Return whether the twin answers about many plans in little time, some hundredths of a second.

    What differs between reps, or is not known, it integrates over, in up to three dimensions: two
    are quick, one for each of them a week's count that is not Poisson is not.
    """
    policy = plan.policy
    free = policy.floor_per_week is None and policy.cap_per_week is None
    poisson = free and not plan.activity.week_cv
    return not plan.market.cv and _unknown(plan) <= (2 if poisson else 0)


def _unknown(plan: Scenario) -> int:
    """Return how many numbers differ between reps, or are uncertain."""
    spreads = (plan.activity.rep_cv, plan.deal_size.rep_cv, *(each.rep_cv for each in plan.stages))
    return sum(map(bool, spreads)) + len(plan.uncertainty)


def _swept(found: RepFindings, method: Method, progress: Progress | None) -> xr.Dataset:
    """Return the grid of the sliders: of the kinds that move most the lever that does."""
    plan, effort = found.plan, found.effort
    ways = pullable(plan)
    strongest = [path for kind in KINDS if (path := _strongest(found, list(ways), kind))]
    chosen = sorted(strongest, key=lambda path: -_swing(found, path)[0])[:MOST_SLIDERS]
    metrics = ["attainment_probability", "bookings_mean"]
    # Of reps who differ, quarters depend on each other, and the twin takes three times as long.
    if plan.calendar.quarters > 1 and (method == "simulated" or not _unknown(plan)):
        metrics.append("at_least_probability")
    return sweep(
        plan,
        {path: lever_steps(plan, path, up=ways[path]) for path in strongest if path in chosen},
        method=method,
        metrics=metrics,
        progress=progress,
        **effort.how(CELLS),
    )


def _strongest(found: RepFindings, paths: Sequence[str], kind: Sequence[str]) -> str:
    """Return the lever of a kind that moves the chance most; of those alike, that nearest to a win.

    Empty where the plan has none.
    """
    own = [path for path in paths if path.split(".")[0] in kind and not path.endswith(LISTED)]
    if not own:
        return ""
    swings = {path: _swing(found, path) for path in own}
    top, error = max(swings.values())
    alike = [
        path
        for path, (swing, own_error) in swings.items()
        if top - swing <= max(ALIKE, 2 * math.hypot(error, own_error))
    ]
    return alike[-1]


def _swing(found: RepFindings, path: str) -> tuple[float, float]:
    """Return how much a lever moves the chance, and its standard error; 0 where unknown."""
    moved = found.moved
    if moved is None or path not in moved["lever"].values:
        return 0.0, 0.0
    own = moved.sel(lever=path)
    error = own.get("largest_swing" + STANDARD_ERROR)
    return float(own["largest_swing"]), 0.0 if error is None else float(error)


def _farthest(found: RepFindings) -> str:
    """Return the plan whose chance differs most from the first one's."""
    names = list(found.plans)
    if found.compared is None:
        return names[1]
    gaps = found.compared["attainment_probability_difference"].isel(segment=0)
    return names[1 + int(np.nan_to_num(np.abs(gaps.values[1:])).argmax())]
