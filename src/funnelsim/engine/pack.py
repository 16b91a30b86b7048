"""Scenario -> struct of arrays: the only place where labels become integers.

The past is prepared here too: the thresholds that an opportunity's delays have to exceed for it to
matter at day 0 (derived in docs/randomness.md).
"""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels, tables
from funnelsim.errors import Problem, ScenarioError
from funnelsim.registry import SEGMENT
from funnelsim.scenario.model import DAYS_PER_WEEK, MAX_WEEKS, Scenario, SizeLaw, Stage
from funnelsim.scenario.past import past_days

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SOURCE = "activity"
UNLIMITED = np.iinfo(np.int32).max
TILT = 0.75  # how a threshold grows with the mean delay; cuts the candidates of two stages by 20 %


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


def pack(scenario: Scenario, *, pipeline: bool = False) -> Packed:
    """Return the scenario as the kernels read it.

    Parameters
    ----------
    scenario : Scenario
    pipeline : bool
        Whether to follow every opportunity to its end, for the arrays of ``PIPELINE_SAMPLES``.

    Raises
    ------
    ScenarioError
        Where two KPIs would share an address, or losses stay open longer than one is wide.
    """
    laws = _LawBook()
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
    past = _past(scenario, pipeline)
    plan["pipeline"] = pipeline
    plan["slots"], plan["past_weeks"] = past.shape[1:]
    plan["past_quarters"] = -(-past.shape[2] // scenario.calendar.weeks_per_quarter)
    plan["past"] = laws.place(past.ravel())
    plan["reached"] = kernels.FIRST_FREE
    plan["hits"] = plan["reached"] + plan["stages"]
    plan["flows"] = plan["hits"] + plan["kpis"]
    data = laws.close(plan)
    return Packed(plans, data, int(plan["flows"]) + (kernels.FLOWS if pipeline else 0))


def _state_calendar(scenario: Scenario, plan: np.void, laws: _LawBook) -> None:
    """State the horizon and the market."""
    weeks, market = scenario.calendar.weeks_per_quarter, scenario.market
    plan["quarters"] = scenario.calendar.quarters
    plan["weeks_per_quarter"] = weeks
    plan["days_per_quarter"] = 7.0 * weeks
    plan["quarters_per_day"] = 1 / (7.0 * weeks)
    plan["horizon_days"] = 7.0 * weeks * scenario.calendar.quarters
    plan["market_sigma"] = _sigma(market.cv)
    plan["persistence"] = market.persistence
    plan["season"] = market.season


def _state_activity(scenario: Scenario, plan: np.void, laws: _LawBook) -> None:
    """State weekly activity and the policy about it."""
    activity, policy = scenario.activity, scenario.policy
    plan["mean_per_week"] = scenario.activities_per_week
    plan["week_shape"] = 1 / activity.week_cv**2 if activity.week_cv else 0.0
    plan["activity_sigma"] = _sigma(activity.rep_cv)
    plan["activity_loading"] = scenario.loading("activity")
    plan["elasticity"] = activity.elasticity
    plan["reference"] = activity.reference_per_week or scenario.activities_per_week
    plan["floor"] = policy.floor_per_week or 0
    plan["cap"] = UNLIMITED if policy.cap_per_week is None else policy.cap_per_week
    plan["adherence"] = policy.adherence
    plan["policy_start"] = -MAX_WEEKS if policy.start_week is None else policy.start_week


def _state_stages(scenario: Scenario, plan: np.void, laws: _LawBook) -> None:
    """State conversions and delays."""
    plan["stages"] = len(scenario.stages)
    for s, stage in enumerate(scenario.stages):
        plan["conversion"][s] = stage.conversion
        plan["conversion_law"][s] = laws.conversion(stage)
        plan["stage_loading"][s] = scenario.loading(stage.name)
        plan["stalled"][s] = stage.stalled
        plan["days"][s] = stage.days
        plan["lost_days"][s] = _lost_days(stage)
        plan["delay_law"][s] = laws.delay(stage)
    plan["slot"][: len(scenario.stages)] = _slots(scenario.stages)
    whale, digits, first_delay = (2 * len(scenario.stages) + i for i in range(3))
    last = first_delay if scenario.stages[0].days else whale
    if scenario.deal_size.law in ("pareto", "empirical"):
        last = max(last, digits)
    plan["words"] = 4 * (last // 4 + 1)


def _state_sizes(scenario: Scenario, plan: np.void, laws: _LawBook) -> None:
    """State deal sizes, whales and windfalls."""
    size, whale, windfall = scenario.deal_size, scenario.deal_size.whale, scenario.windfall
    plan["size_law"] = laws.size(size)
    plan["size_sigma"] = _sigma(size.rep_cv)
    plan["size_loading"] = scenario.loading("size")
    plan["whale_multiple"] = 1.0
    if whale is not None:
        plan["whale_probability"], plan["whale_multiple"] = whale.probability, whale.multiple
    if windfall is not None:
        plan["windfalls_per_quarter"] = windfall.per_quarter
        plan["windfall_law"] = laws.size(windfall)


def _state_kpis(scenario: Scenario, plan: np.void, laws: _LawBook) -> None:
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


def stream_keys(seed: int) -> tuple[tuple[np.uint64, np.uint64], ...]:
    """Return the Philox keys of world, rep and source.

    ``numpy.random.SeedSequence`` mixes the seed with hashes of the names (NumPy promises its
    stream).
    """
    names = ((), (_hash(SEGMENT),), (_hash(SEGMENT), _hash(SOURCE)))
    keys = [np.random.SeedSequence(seed, spawn_key=name).generate_state(2) for name in names]
    return tuple((np.uint64(key[0]), np.uint64(key[1])) for key in keys)


def periods_needed(per: str, share: float, weeks_per_quarter: int) -> int:
    """Return the periods of a quarter that have to be hit: hits >= share * periods - 1e-9."""
    periods = {"week": weeks_per_quarter, "month": 3, "quarter": 1}[per]
    return math.ceil(share * periods - 1e-9)


class _LawBook:
    """Collects quantile laws and the numbers they look up; equal laws share a table."""

    def __init__(self) -> None:
        self._laws: list[tuple[int, float, float, int, int]] = []
        self._data: list[Floats] = []
        self._length = 0
        self._known: dict[tuple[object, ...], tuple[int, int]] = {}

    def conversion(self, stage: Stage) -> int:
        """Return the law of a rep's own conversion, -1 where all reps have the same."""
        mean, cv = stage.conversion, stage.rep_cv
        if not cv or not mean:
            return -1
        return self.tabled("beta", mean, cv)

    def delay(self, stage: Stage) -> int:
        """Return the law of a stage's delay over its mean."""
        delay = stage.delay
        if delay.days is not None:
            return self._empirical(delay.days, 1 / (math.fsum(delay.days) / len(delay.days)))
        return self._spread(delay.law, stage.days_cv, 1.0)

    def size(self, size: SizeLaw) -> int:
        """Return a law of deal sizes."""
        if size.amounts is not None:
            return self._empirical(size.amounts, 1.0)
        if size.minimum is not None and size.shape is not None:
            return self._add(kernels.PARETO, size.minimum, power=-1 / size.shape)
        return self._spread(size.law, size.cv or 0.0, size.law_mean)

    def tabled(self, family: str, *parameters: float, scale: float = 1.0) -> int:
        """Return a tabulated law, looked up where the table stands already."""
        law = (family, *parameters)
        if law not in self._known:
            coefficients, bits = tables.table_of(family, *parameters)
            self._known[law] = self.place(coefficients.ravel()), bits
        first, bits = self._known[law]
        return self._add(kernels.TABLE, scale, first=first, size=bits)

    def place(self, numbers: Floats) -> int:
        """Append numbers to the data and return where they begin."""
        first = self._length
        self._data.append(numbers)
        self._length += numbers.size
        return first

    def close(self, plan: np.void) -> Floats:
        """Write the laws into the record and return the data."""
        names = ("law_kind", "law_scale", "law_power", "law_first", "law_size")
        for number, law in enumerate(self._laws):
            for name, value in zip(names, law, strict=True):
                plan[name][number] = value
        return np.concatenate([*self._data, np.zeros(1)])

    def _spread(self, law: str, cv: float, mean: float) -> int:
        if law == "fixed" or not cv:
            return self._add(kernels.CONSTANT, mean)
        return self.tabled("gamma" if law == "gamma" else "lognormal", cv, scale=mean)

    def _empirical(self, values: tuple[float, ...], scale: float) -> int:
        first = self.place(np.sort(np.array(values, dtype=np.float64)))
        return self._add(kernels.EMPIRICAL, scale, first=first, size=len(values))

    def _add(
        self, kind: int, scale: float, power: float = 0.0, first: int = 0, size: int = 0
    ) -> int:
        self._laws.append((kind, scale, power, first, size))
        return len(self._laws) - 1


def _sigma(cv: float) -> float:
    """Return the sigma of a lognormal with this coefficient of variation."""
    return math.sqrt(math.log1p(cv * cv))


def _lost_days(stage: Stage) -> float:
    return float(stage.days if stage.lost_days is None else stage.lost_days)


def _slots(stages: tuple[Stage, ...]) -> Integers:
    """Return a number for each stage with a delay; the first has no losses to wait for."""
    slots, used = [], 0
    for index, stage in enumerate(stages):
        delayed = stage.days > 0 or (index > 0 and _lost_days(stage) > 0)
        slots.append(used if delayed else -1)
        used += delayed
    return np.array(slots)


def _past(scenario: Scenario, pipeline: bool) -> Floats:
    """Return thresholds and reach of the past, (kind, slot, week), weeks in order of time.

    Kinds are those of the kernels: threshold and reach of the delays of wins, and, among the
    opportunities these leave out, of those whose loss may still be ahead.
    """
    slots = _slots(scenario.stages)
    delayed = [stage for stage, slot in zip(scenario.stages, slots, strict=True) if slot >= 0]
    won = [float(stage.days) for stage in delayed]
    longest = [
        max(float(stage.days), _lost_days(stage) if stage is not scenario.stages[0] else 0.0)
        for stage in delayed
    ]
    weeks = open_weeks = scenario.past_weeks
    if pipeline and scenario.calendar.start == "steady":
        slowest = [
            stage.model_copy(update={"days": days})
            for stage, days in zip(delayed, longest, strict=True)
        ]
        open_weeks = max(weeks, math.ceil(past_days(slowest) / DAYS_PER_WEEK))
        if open_weeks > MAX_WEEKS:
            rule = f"losses stay open up to {open_weeks} weeks; the pipeline of at most {MAX_WEEKS}"
            remedy = "Lower lost_days, or leave the pipeline out."
            raise ScenarioError([Problem("stages", "", f"{rule} can be followed", remedy)])
    theta = _thresholds(delayed, won, open_weeks)
    theta[weeks:] = 1.0
    lower = np.minimum(theta, _thresholds(delayed, longest, open_weeks))
    lower = np.divide(lower, theta, out=np.zeros_like(theta), where=theta > 0)
    kinds = np.stack([theta, _reach(theta), lower, _reach(lower)])  # (kind, age, slot)
    return np.ascontiguousarray(kinds.transpose(0, 2, 1)[:, :, ::-1])


def _thresholds(stages: list[Stage], means: list[float], weeks: int) -> Floats:
    """Return, by age, the uniforms below which no delay can bring an opportunity past day 0.

    If delays sum to more than an age, one of them exceeds its share of that age, whatever the
    shares; an opportunity of week -k is at least 7 (k - 1) days old at day 0.
    """
    weights = np.array([mean**TILT for mean in means])
    theta = np.ones((weeks, max(len(stages), 1)))
    ages = 7.0 * np.arange(weeks)
    for j, (stage, mean) in enumerate(zip(stages, means, strict=True)):
        if mean > 0:
            share = weights[j] / weights.sum()
            theta[:, j] = [_delay_cdf(stage, share * age / mean) for age in ages]
    return theta


def _reach(theta: Floats) -> Floats:
    """Return P(some uniform of this column or a later one exceeds its threshold)."""
    return np.ascontiguousarray(1 - np.cumprod(theta[:, ::-1], axis=1)[:, ::-1])


def _delay_cdf(stage: Stage, x: float) -> float:
    """Return P(delay over its mean <= x)."""
    if stage.delay.days is not None:
        mean = math.fsum(stage.delay.days) / len(stage.delay.days)
        return sum(days <= x * mean for days in stage.delay.days) / len(stage.delay.days)
    if x <= 0:
        return 0.0
    if not stage.days_cv:
        return float(x >= 1)
    if stage.delay.law == "gamma":
        from scipy import special

        shape = 1 / stage.days_cv**2
        return float(special.gammainc(shape, shape * x))
    sigma = _sigma(stage.days_cv)
    return NormalDist().cdf((math.log(x) + sigma * sigma / 2) / sigma)


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
