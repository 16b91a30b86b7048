"""All that a board asks about the plan of one rep: numbers here, words elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.analysis.attainment import attainment
from funnelsim.analysis.board.effort import Attempts, Effort, Tick
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
from funnelsim.twin.exact import exact

if TYPE_CHECKING:
    import xarray as xr

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
STEPS = (-0.1, 0.0, 0.1, 0.2, 0.4)  # of the sliders, relative to the plan
ALIKE = 5e-4  # swings that differ by less are said to be equal
KINDS = ("activity", "stages", "deal_size")  # levers of the sliders: one of each kind


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


def ask_about_rep(plans: Mapping[str, Scenario], effort: Effort, tick: Tick) -> RepFindings:
    """Ask everything that the page tells of one rep; what is refused is noted with its reason."""
    plan = next(iter(plans.values()))
    samples = simulate(plan, **effort.how())
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
    attempt = Attempts(found.refused, tick)
    found.moved = attempt(
        "sensitivity", lambda: sensitivity(plan, method=method, **effort.how(LEVERS))
    )
    if not found.reached:

        def alone(paths: Sequence[str]) -> list[Alone]:
            return each_alone(plan, paths, attain=ATTAIN, method=method, **effort.how(CELLS))

        found.alone = attempt("solve", lambda: alone(pullable(plan))) or []
        lower = attempt("quota", lambda: alone([QUOTA])) or []
        found.quota = next((each for each in lower if each.found), None)
    found.swept = attempt("sweep", lambda: _swept(found, method))
    found.luck = attempt("luck", lambda: luck(plan, **effort.how(LUCK)))
    if len(plans) > 1:
        quick = all(map(_is_quick, plans.values()))
        side: Method = "auto" if quick else "simulated"
        found.compared = attempt(
            "compare", lambda: compare(plans, method=side, **effort.how(COMPARED))
        )
        other = _farthest(found)
        found.bridged = attempt(
            "bridge",
            lambda: bridge(plan, plans[other], method=side, **effort.how(LEVERS)),
        )
    return found


def lever_steps(plan: Scenario, path: str) -> list[float]:
    """Return where a slider may stand: relative steps about the plan that it can state.

    Examples
    --------
    >>> import funnelsim as fs
    >>> lever_steps(fs.preset("sales_math"), "activity.per_quarter")
    [675.0, 750.0, 825.0, 900.0, 1050.0]
    """
    lever = lever_of(plan, path)
    most = 1.0 if path.endswith("conversion") else math.inf
    found = {float(f"{min(lever.value * (1 + each), most):.6g}") for each in STEPS if each}
    found = {each for each in found if each != lever.value and lever.can_be(each)}
    return sorted({*found, lever.value})


def _exact(plan: Scenario) -> tuple[xr.Dataset | None, str]:
    """Return what the twin says of quarters, or why it says nothing."""
    try:
        return exact(plan, only=EXACTLY), ""
    except FunnelsimError as reason:
        return None, str(reason)


def _is_quick(plan: Scenario) -> bool:
    """Return whether the twin answers about many plans in little time: reps alike, nothing unknown.

    What differs between reps, or is not known, it integrates over, in up to three dimensions.
    """
    spreads = (plan.activity.rep_cv, plan.deal_size.rep_cv, *(each.rep_cv for each in plan.stages))
    return not any(spreads) and not plan.uncertainty and not plan.market.cv


def _swept(found: RepFindings, method: Method) -> xr.Dataset:
    """Return the grid of the sliders: the lever of each kind that moves most."""
    plan, effort = found.plan, found.effort
    paths = pullable(plan)
    chosen = [each for kind in KINDS if (each := _strongest(found, paths, kind))]
    metrics = ["attainment_probability", "bookings_mean"]
    if plan.calendar.quarters > 1:
        metrics.append("at_least_probability")
    return sweep(
        plan,
        {path: lever_steps(plan, path) for path in chosen},
        method=method,
        metrics=metrics,
        **effort.how(CELLS),
    )


def _strongest(found: RepFindings, paths: Sequence[str], kind: str) -> str:
    """Return the lever of a kind that moves the chance most; of those alike, that nearest to a win.

    Empty where the plan has none.
    """
    own = [path for path in paths if path.split(".")[0] == kind and not path.endswith(LISTED)]
    if found.moved is None or not own:
        return own[-1] if own else ""
    swings = {path: found.moved["largest_swing"].sel(lever=path).item() for path in own}
    errors = found.moved.get("largest_swing_standard_error")
    near = {path: 0.0 if errors is None else float(errors.sel(lever=path)) for path in own}
    top = max(own, key=swings.__getitem__)
    alike = [
        path
        for path in own
        if swings[top] - swings[path] <= max(ALIKE, 2 * math.hypot(near[top], near[path]))
    ]
    return alike[-1]


def _farthest(found: RepFindings) -> str:
    """Return the plan whose chance differs most from the first one's."""
    names = list(found.plans)
    if found.compared is None:
        return names[1]
    gaps = found.compared["attainment_probability_difference"].isel(segment=0)
    return names[1 + int(np.nan_to_num(np.abs(gaps.values[1:])).argmax())]
