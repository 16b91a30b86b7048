"""coaching_point(): which step of the funnel to work on first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Goal, Method, chances
from funnelsim.analysis.compare.ranking import best_probabilities
from funnelsim.analysis.levers.answered import Answered, Pair, labelled
from funnelsim.analysis.levers.levers import STEADY, Lever, bare, is_finite, lever_of, moved
from funnelsim.analysis.seats import check_one_seat
from funnelsim.engine.blocks import Progress
from funnelsim.errors import ArgumentError, NotCoveredError, Problem, ScenarioError
from funnelsim.scenario.model import Scenario
from funnelsim.scenario.wording import quoted, shown

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Told = tuple[float, float]

ATTAIN = Goal()
KNOWN_AS_BEST = 0.95  # probability from which one lift is told from the others
BEHIND, STRENGTH, NO_EFFECT, NOT_TOLD = "behind", "strength", "no effect", "not told"
MARGIN = 2.0  # standard errors by which a simulated lift has to differ from 0 to be told
ALONE = "takes two levers that are behind their benchmarks"


def coaching_point(
    plan: Scenario,
    benchmark: Mapping[str, float],
    *,
    goal: Goal = ATTAIN,
    method: Method = "auto",
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Tell which lever, lifted to its benchmark, adds most to the probability of the goal.

    Parameters
    ----------
    plan : Scenario
    benchmark : mapping of str to float
        By stage, its conversion, or by path, any number of the plan.
    goal : Goal
        P(attain) of a quarter by default, the mean over the horizon.
    method : {"auto", "exact", "simulated"}
        "auto": exact if the twin covers all of it, also the lifts together, else simulated on
        shared luck.
    draws, seed : int, optional
        Needed where plans are simulated.
    threads : int, optional
    progress : callable, optional
        Called with (draws done, draws in all), once for the levers one by one and once for all
        together.

    Returns
    -------
    xarray.Dataset
        Dim lever, in the order of the benchmarks. ``lift`` alone, ``lift_of_all`` that are behind,
        ``lift_rank``, ``lift_best_probability`` and ``lift_lead``, the largest less the second
        largest, each with its paired error. The coordinate ``standing`` says which levers are
        "behind", which a "strength", at which the benchmark would be a step back, which have "no
        effect", and of which that is "not told" by these draws: their lifts are within
        ``lift_margin`` of 0, the numerical error of exact ones and 2 standard errors of simulated
        ones. Attributes: ``coaching_point``, the path of the largest lift, empty where nothing is
        known to be behind; ``told_apart``, "yes" where it is the largest with 95 % probability.

    Raises
    ------
    ScenarioError
        With all problems of paths and benchmarks.
    ArgumentError
        Where an argument is out of range, or draws and seed are needed and missing.
    NotCoveredError
        Where exact answers are asked for and the twin does not cover a plan.

    Notes
    -----
    Whether a lever is behind is judged by the goal: fewer days or a lower quota lift it as well.
    Together lifts may add more or less than the sum of each alone. Lifts are what the model says of
    a benchmark reached; what coaching can reach is another question, and so is whether the gap is
    more than luck: see :func:`funnelsim.luck_or_skill`.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = coaching_point(fs.preset("sales_math"), {"demo": 0.66, "won": 0.30})
    >>> told.attrs["coaching_point"], told.standing.values.tolist()
    ('stages.demo.conversion', ['behind', 'strength'])
    """
    check_one_seat(plan)
    own = bare(plan)
    levers, values = _benchmarks(own, benchmark)
    plans = [own, *(lever.at(value) for lever, value in zip(levers, values, strict=True))]

    def asked(plans: Sequence[Scenario], method: Method) -> Answered:
        found = chances(
            plans, goal, method=method, draws=draws, seed=seed, threads=threads, progress=progress
        )
        return Answered(plans, found, draws, seed)

    def answered(method: Method) -> tuple[Answered, _Lifts, Told]:
        singly = asked(plans, method)
        lifts = _lifts(singly, len(levers))
        behind = lifts.known_to_be(BEHIND)
        of_all = float(lifts.values[behind].sum()), float(lifts.errors[behind].sum())
        if behind.size > 1:
            every = moved(own, [levers[k] for k in behind], [values[k] for k in behind])
            same: Method = "simulated" if singly.found.estimate else "exact"
            of_all = asked([own, every], same).change(1, 0)
        return singly, lifts, of_all

    try:
        singly, lifts, of_all = answered(method)
    except NotCoveredError as reason:  # all together may be too much where each alone is not
        if method == "exact":
            raise
        if draws is None or seed is None:
            raise ArgumentError(
                "draws and seed: must be given where a plan is simulated. The exact twin cannot "
                f"answer all lifts together: {reason}"
            ) from None
        singly, lifts, of_all = answered("simulated")
    behind = lifts.known_to_be(BEHIND)
    order = behind[np.argsort(-lifts.values[behind], kind="stable")]
    rank = np.zeros(len(levers), dtype=np.int64)
    rank[order] = np.arange(1, order.size + 1)
    lead = np.nan, np.nan
    if order.size > 1:
        lead = singly.change(int(order[0]) + 1, int(order[1]) + 1)
    rivals = np.flatnonzero(np.isin(lifts.standing, [BEHIND, NOT_TOLD]))
    best = _best(singly, rivals, len(levers))
    numbers: dict[str, npt.ArrayLike | Pair] = {
        "goal_probability": (singly.found.values[0], singly.found.errors[0]),
        "lever_value": np.array([lever.value for lever in levers]),
        "benchmark": np.array(values),
        "lift": (lifts.values, lifts.errors),
        "lift_margin": lifts.margins,
        "lift_rank": rank,
        "lift_best_probability": best,
        "lift_of_all": (np.float64(of_all[0]), np.float64(of_all[1])),
        "lift_lead": (np.float64(lead[0]), np.float64(lead[1])),
    }
    idle = {lever.path: STEADY for lever in levers if lever.idle}
    about = {
        "coaching_point": levers[order[0]].path if order.size else "",
        "told_apart": "yes" if order.size and best[order[0]] >= KNOWN_AS_BEST else "no",
        "notes": json.dumps(idle),
    }
    coords = {"lever": [lever.path for lever in levers], "standing": ("lever", lifts.standing)}
    refused = {} if order.size > 1 else {"lift_lead": ALONE}
    return labelled(plan, numbers, coords, singly.attrs(plan, goal) | about, refused)


@dataclass(frozen=True)
class _Lifts:
    """What each lever adds at its benchmark, (lever,), and from what margin on that counts."""

    values: Floats
    errors: Floats
    margins: Floats
    standing: npt.NDArray[np.str_]

    def known_to_be(self, standing: str) -> npt.NDArray[np.intp]:
        """Return the places of the levers that stand so."""
        return np.flatnonzero(self.standing == standing)


def _lifts(singly: Answered, count: int) -> _Lifts:
    """Return what the levers add alone, their plans following that of the plan itself."""
    is_exact = singly.found.estimate is None
    lifts, errors = np.array([singly.change(k + 1, 0) for k in range(count)]).T
    margins = errors if is_exact else MARGIN * errors
    within = np.where((margins > 0) & (not is_exact), NOT_TOLD, NO_EFFECT)
    standing = np.where(lifts > margins, BEHIND, np.where(lifts < -margins, STRENGTH, within))
    return _Lifts(lifts, errors, margins, standing)


def _benchmarks(plan: Scenario, benchmark: Mapping[str, float]) -> tuple[list[Lever], list[float]]:
    """Return the levers and where they are lifted to; refuse with all problems at once."""
    if not benchmark:
        raise ArgumentError("benchmark: name at least one stage or path, such as {'won': 0.35}.")
    levers: dict[str, Lever] = {}
    problems: list[Problem] = []
    for key, value in benchmark.items():
        path = f"stages.{quoted(key)}.conversion" if key in plan.stage_names else key
        try:
            lever = lever_of(plan, path)
            if not is_finite(value):
                problems.append(Problem(path, shown(value), "must be a number"))
            else:
                lever.at(value)
        except ScenarioError as error:
            problems += error.problems
            continue
        if path in levers:
            problems.append(Problem(path, "", "has two benchmarks", "State one."))
        levers[path] = lever
    if problems:
        raise ScenarioError(problems, "benchmark")
    return list(levers.values()), [float(value) for value in benchmark.values()]


def _best(singly: Answered, rivals: npt.NDArray[np.intp], count: int) -> Floats:
    """Return the probability of each lever to have the largest lift; 0 for those that have none."""
    best = np.zeros(count)
    if rivals.size:
        places, estimate = rivals + 1, singly.found.estimate
        covariance = np.zeros((places.size, places.size))
        if estimate is not None:
            gradient = estimate.gradient[places]
            covariance = gradient @ estimate.covariance @ gradient.T
        best[rivals] = best_probabilities(singly.found.values[places], covariance)[0]
    return best
