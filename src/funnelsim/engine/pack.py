"""Scenario -> one record and its data: the only place where labels become integers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.laws import LawBook, sigma_of
from funnelsim.engine.past import lost_days_of, past_of, slots_of
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.registry import SEGMENT
from funnelsim.scenario.model import MAX_WEEKS, Scenario

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SOURCE = "activity"
WIDEST_WEEK = 1 << 21  # activities: the width of a table of counts
UNLIMITED = np.iinfo(np.int32).max
MOST_STAGES, MOST_KPIS = 8, 50
MOST_LAWS = 2 * MOST_STAGES + 3  # conversions, delays, the normal, sizes, windfalls

# A scenario as the kernels read it: one record, since numba passes it as one pointer. Times are in
# days, probabilities and factors plain; ``past`` and ``law_first`` are places in Packed.data.
PLAN = np.dtype(
    [
        ("quarters", "i8"),
        ("weeks_per_quarter", "i8"),
        ("days_per_quarter", "f8"),
        ("quarters_per_day", "f8"),
        ("horizon_days", "f8"),
        ("pipeline", "i8"),
        ("renewed", "i8"),  # bits NEW_...: purposes drawn anew
        ("renewed_words", "i8"),  # bits: positions of an opportunity's words drawn anew
        ("mean_per_week", "f8"),
        ("week_shape", "f8"),  # of the gamma multiplier; 0 for a Poisson week
        ("activity_sigma", "f8"),
        ("activity_loading", "f8"),
        ("size_sigma", "f8"),
        ("size_loading", "f8"),
        ("elasticity", "f8"),
        ("reference", "f8"),
        ("floor", "i8"),
        ("cap", "i8"),
        ("adherence", "f8"),
        ("policy_start", "i8"),
        ("market_sigma", "f8"),
        ("persistence", "f8"),
        ("season", "f8", (4,)),
        ("normal_law", "i8"),
        ("stages", "i8"),
        ("conversion", "f8", (MOST_STAGES,)),
        ("conversion_law", "i8", (MOST_STAGES,)),  # -1 where reps do not differ
        ("stage_loading", "f8", (MOST_STAGES,)),
        ("stalled", "f8", (MOST_STAGES,)),
        ("days", "f8", (MOST_STAGES,)),
        ("lost_days", "f8", (MOST_STAGES,)),
        ("delay_law", "i8", (MOST_STAGES,)),  # of the delay over its mean
        ("slot", "i8", (MOST_STAGES,)),  # column of the thresholds; -1 for a stage without delay
        ("slots", "i8"),
        ("words", "i8"),  # of an opportunity: whole blocks, up to the last that is looked at
        ("past", "i8"),  # thresholds: (kind, slot, week of the past)
        ("past_weeks", "i8"),
        ("past_quarters", "i8"),
        ("size_law", "i8"),
        ("whale_probability", "f8"),
        ("whale_multiple", "f8"),
        ("windfalls_per_quarter", "f8"),
        ("windfall_law", "i8"),
        ("kpis", "i8"),
        ("pipeline_kpis", "i8"),
        ("kpi_metric", "i8", (MOST_KPIS,)),
        ("kpi_stage", "i8", (MOST_KPIS,)),
        ("kpi_period", "i8", (MOST_KPIS,)),
        ("kpi_target", "f8", (MOST_KPIS,)),
        ("kpi_logged", "f8", (MOST_KPIS,)),
        ("kpi_name", "i8", (MOST_KPIS,)),
        ("law_kind", "i8", (MOST_LAWS,)),
        ("law_scale", "f8", (MOST_LAWS,)),
        ("law_power", "f8", (MOST_LAWS,)),  # of a Pareto law: -1 / shape
        ("law_first", "i8", (MOST_LAWS,)),
        ("law_size", "i8", (MOST_LAWS,)),  # bits of a table, number of empirical values
        ("reached", "i8"),  # first column of counts that holds a stage, a KPI, a flow
        ("hits", "i8"),
        ("flows", "i8"),
    ]
)


class Packed(NamedTuple):
    """A scenario as the kernels read it."""

    plans: npt.NDArray[np.void]  # one record of PLAN
    data: Floats  # quantile tables, empirical values, thresholds of the past
    columns: int  # of the counts that a quarter fills


def pack(
    scenario: Scenario,
    *,
    pipeline: bool = False,
    redraw: Collection[str] = (),
    whole_past: bool = False,
) -> Packed:
    """Return the scenario as the kernels read it.

    Parameters
    ----------
    scenario : Scenario
    pipeline : bool
        Whether to follow every opportunity to its end, for the arrays of ``PIPELINE_SAMPLES``.
    redraw : collection of str
        Purposes to be drawn anew, see :func:`purposes_of`.
    whole_past : bool
        Whether to keep the opportunities of the past that can no longer matter.

    Raises
    ------
    ArgumentError
        Where there is no purpose of a name.
    ScenarioError
        Where two KPIs would share an address, losses stay open longer than one is wide, or a week
        may bring more activities or entries than can be followed.
    """
    laws = LawBook()
    plans = np.zeros(1, PLAN)
    plan = plans[0]
    for state in (_state_calendar, _state_activity, _state_stages, _state_sizes, _state_kpis):
        state(scenario, plan, laws)
    if (
        plan["market_sigma"]
        or plan["activity_sigma"]
        or plan["size_sigma"]
        or any(stage.rep_cv for stage in scenario.stages)
    ):
        plan["normal_law"] = laws.tabled("normal")
    _check_width(plan)
    past = past_of(scenario, pipeline, whole_past)
    plan["pipeline"] = pipeline
    plan["renewed"], plan["renewed_words"] = _renewed(scenario, redraw)
    plan["slots"], plan["past_weeks"] = past.shape[1:]
    plan["past_quarters"] = -(-past.shape[2] // scenario.calendar.weeks_per_quarter)
    plan["past"] = laws.place(past.ravel())
    plan["reached"] = kernels.FIRST_FREE
    plan["hits"] = plan["reached"] + plan["stages"]
    plan["flows"] = plan["hits"] + plan["kpis"]
    data = laws.close(plan)
    return Packed(plans, data, int(plan["flows"]) + (kernels.FLOWS if pipeline else 0))


def purposes_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the purposes that can be drawn anew, in the order of the funnel.

    ``delay`` is when an opportunity enters and how long its steps take, ``activity`` includes
    whether a rep adheres to the policy, ``windfall`` how many there are and their sizes.
    """
    return tuple(_bits(scenario))


def _bits(scenario: Scenario) -> dict[str, tuple[int, int]]:
    """Return what each purpose sets: bits of ``renewed`` and of ``renewed_words``."""
    n = len(scenario.stages)
    delays = [0, *(2 * stage for stage in range(1, n)), 2 * n + 2]
    return {
        "skill": (kernels.NEW_SKILL, 0),
        "market": (kernels.NEW_MARKET, 0),
        "activity": (kernels.NEW_ACTIVITY, 0),
        "entry": (kernels.NEW_ENTRY, 0),
        **{
            f"outcome.{stage.name}": (0, 1 << 2 * s - 1)
            for s, stage in enumerate(scenario.stages)
            if s > 0
        },
        "delay": (0, sum(1 << position for position in delays)),
        "size": (0, 1 << 2 * n - 1 | 1 << 2 * n + 1),
        "whale": (0, 1 << 2 * n),
        "windfall": (kernels.NEW_WINDFALL, 0),
    }


def _renewed(scenario: Scenario, redraw: Collection[str]) -> tuple[int, int]:
    """Return the bits of all purposes to be drawn anew."""
    known, both = _bits(scenario), (0, 0)
    for name in redraw:
        if name not in known:
            raise ArgumentError(f"redraw = {name!r}: must be one of {', '.join(known)}.")
        both = (both[0] | known[name][0], both[1] | known[name][1])
    return both


def widest_week(plan: np.void) -> float:
    """Return the activities that even the ablest rep in the busiest week does not exceed.

    But for 1e-10 of the reps and 1e-15 of the weeks.
    """
    ablest = plan["mean_per_week"] * math.exp(6.5 * plan["activity_sigma"])
    return float(ablest * (40 / plan["week_shape"] + 2 if plan["week_shape"] else 2)) + 1_000


def _check_width(plan: np.void) -> None:
    """Refuse activity so extreme that a week would not fit a table, or its entries an index."""
    widest = widest_week(plan)
    uneven = plan["market_sigma"] or plan["conversion_law"][0] >= 0 or plan["elasticity"] < 1
    p = min(plan["conversion"][0] * plan["season"].max() * (10 if uneven else 1), 1.0)
    if widest > WIDEST_WEEK or widest * p > kernels.MOST_ENTRIES:
        rule = f"a week may bring {widest:,.0f} activities and {widest * p:,.0f} entries"
        remedy = (
            f"At most {WIDEST_WEEK:,} and {kernels.MOST_ENTRIES:,} can be followed: lower "
            "per_week, rep_cv or week_cv."
        )
        value = f"{plan['mean_per_week']:g} a week"
        raise ScenarioError([Problem("activity", value, rule, remedy)])


def _state_calendar(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State the horizon and the market."""
    weeks, market = scenario.calendar.weeks_per_quarter, scenario.market
    plan["quarters"] = scenario.calendar.quarters
    plan["weeks_per_quarter"] = weeks
    plan["days_per_quarter"] = 7.0 * weeks
    plan["quarters_per_day"] = 1 / (7.0 * weeks)
    plan["horizon_days"] = 7.0 * weeks * scenario.calendar.quarters
    plan["market_sigma"] = sigma_of(market.cv)
    plan["persistence"] = market.persistence
    plan["season"] = market.season


def _state_activity(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State weekly activity and the policy about it."""
    activity, policy = scenario.activity, scenario.policy
    plan["mean_per_week"] = scenario.activities_per_week
    plan["week_shape"] = 1 / activity.week_cv**2 if activity.week_cv else 0.0
    plan["activity_sigma"] = sigma_of(activity.rep_cv)
    plan["activity_loading"] = scenario.loading("activity")
    plan["elasticity"] = activity.elasticity
    plan["reference"] = activity.reference_per_week or scenario.activities_per_week
    plan["floor"] = policy.floor_per_week or 0
    plan["cap"] = UNLIMITED if policy.cap_per_week is None else policy.cap_per_week
    plan["adherence"] = policy.adherence
    plan["policy_start"] = -MAX_WEEKS if policy.start_week is None else policy.start_week


def _state_stages(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State conversions and delays."""
    plan["stages"] = len(scenario.stages)
    for s, stage in enumerate(scenario.stages):
        plan["conversion"][s] = stage.conversion
        plan["conversion_law"][s] = laws.conversion(stage)
        plan["stage_loading"][s] = scenario.loading(stage.name)
        plan["stalled"][s] = stage.stalled
        plan["days"][s] = stage.days
        plan["lost_days"][s] = lost_days_of(stage)
        plan["delay_law"][s] = laws.delay(stage)
    plan["slot"][: len(scenario.stages)] = slots_of(scenario.stages)
    whale, digits, first_delay = (2 * len(scenario.stages) + i for i in range(3))
    last = first_delay if scenario.stages[0].days else whale
    if scenario.deal_size.law in ("pareto", "empirical"):
        last = max(last, digits)
    plan["words"] = 4 * (last // 4 + 1)


def _state_sizes(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State deal sizes, whales and windfalls."""
    size, whale, windfall = scenario.deal_size, scenario.deal_size.whale, scenario.windfall
    plan["size_law"] = laws.size(size)
    plan["size_sigma"] = sigma_of(size.rep_cv)
    plan["size_loading"] = scenario.loading("size")
    plan["whale_multiple"] = 1.0
    if whale is not None:
        plan["whale_probability"], plan["whale_multiple"] = whale.probability, whale.multiple
    if windfall is not None:
        plan["windfalls_per_quarter"] = windfall.per_quarter
        plan["windfall_law"] = laws.size(windfall)


def _state_kpis(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State what the KPIs count."""
    kpis = scenario.kpis
    metrics = {"activities": kernels.KPI_ACTIVITIES, "pipeline": kernels.KPI_PIPELINE}
    plan["kpis"] = len(kpis)
    plan["kpi_name"][: len(kpis)] = _short_hashes([kpi.name for kpi in kpis])
    for k, kpi in enumerate(kpis):
        counted = kpi.at if kpi.metric == "pipeline" else kpi.metric
        if counted in scenario.stage_names:
            plan["kpi_stage"][k] = scenario.stage_names.index(counted)
        plan["kpi_metric"][k] = metrics.get(kpi.metric, kernels.KPI_STAGE)
        plan["kpi_period"][k] = ("week", "month", "quarter").index(kpi.per)
        plan["kpi_logged"][k] = kpi.logged
        plan["kpi_target"][k] = kpi.target
        if kpi.metric == "pipeline":  # amounts add up with rounding, counts do not
            plan["kpi_target"][k] *= 1 - 1e-9
            plan["pipeline_kpis"] = 1


def stream_keys(seed: int, *, redrawn: bool = False) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """Return the Philox keys of world, rep and source, or those of what is drawn anew.

    ``numpy.random.SeedSequence`` mixes the seed with hashes of the names (NumPy promises its
    stream).
    """
    names = ((), (_hash(SEGMENT),), (_hash(SEGMENT), _hash(SOURCE)))
    anew = (1,) if redrawn else ()
    keys = [
        np.random.SeedSequence(seed, spawn_key=(*anew, *name)).generate_state(2) for name in names
    ]
    return tuple((np.uint64(key[0]), np.uint64(key[1])) for key in keys)


def periods_needed(per: str, share: float, weeks_per_quarter: int) -> int:
    """Return the periods of a quarter that have to be hit: hits >= share * periods - 1e-9."""
    periods = {"week": weeks_per_quarter, "month": 3, "quarter": 1}[per]
    return math.ceil(share * periods - 1e-9)


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def _short_hashes(names: list[str]) -> Integers:
    """Return 16-bit hashes of KPI names, 0 left to what has no name; collisions are refused."""
    hashes = [1 + _hash(name) % 0xFFFF for name in names]
    for index, value in enumerate(hashes):
        if value in hashes[:index]:
            other = names[hashes.index(value)]
            rule = f"its address in the random stream is that of '{other}'"
            raise ScenarioError([Problem(f"kpis.{names[index]}", "", rule, "Rename one of them.")])
    return np.array(hashes, dtype=np.int64)
