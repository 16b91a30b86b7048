"""Scenario -> records and their data: the only place where labels become integers."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.laws import LawBook, sigma_of
from funnelsim.engine.past import lost_days_of, past_of, slots_of
from funnelsim.engine.record import MOST_ASSISTS, PLAN
from funnelsim.engine.settings import FARTHEST, Settings, settings_of
from funnelsim.engine.stream import has_careers, renewed, short_hashes, sources_of
from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.model import MAX_WEEKS, DealSize, Scenario, SizeLaw, Source, Stage

Floats = npt.NDArray[np.float64]

WIDEST_WEEK = 1 << 21  # activities: the width of a table of counts


class Packed(NamedTuple):
    """A segment as the kernels read it."""

    plans: npt.NDArray[np.void]  # one record of PLAN for each source
    settings: npt.NDArray[np.void]  # records of SETTING
    data: Floats  # quantile tables, empirical values, thresholds of the past, weeks of hiring
    sources: tuple[str, ...]
    columns: int  # of the counts that a quarter fills
    amounts: int  # of money
    widest_week: float  # activities that hardly any rep in hardly any week exceeds
    most_windfalls: float  # likewise, a quarter


def pack(
    scenario: Scenario,
    *,
    pipeline: bool = False,
    redraw: Collection[str] = (),
    whole_past: bool = False,
    by_source: bool = False,
) -> Packed:
    """Return a segment as the kernels read it.

    Parameters
    ----------
    scenario : Scenario
        Without segments of its own.
    pipeline : bool
        Whether to follow every opportunity to its end, for the arrays of ``PIPELINE_SAMPLES``.
    redraw : collection of str
        Purposes to be drawn anew, see :func:`funnelsim.engine.stream.purposes_of`.
    whole_past : bool
        Whether to keep the opportunities of the past that can no longer matter.
    by_source : bool
        Whether to keep bookings and wins by source; always done where there are several.

    Raises
    ------
    ArgumentError
        Where there is no purpose of a name.
    ScenarioError
        Where two names would share an address, losses stay open longer than one is wide, or a week
        may bring more activities or entries than can be followed.
    """
    laws = LawBook()
    sources = (None, *scenario.sources)
    plans = np.zeros(len(sources), PLAN)
    plan = plans[0]
    plan["pipeline"], plan["by_source"] = pipeline, by_source or len(sources) > 1
    plan["renewed"], plan["renewed_words"] = renewed(scenario, redraw)
    for state in (
        _state_calendar, _state_activity, _state_windfalls, _state_assists, _state_team,
        _state_kpis, _state_normal,
    ):  # fmt: skip
        state(scenario, plan, laws)
    plans[1:] = plan
    for number, source in enumerate(sources):
        own = laws if number == 0 else laws.branch()
        _state_source(scenario, source, number, plans[number], own, pipeline, whole_past)
    plans["origin_quarter"] = -(-plans["past_weeks"].max() // scenario.calendar.weeks_per_quarter)
    settings = settings_of(scenario, plans, laws)
    plans["skilled"] = _differ(plans)
    plans["drawn_days"] = settings.set_any(kernels.SET_DAYS, kernels.SET_LOST_DAYS)
    columns, amounts = _state_columns(scenario, plans)
    width = _widest_week(plan) * settings.most(kernels.SET_LEVEL)
    _check_width(plans, width, settings)
    windfalls = float(plan["windfalls_per_quarter"]) * settings.most(kernels.SET_WINDFALLS)
    return Packed(
        plans, settings.rows, laws.data(), sources_of(scenario), columns, amounts, width, windfalls
    )


def periods_needed(per: str, share: float, weeks_per_quarter: int) -> int:
    """Return the periods of a quarter that have to be hit: hits >= share * periods - 1e-9."""
    periods = {"week": weeks_per_quarter, "month": 3, "quarter": 1}[per]
    return math.ceil(share * periods - 1e-9)


def _differ(plans: npt.NDArray[np.void]) -> bool:
    """Return whether reps differ in skill."""
    return bool(
        plans["activity_sigma"].any()
        or plans["size_sigma"].any()
        or any((plan["conversion_law"][: plan["stages"]] >= 0).any() for plan in plans)
    )


def _widest_week(plan: np.void) -> float:
    """Return the activities that even the ablest rep in the busiest week does not exceed.

    But for 1e-10 of the reps and 1e-15 of the weeks.
    """
    ablest = plan["mean_per_week"] * math.exp(FARTHEST * plan["activity_sigma"])
    return float(ablest * (40 / plan["week_shape"] + 2 if plan["week_shape"] else 2)) + 1_000


def _check_width(plans: npt.NDArray[np.void], width: float, settings: Settings) -> None:
    """Refuse activity so extreme that a week would not fit a table, or its entries an index."""
    plan = plans[0]
    uneven = (
        plan["market_sigma"] or plan["conversion_law"][0] >= 0 or plan["elasticity"] < 1
    ) or settings.rows.size
    busiest = plan["season"].max() * (10 if uneven else 1)
    entries = width * min(plan["conversion"][0] * busiest, 1.0)
    if width > WIDEST_WEEK or entries > kernels.MOST_ENTRIES:
        rule = f"a week may bring {width:,.0f} activities and {entries:,.0f} entries"
        remedy = (
            f"At most {WIDEST_WEEK:,} and {kernels.MOST_ENTRIES:,} can be followed: lower "
            "per_week, rep_cv or week_cv."
        )
        value = f"{plan['mean_per_week']:g} a week"
        raise ScenarioError([Problem("activity", value, rule, remedy)])
    inflow = float(plans["rate"].max()) * busiest * settings.most(kernels.SET_RATE) * 2 + 1_000
    if inflow > kernels.MOST_ENTRIES:
        rule = f"a week may bring {inflow:,.0f} entries; {kernels.MOST_ENTRIES:,} can be followed"
        raise ScenarioError([Problem("sources", "", rule, "Lower per_week.")])


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
    plan["cap"] = kernels.UNLIMITED if policy.cap_per_week is None else policy.cap_per_week
    plan["adherence"] = policy.adherence
    plan["policy_start"] = -MAX_WEEKS if policy.start_week is None else policy.start_week


def _state_windfalls(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State what comes by itself."""
    if scenario.windfall is not None:
        plan["windfalls_per_quarter"] = scenario.windfall.per_quarter
        plan["windfall_law"] = laws.size(scenario.windfall)


def _state_assists(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State who is helped, and what it does."""
    assists = scenario.assists
    if len(assists) > MOST_ASSISTS:
        raise ScenarioError([Problem("assists", "", f"there can be {MOST_ASSISTS}", "")])
    plan["assists"] = len(assists)
    names = short_hashes([assist.name for assist in assists], "assists")
    plan["assist_name"][: len(assists)] = names
    for a, assist in enumerate(assists):
        plan["assist_stage"][a] = scenario.stage_names.index(assist.at)
        plan["assist_coverage"][a] = scenario.coverage_of(assist)
        plan["assist_odds"][a], plan["assist_size"][a] = assist.odds, assist.size


def _state_team(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State who sits where from when on, who ramps, and who leaves."""
    ramp, attrition = scenario.ramp, scenario.attrition
    plan["headcount"] = scenario.headcount
    plan["hired"] = laws.place(np.array([w for w in scenario.hire_weeks if w is not None], float))
    plan["careers"] = has_careers(scenario)
    if ramp is not None:
        plan["ramp_weeks"], plan["ramp_from"] = ramp.weeks, ramp.at_hire
        plan["ramp_sigma"] = sigma_of(ramp.weeks_cv)
    if attrition is None:
        return
    plan["leaving"] = math.log1p(-attrition.per_year) / 52
    plan["fill_weeks"], plan["fill_sigma"] = attrition.fill_weeks, sigma_of(attrition.fill_weeks_cv)
    plan["handover"] = attrition.handover
    weeks = scenario.calendar.quarters * scenario.calendar.weeks_per_quarter
    if attrition.per_year and weeks >= kernels.MOST_HIRES:
        rule = f"with attrition a horizon can have {kernels.MOST_HIRES - 1} weeks, not {weeks}"
        raise ScenarioError([Problem("calendar.quarters", "", rule, "Shorten it.")])


def _state_kpis(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State what the KPIs count."""
    kpis, assists = scenario.kpis, [assist.name for assist in scenario.assists]
    metrics = {"activities": kernels.KPI_ACTIVITIES, "pipeline": kernels.KPI_PIPELINE}
    metrics |= dict.fromkeys(assists, kernels.KPI_ASSIST)
    plan["kpis"] = len(kpis)
    plan["kpi_name"][: len(kpis)] = short_hashes([kpi.name for kpi in kpis], "kpis")
    for k, kpi in enumerate(kpis):
        counted = kpi.at if kpi.metric == "pipeline" else kpi.metric
        for names in (list(scenario.stage_names), assists):
            if counted is not None and counted in names:
                plan["kpi_stage"][k] = names.index(counted)
        plan["kpi_metric"][k] = metrics.get(kpi.metric, kernels.KPI_STAGE)
        plan["kpi_period"][k] = ("week", "month", "quarter").index(kpi.per)
        plan["kpi_logged"][k] = kpi.logged
        plan["kpi_target"][k] = kpi.target
        if kpi.metric == "pipeline":  # amounts add up with rounding, counts do not
            plan["kpi_target"][k] *= 1 - 1e-9
            plan["pipeline_kpis"] = 1


def _state_normal(scenario: Scenario, plan: np.void, laws: LawBook) -> None:
    """State the normal law where something is lognormal or Beta by rep, quarter or hire."""
    spreads = (
        plan[name] for name in ("market_sigma", "activity_sigma", "ramp_sigma", "fill_sigma")
    )
    sizes = scenario.deal_size.rep_cv, *(stage.rep_cv for stage in scenario.stages)
    if any(spreads) or any(sizes):
        plan["normal_law"] = laws.tabled("normal")


def _state_source(
    scenario: Scenario,
    source: Source | None,
    number: int,
    plan: np.void,
    laws: LawBook,
    pipeline: bool,
    whole_past: bool,
) -> None:
    """State one way into the funnel: its stages, sizes and past."""
    stages, first = scenario.stages_of(source), scenario.first_stage_of(source)
    plan["source"], plan["first"] = number, first
    if source is not None:
        plan["inflow"], plan["rate"] = 1, source.rate_per_week
    _state_stages(scenario, stages, first, plan, laws)
    _state_sizes(scenario, scenario.deal_size_of(source), plan, laws)
    plan["words"] = _words(
        scenario, scenario.deal_size_of(source), stages[first], has_careers(scenario)
    )
    weeks = scenario.past_weeks_of(source)
    past = past_of(stages[first:], weeks, scenario.calendar.start, pipeline, whole_past)
    plan["slots"], plan["past_weeks"] = past.shape[1:]
    plan["past"] = laws.place(past.ravel())
    laws.write(plan)


def _state_stages(
    scenario: Scenario, stages: tuple[Stage, ...], first: int, plan: np.void, laws: LawBook
) -> None:
    """State conversions and delays."""
    plan["stages"] = len(stages)
    plan["slot"] = -1
    plan["slot"][first : len(stages)] = slots_of(stages[first:])
    for s, stage in enumerate(stages):
        plan["conversion"][s] = stage.conversion
        plan["conversion_law"][s] = laws.conversion(stage)
        plan["stage_loading"][s] = scenario.loading(stage.name)
        plan["stalled"][s] = stage.stalled
        plan["days"][s] = stage.days
        plan["lost_days"][s] = lost_days_of(stage)
        plan["delay_law"][s] = laws.delay(stage)


def _words(scenario: Scenario, size: SizeLaw, entered: Stage, careers: bool) -> int:
    """Return the words of an opportunity: whole blocks, up to the last that is looked at."""
    whale, digits, first_delay, handover = (2 * len(scenario.stages) + i for i in range(4))
    last = first_delay if entered.days else whale
    if size.law in ("pareto", "empirical"):
        last = max(last, digits)
    if careers:
        last = handover
    return 4 * (last // 4 + 1)


def _state_sizes(scenario: Scenario, size: DealSize, plan: np.void, laws: LawBook) -> None:
    """State deal sizes and whales."""
    plan["whale_multiple"] = 1.0
    plan["size_law"] = laws.size(size)
    plan["size_sigma"] = sigma_of(size.rep_cv)
    plan["size_loading"] = scenario.loading("size")
    if size.whale is not None:
        plan["whale_probability"] = size.whale.probability
        plan["whale_multiple"] = size.whale.multiple


def _state_columns(scenario: Scenario, plans: npt.NDArray[np.void]) -> tuple[int, int]:
    """State which columns of counts and of money hold what; return how many there are."""
    sources = len(plans) * int(plans["by_source"][0])
    column = int(kernels.FIRST_FREE)
    for name, length in (
        ("reached", len(scenario.stages)),
        ("hits", len(scenario.kpis)),
        ("assisted", len(scenario.assists)),
        ("won_by_source", sources),
        ("flows", kernels.FLOWS if plans["pipeline"][0] else 0),
    ):
        plans[name] = column
        column += length
    in_seat = int(kernels.AMOUNTS) + sources
    amounts = in_seat + 2 * int(plans["careers"][0])
    plans["in_seat"], plans["columns"], plans["amounts"] = in_seat, column, amounts
    return column, amounts
