"""The policy in question, and the three plans that tell what it does: without, at its level, with.

A policy's effect has two parts. It makes reps do more (level), and it makes weeks and reps more
alike (evenness). Between the plan without the floor and the plan with it therefore stands a third:
without the floor, but with so much activity that as many deals are won on average. Definitions in
docs/background/luck.md, "A policy's effect".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Estimate, Means
from funnelsim.analysis.levels import at_level, mean_deals
from funnelsim.analysis.luck.part import (
    Events,
    Floats,
    attained,
    has_luck,
    without_uncertainty,
)
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import never_certain, occasions, proportion
from funnelsim.engine.blocks import Samples
from funnelsim.errors import NotCoveredError
from funnelsim.scenario.kinds import MOST_A_WEEK
from funnelsim.scenario.model import Kpi, Scenario

Pair = tuple[Floats, Floats]  # values and standard errors

POLICIES = NONE, LEVEL, FLOOR = "none", "level", "floor"
# Each effect: by what the policy is told from what.
EFFECTS = {"level": (LEVEL, NONE), "evenness": (FLOOR, LEVEL), "policy": (FLOOR, NONE)}
MONTHS = 3  # in a quarter
SHARES = ("attained", "at least")
NEVER_ATTAINED = "unknown where no simulated quarter was attained"


class Imposed(NamedTuple):
    """The plans to be compared, and why some are missing.

    Attributes
    ----------
    plans : dict of str to Scenario
        Those of ``POLICIES`` that exist, over the plan's horizon, without its variants.
    missing : str
        Why others do not; empty where all do.
    attrs : dict
        ``policy_floor_per_week``, ``policy_adherence`` and ``policy_from``: "stated", or the KPI
        that the floor was taken from.
    """

    plans: dict[str, Scenario]
    missing: str
    attrs: dict[str, str | int | float]


def imposed(plan: Scenario) -> Imposed:
    """Return the plans that tell what the plan's policy does.

    The policy is the plan's own floor, or the weekly activities that its most demanding KPI on
    activities asks for. A cap stays in all plans: the effect is that of the floor.
    """
    plan = plan.model_copy(update={"variants": {}})
    none = without_floor(plan)
    try:
        floor, origin = floor_in_question(plan)
    except NotCoveredError as reason:
        return Imposed({NONE: none}, str(reason), {})
    adherence = plan.policy.adherence
    attrs: dict[str, str | int | float] = {
        "policy_floor_per_week": floor,
        "policy_adherence": adherence,
        "policy_from": origin,
    }
    with_it = with_floor(plan, floor, adherence)
    try:
        level = level_twin(none, with_it)
    except NotCoveredError as reason:
        why = f"the level at which as many deals are won is not known: {reason}"
        return Imposed({NONE: none, FLOOR: with_it}, why, attrs)
    return Imposed({NONE: none, LEVEL: level, FLOOR: with_it}, "", attrs)


def floor_in_question(plan: Scenario) -> tuple[int, str]:
    """Return the floor of the plan's policy, and where it comes from: "stated", or a KPI.

    Raises
    ------
    NotCoveredError
        Where nothing says what floor could be meant.
    """
    stated, cap = plan.policy.floor_per_week, plan.policy.cap_per_week
    if stated is not None:
        return stated, "stated"
    weeks = plan.calendar.weeks_per_quarter
    floors = [(_weekly(kpi, weeks), kpi.name) for kpi in plan.kpis if kpi.metric == "activities"]
    if not floors:
        raise NotCoveredError(
            "nothing says which floor to impose: state a [policy] floor_per_week, or a KPI on "
            "activities"
        )
    floor, name = max(floors, key=lambda each: each[0])
    most = MOST_A_WEEK if cap is None else cap
    if floor > most:
        limit = "the most that a scenario may state" if cap is None else "policy.cap_per_week"
        raise NotCoveredError(
            f"the KPI {name} asks for {floor:,.0f} activities a week, above {most:,}, {limit}"
        )
    return int(floor), f"kpi {name}"


def without_floor(plan: Scenario) -> Scenario:
    """Return the plan without its floor."""
    return _with_policy(plan, {"floor_per_week": None})


def with_floor(plan: Scenario, floor: int, adherence: float) -> Scenario:
    """Return the plan with a floor of so many activities a week, kept so often.

    An adherence that is not the plan's own is known, however uncertain its own is.
    """
    if adherence != plan.policy.adherence:
        plan = without_uncertainty(plan, "policy.adherence")
    return _with_policy(plan, {"floor_per_week": floor, "adherence": adherence})


def level_twin(none: Scenario, floor: Scenario) -> Scenario:
    """Return the plan without the floor, but with so much activity that as many deals are won.

    Raises
    ------
    NotCoveredError
        Where mean deals are not known exactly, or no level reaches them.
    """
    return at_level(none, mean_deals, mean_deals(floor))


class Compared(Remembering):
    """Plans on shared luck, side by side.

    Every number is that of a quarter, the mean over so many first quarters as there are quotas. By
    name: "attained", P(attain); "activities" and "deals", their means; "mean", "sd" and "cv" of
    bookings; "dependence", that on windfalls; and what was added as ``more``.

    Parameters
    ----------
    plans : mapping of str to Scenario
        In the order of their samples.
    quotas : (quarter,) float, currency
    """

    def __init__(self, plans: Mapping[str, Scenario], quotas: Floats) -> None:
        self.plans = dict(plans)
        self._quotas = quotas
        self._unit = float(quotas.mean())  # squares of bookings in such units keep their digits
        self._means = Means()

    def add(self, samples: Sequence[Samples], more: Mapping[str, Events] | None = None) -> None:
        """Take in a block of draws: samples of each plan, and ``more`` events (draw, plan, ...)."""
        told = [self._columns(own) for own in samples]
        columns = {name: np.stack([each[name] for each in told], axis=1) for name in told[0]}
        self._means.add(columns | dict(more or {}))

    def by_policy(self, name: str) -> Pair:
        """Return values and errors, (policy, ...); NaN where the plan is missing."""
        pair = self._estimate(name).pair
        if name == "attained":
            pair = never_certain(pair, self._means.draws)
        elif name == "dependence":
            draws = occasions(self._means["attained"].value, len(self._quotas), self._means.draws)
            value, error = never_certain(pair, draws)
            # without windfalls and whales it is 0 for certain
            lucky = np.array([has_luck(plan) for plan in self.plans.values()])
            pair = value, np.where(lucky, error, 0.0 * value)
        return placed(pair, [POLICIES.index(label) for label in self.plans], len(POLICIES))

    def by_effect(self, name: str) -> Pair:
        """Return values and errors of changes, (effect, ...); NaN where a plan is missing."""
        known = {
            place: self.change(name, *pair)
            for place, pair in enumerate(EFFECTS.values())
            if self.plans.keys() >= set(pair)
        }
        return placed(stacked_pairs(list(known.values())), list(known), len(EFFECTS))

    def change(self, name: str, after: str, before: str) -> Pair:
        """Return the change of an estimate from one plan to another, (...), with its error."""
        value, error = self._change(name, after, before).pair
        if name in SHARES and self.plans[after] != self.plans[before]:
            # Plans that differ, and in no draw came out differently, may yet do so.
            draws = self._means.draws
            _, rare = proportion(np.zeros(()), np.asarray(float(draws)))
            # A single draw that differs, in one of its quarters, would make more of an error.
            error = np.where(error < 0.01 / (draws * len(self._quotas)), rare, error)
        return value, error

    def per_activities(self, name: str, after: str, before: str, activities: float) -> Pair:
        """Return the change of an estimate for each so many activities that it costs."""
        cost = self._change("activities", after, before)
        value, error = (activities * self._change(name, after, before) / cost).pair
        with np.errstate(divide="ignore", invalid="ignore"):
            rare = activities * self.change(name, after, before)[1] / np.abs(cost.value)
        return value, np.where(value == 0, rare, error)

    def _change(self, name: str, after: str, before: str) -> Estimate:
        values, labels = self._estimate(name), list(self.plans)
        return values[labels.index(after)] - values[labels.index(before)]

    def _estimate(self, name: str) -> Estimate:
        """Return an estimate by plan, (plan, ...)."""
        means = self._means
        if name == "dependence":
            return means["only by windfall"] / means["attained"]
        if name not in ("mean", "sd", "cv"):
            return means[name]
        by_quarter = means["bookings"]
        mean = by_quarter.mean(1)
        sd = (means["bookings^2"] - (by_quarter * by_quarter).mean(1)).sqrt()
        return {"mean": mean * self._unit, "sd": sd * self._unit, "cv": sd / mean}[name]

    def _columns(self, own: Samples) -> dict[str, Floats]:
        quarters = len(self._quotas)
        made = attained(own, self._quotas)
        lucky = made & ~attained(own, self._quotas, "repeatable_bookings")
        bookings = np.asarray(own["bookings"][:, 0, :quarters], dtype=np.float64) / self._unit
        return {
            "attained": _mean(made),
            "only by windfall": _mean(lucky),
            "bookings": bookings,
            "bookings^2": _mean(bookings * bookings),
            "activities": _mean(own["activities"][:, 0, :quarters]),
            "deals": _mean(own["reached"][:, 0, :quarters, -1]),
        }


def placed(pair: Pair, places: Sequence[int], size: int) -> Pair:
    """Return values and errors at places of a longer first axis, NaN elsewhere."""
    longer = np.full((2, size, *pair[0].shape[1:]), np.nan)
    longer[:, list(places)] = pair
    return longer[0], longer[1]


def stacked_pairs(pairs: Sequence[Pair]) -> Pair:
    """Return values and errors of several, along a new first axis."""
    values, errors = zip(*pairs, strict=True)
    return np.stack(values), np.stack(errors)


def _mean(values: npt.NDArray[np.generic]) -> Floats:
    """Return the mean over quarters of (draw, quarter); with draws last it goes fastest."""
    return np.asarray(np.ascontiguousarray(values.T, dtype=np.float64).mean(axis=0))


def _weekly(kpi: Kpi, weeks: int) -> float:
    """Return the whole activities a week that reach the target, in the shortest month too."""
    length = {"week": 1, "month": weeks // MONTHS, "quarter": weeks}[kpi.per]
    return float(np.ceil(kpi.target / length - 1e-9))


def _with_policy(plan: Scenario, changes: Mapping[str, object]) -> Scenario:
    return plan.model_copy(update={"policy": plan.policy.model_copy(update=changes)})
