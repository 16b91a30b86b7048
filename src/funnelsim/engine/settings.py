"""Uncertain parameters: which numbers of which records each of them sets, draw by draw."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.engine.laws import LawBook, sigma_of
from funnelsim.engine.record import SETTING
from funnelsim.engine.stream import short_hashes
from funnelsim.scenario.model import Scenario, Source
from funnelsim.scenario.wording import parts_of

Records = npt.NDArray[np.void]

FARTHEST = 6.5  # standard deviations that nothing exceeds but for 1e-10


class Settings(NamedTuple):
    """What each draw sets in the records, and how far it can go."""

    rows: Records  # of SETTING
    farthest: dict[int, float]  # by kind, in multiples of the stated value

    def most(self, kind: int) -> float:
        """Return how many times what is stated a number may come to."""
        return self.farthest.get(kind, 1.0)

    def set_any(self, *kinds: int) -> bool:
        """Return whether something of these kinds is uncertain."""
        return any(kind in self.farthest for kind in kinds)


class _Target(NamedTuple):
    """A number that a parameter sets, as a multiple of the parameter."""

    plan: int
    kind: int
    at: int = 0
    times: float = 1.0


class _Parameter(NamedTuple):
    """An uncertain parameter: its mean, whether its law is a Beta, and the numbers it sets."""

    mean: float
    is_probability: bool
    targets: list[_Target]


def settings_of(scenario: Scenario, plans: Records, laws: LawBook) -> Settings:
    """Return what each uncertain parameter sets; skill around a drawn conversion is prepared.

    Around a conversion that is drawn, skill keeps the concentration a + b that its Beta law has at
    the stated mean, so that the law exists whatever is drawn.

    Raises
    ------
    ScenarioError
        Where the luck of two parameters would share an address.
    """
    uncertainty = scenario.uncertainty
    names = list(dict.fromkeys(each.luck or path for path, each in uncertainty.items()))
    hashes = dict(zip(names, short_hashes(names, "uncertainty"), strict=True))
    rows, farthest = [], {}
    for path, uncertain in uncertainty.items():
        parameter = _parameter(scenario, plans, path)
        if not (parameter.mean and uncertain.cv):
            continue
        if parameter.is_probability:
            table, scale = laws.table("beta", parameter.mean, uncertain.cv), 1.0
        else:
            table, scale = laws.table("lognormal", uncertain.cv), parameter.mean
        for plan, kind, at, times in parameter.targets:
            rows.append((hashes[uncertain.luck or path], plan, kind, at, scale * times, *table))
            farthest[kind] = math.exp(FARTHEST * sigma_of(uncertain.cv))
            if kind == kernels.SET_CONVERSION:
                _keep_concentration(scenario, plans, plan, at)
    return Settings(np.array(rows, SETTING), farthest)


def _parameter(scenario: Scenario, plans: Records, path: str) -> _Parameter:
    """Return what a path stands for."""
    parts = parts_of(path) or ()
    match parts:
        case ("stages", name, "conversion"):
            return _conversion(scenario, scenario.stage_names.index(name))
        case ("stages", name, "days"):
            return _days(scenario, scenario.stage_names.index(name))
        case ("sources", name, "conversion", stage):
            return _conversion_of_source(scenario, name, scenario.stage_names.index(stage))
        case ("sources", name, "per_week"):
            number = [source.name for source in scenario.sources].index(name)
            rate = scenario.sources[number].rate_per_week
            return _Parameter(rate, False, [_Target(number + 1, kernels.SET_RATE)])
        case ("assists", name, key):
            number = [assist.name for assist in scenario.assists].index(name)
            assist = scenario.assists[number]
            if key == "coverage":
                every = _everywhere(plans, kernels.SET_COVERAGE, number)
                return _Parameter(scenario.coverage_of(assist), True, every)
            return _Parameter(assist.odds, False, _everywhere(plans, kernels.SET_ODDS, number))
        case ("deal_size", "mean" | "minimum" as key):
            return _size(scenario, plans, key)
        case ("deal_size", "whale", "probability"):
            whale = scenario.deal_size.whale
            same = [_Target(plan, kernels.SET_WHALES) for plan in _inheriting(scenario, ("whale",))]
            return _Parameter(whale.probability if whale else 0.0, True, same)
    return _of_the_segment(scenario, plans, ".".join(parts))


def _of_the_segment(scenario: Scenario, plans: Records, path: str) -> _Parameter:
    """Return a parameter that has one number only."""
    windfall, ramp, attrition = scenario.windfall, scenario.ramp, scenario.attrition
    match path:
        case "activity.per_week" | "activity.per_quarter":
            return _Parameter(scenario.activities_per_week, False, [_Target(0, kernels.SET_LEVEL)])
        case "windfall.per_quarter" if windfall is not None:
            return _Parameter(windfall.per_quarter, False, [_Target(0, kernels.SET_WINDFALLS)])
        case "windfall.mean" if windfall is not None:
            law = int(plans["windfall_law"][0])
            return _Parameter(windfall.law_mean, False, [_Target(0, kernels.SET_LAW, law)])
        case "policy.adherence":
            target = _Target(0, kernels.SET_ADHERENCE)
            return _Parameter(scenario.policy.adherence, True, [target])
        case "ramp.weeks" if ramp is not None:
            return _Parameter(ramp.weeks, False, [_Target(0, kernels.SET_RAMP)])
        case "attrition.per_year" if attrition is not None:
            return _Parameter(attrition.per_year, True, [_Target(0, kernels.SET_LEAVING)])
        case "attrition.handover" if attrition is not None:
            return _Parameter(attrition.handover, True, _everywhere(plans, kernels.SET_HANDOVER))
    raise AssertionError(path)  # the scenario knows which parameters can be uncertain


def _everywhere(plans: Records, kind: int, index: int = 0) -> list[_Target]:
    return [_Target(plan, kind, index) for plan in range(len(plans))]


def _conversion(scenario: Scenario, stage: int) -> _Parameter:
    """Return a stage's conversion, for every source that inherits it."""
    own = scenario.stages[stage]
    targets = [_Target(0, kernels.SET_CONVERSION, stage)]
    for number, source in enumerate(scenario.sources, start=1):
        inherits = own.name not in source.conversion
        if own.conversion and inherits and stage > scenario.first_stage_of(source):
            times = _lift(scenario, source, stage)
            targets.append(_Target(number, kernels.SET_CONVERSION, stage, times))
    return _Parameter(own.conversion, True, targets)


def _conversion_of_source(scenario: Scenario, name: str, stage: int) -> _Parameter:
    """Return a source's own conversion of a stage."""
    number = [source.name for source in scenario.sources].index(name)
    source = scenario.sources[number]
    own = source.conversion[scenario.stage_names[stage]]
    target = _Target(number + 1, kernels.SET_CONVERSION, stage, _lift(scenario, source, stage))
    return _Parameter(own, True, [target] if stage > scenario.first_stage_of(source) else [])


def _lift(scenario: Scenario, source: Source, stage: int) -> float:
    """Return what the response of a source multiplies a conversion by; cut at 1 as it is drawn."""
    answered = source.response is not None and stage == scenario.first_stage_of(source) + 1
    return source.response.factor if answered and source.response is not None else 1.0


def _days(scenario: Scenario, stage: int) -> _Parameter:
    """Return a stage's mean delay, for every source that inherits it, and for losses likewise."""
    own, targets = scenario.stages[stage], []
    for number, source in enumerate((None, *scenario.sources)):
        if source is None or own.name not in source.days:
            targets.append(_Target(number, kernels.SET_DAYS, stage))
            if own.lost_days is None:
                targets.append(_Target(number, kernels.SET_LOST_DAYS, stage))
    return _Parameter(float(own.days), False, targets)


def _size(scenario: Scenario, plans: Records, key: str) -> _Parameter:
    """Return the mean or minimum of deal sizes, for every source that inherits it."""
    own = getattr(scenario.deal_size, key)
    targets = [
        _Target(plan, kernels.SET_LAW, int(plans["size_law"][plan]))
        for plan in _inheriting(scenario, (key, "law"))
    ]
    return _Parameter(own, False, targets)


def _inheriting(scenario: Scenario, keys: tuple[str, ...]) -> list[int]:
    """Return the numbers of the sources that state none of these keys of sizes themselves."""
    sizes = (None, *(source.deal_size for source in scenario.sources))
    return [
        number
        for number, size in enumerate(sizes)
        if size is None or not size.model_fields_set.intersection(keys)
    ]


def _keep_concentration(scenario: Scenario, plans: Records, plan: int, stage: int) -> None:
    """Note the a + b of skill's Beta law around a conversion that will be drawn."""
    cv, mean = scenario.stages[stage].rep_cv, plans["conversion"][plan, stage]
    if cv and 0 < mean < 1:
        plans["concentration"][plan, stage] = (1 - mean) / (mean * cv * cv) - 1
