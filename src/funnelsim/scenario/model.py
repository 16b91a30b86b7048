"""What a scenario is: the frozen, validated objects behind every number.

Each class is one table of a scenario file and each field one key; the words and their meaning are
those of docs/background/model.md. Nothing is computed here beyond what a table implies: a level in
another unit, the scenario of a segment, what an opportunity of a source goes through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario import flow
from funnelsim.scenario.desk import ABSENT, Calendar, Kpi, Market, Policy, Quota
from funnelsim.scenario.economics import Economics, Pay, Sdr, Tier, entry_costs_fit
from funnelsim.scenario.fixing import fix_rep, fix_segments, fix_uncertainty
from funnelsim.scenario.funnel import Activity, Delay, Stage
from funnelsim.scenario.kinds import Name, Probability, Title
from funnelsim.scenario.merge import (
    MOST_VARIANTS,
    plain,
    problems_of_variants,
    replaced,
    variant_of,
)
from funnelsim.scenario.past import DAYS_PER_WEEK, MAX_WEEKS, past_days
from funnelsim.scenario.problems import problems_of
from funnelsim.scenario.rules import RESERVED, RULES
from funnelsim.scenario.segments import over_assignment_of, resolved, targets_of
from funnelsim.scenario.sizes import (
    SIZE_LAWS,
    DealSize,
    SizeLaw,
    SourceSize,
    Whale,
    Windfall,
)
from funnelsim.scenario.tables import Table
from funnelsim.scenario.team import (
    MOST_SEATS,
    MOST_SEGMENTS,
    Attrition,
    Hire,
    Plan,
    Ramp,
    Segment,
)
from funnelsim.scenario.ways import (
    MOST_ASSISTS,
    MOST_SOURCES,
    Assist,
    Effort,
    Response,
    Source,
    Uncertain,
)

__all__ = [
    "DAYS_PER_WEEK",
    "MAX_WEEKS",
    "RESERVED",
    "SIZE_LAWS",
    "Activity",
    "Assist",
    "Attrition",
    "Calendar",
    "DealSize",
    "Delay",
    "Economics",
    "Effort",
    "Hire",
    "Kpi",
    "Market",
    "Pay",
    "Plan",
    "Policy",
    "Quota",
    "Ramp",
    "Response",
    "Scenario",
    "Sdr",
    "Segment",
    "SizeLaw",
    "Source",
    "SourceSize",
    "Stage",
    "Tier",
    "Uncertain",
    "Whale",
    "Windfall",
]

ALONE = "rep"  # the one segment of a scenario that states none


class Scenario(Table):
    """A rep or a team, the plan that they work, and the world around it.

    Built by :func:`funnelsim.load`, :func:`funnelsim.preset` or from keyword arguments; changed
    with :meth:`replace`, which returns another one. Every mistake is reported at once.

    Without segments it is the scenario of one rep, or of several alike. With segments, what stands
    at the top is what they have in common: a table that every segment states may be missing there,
    and numbers are those of ``team``, the scenarios of the segments.

    Raises
    ------
    ScenarioError
        Listing every problem with path, value, rule and remedy.
    """

    rules = (*RULES, entry_costs_fit)

    name: Title = Field(description="What the scenario is called in tables and charts.")
    currency: Annotated[str, Field(min_length=1, max_length=8, pattern=r"^[A-Za-z]+$")] = Field(
        "USD", description="A label; one per scenario."
    )
    skill_correlation: Probability = Field(
        0.0, description="How much of skill is common to activity, conversions and size."
    )
    skill_loadings: dict[str, Annotated[float, Field(ge=-1, le=1)]] = Field(
        {}, description="By name instead: 'activity', a stage, or 'size'."
    )
    headcount: Annotated[int, Field(ge=0, le=MOST_SEATS)] = Field(
        1, description="Seats that are filled on day 0."
    )
    quota: Quota = ABSENT
    calendar: Calendar = Calendar.model_construct()
    plan: Plan | None = None
    activity: Activity = ABSENT
    effort: Effort | None = None
    stages: Annotated[tuple[Stage, ...], Field(strict=False, min_length=1, max_length=8)] = ABSENT
    sources: Annotated[tuple[Source, ...], Field(strict=False, max_length=MOST_SOURCES)] = ()
    assists: Annotated[tuple[Assist, ...], Field(strict=False, max_length=MOST_ASSISTS)] = ()
    deal_size: DealSize = ABSENT
    windfall: Windfall | None = None
    policy: Policy = Policy.model_construct()
    market: Market = Market.model_construct()
    uncertainty: Annotated[dict[str, Uncertain], Field(max_length=100)] = Field(
        {}, description="Numbers that are not known well, by their path in quotes."
    )
    ramp: Ramp | None = None
    attrition: Attrition | None = None
    hiring: Annotated[tuple[Hire, ...], Field(strict=False, max_length=1_000)] = ()
    pay: Pay | None = None
    economics: Economics = Economics.model_construct()
    kpis: Annotated[tuple[Kpi, ...], Field(strict=False, max_length=50)] = ()
    segments: Annotated[tuple[Segment, ...], Field(strict=False, max_length=MOST_SEGMENTS)] = ()
    variants: Annotated[
        dict[Name, dict[str, Any]], Field(max_length=MOST_VARIANTS), AfterValidator(plain)
    ] = Field({}, description="What-if variants: only what differs.")

    def __init__(self, /, **data: Any) -> None:
        problems: tuple[Problem, ...] = ()
        if data.get("effort") is not None and not data.get("segments"):
            data.setdefault("activity", {})  # it states no level then, and nothing else need be
        try:
            super().__init__(**data)
        except ValidationError as error:
            problems = problems_of(error, type(self), data)
        stated = data if problems else self
        if data.get("segments"):
            team, found = resolved(type(self), stated, problems)
            problems += found
            if not problems:
                problems += fix_segments(self, team)
        problems += problems_of_variants(type(self), stated, problems)
        if problems:
            raise ScenarioError(problems)

    @model_validator(mode="after")
    def _resolve(self) -> Self:
        """Fill in what a rep needs and need not state, once and for all changes."""
        fix_uncertainty(self)
        if not self.segments:
            fix_rep(self)
        return self

    @property
    def team(self) -> dict[str, Scenario]:
        """The scenario of each segment by its name; "rep" is the scenario itself without any."""
        return dict(self._of_segments) if self.segments else {ALONE: self}

    @cached_property
    def _of_segments(self) -> dict[str, Scenario]:
        return resolved(type(self), self, ())[0]

    @property
    def seats(self) -> int:
        """Seats of the whole horizon: those filled on day 0, and those of all hiring."""
        if self.segments:
            return sum(each.seats for each in self.team.values())
        return self.headcount + sum(hire.reps for hire in self.hiring)

    @property
    def hire_weeks(self) -> tuple[int | None, ...]:
        """Week in which each seat is filled first, None on day 0; in the order of seats."""
        if self.segments:
            return tuple(week for each in self.team.values() for week in each.hire_weeks)
        hired = (week for hire in self.hiring for week in (hire.week,) * hire.reps)
        return (*(None,) * self.headcount, *hired)

    @property
    def targets(self) -> tuple[float, ...] | None:
        """Target of the company for each quarter, currency; None without a plan."""
        return targets_of(self)

    @property
    def target(self) -> float | None:
        """Target of the company for a quarter, currency, on average; None without a plan."""
        targets = self.targets
        return None if targets is None else math.fsum(targets) / len(targets)

    @property
    def over_assignment(self) -> float | None:
        """Sum of the quotas of the seats of day 0 over the target; None without a plan."""
        return over_assignment_of(self)

    @property
    def activities_per_week(self) -> float:
        """Mean activities a week that the scenario states, or that the hours of effort allow."""
        if self.activity.per_week is not None:
            return self.activity.per_week
        if self.activity.per_quarter is not None:
            return self.activity.per_quarter / self.calendar.weeks_per_quarter
        return self._level

    @cached_property
    def _level(self) -> float:
        return flow.level_of(self)

    @property
    def quotas(self) -> tuple[float, ...]:
        """Quota of each quarter, currency, or wins where the quota is one of wins."""
        stated = self.quota.per_quarter
        return stated if isinstance(stated, tuple) else (stated,) * self.calendar.quarters

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order of the funnel."""
        return tuple(stage.name for stage in self.stages)

    @property
    def past_weeks(self) -> int:
        """Weeks before day 0 whose deals by activity may still be open; 0 for an empty start."""
        return self.past_weeks_of(None)

    def past_weeks_of(self, source: Source | None) -> int:
        """Return the weeks before day 0 whose deals by a source may still be open.

        Parameters
        ----------
        source : Source or None
            None for the rep's own activity.
        """
        if self.calendar.start == "empty":
            return 0
        through = self.stages_of(source)[self.first_stage_of(source) :]
        return math.ceil(past_days(through) / DAYS_PER_WEEK)

    def stages_of(self, source: Source | None) -> tuple[Stage, ...]:
        """Return all stages with the conversions and days of a source; None for activity.

        The response of a source is in its conversions. Those of stages up to the one that it
        enters are without meaning.
        """
        return flow.stages_of(self, source)

    def first_stage_of(self, source: Source | None) -> int:
        """Return the number of the stage that a source enters; 0 for activity."""
        return flow.first_stage_of(self, source)

    def deal_size_of(self, source: Source | None) -> DealSize:
        """Return the sizes of a source's deals; 1 each where the quota is one of wins."""
        return flow.deal_size_of(self, source)

    def coverage_of(self, assist: Assist) -> float:
        """Return the share of the opportunities before its stage that get an assist."""
        if assist.coverage is not None or assist.reference_per_quarter is not None:
            return flow.coverage_of(assist)
        before = flow.flow_of(self, self.activities_per_week).before
        return flow.coverage_of(assist, before[assist.name])

    def loading(self, name: str) -> float:
        """Return the loading of 'activity', a stage or 'size' on the rep's common skill."""
        return self.skill_loadings.get(name, math.sqrt(self.skill_correlation))

    def replace(self, changes: Mapping[str, Any]) -> Scenario:
        """Return the scenario with the values at some paths changed.

        Parameters
        ----------
        changes : mapping of str to value
            Paths such as ``activity.per_quarter`` or ``stages.won.conversion``.

        Raises
        ------
        ScenarioError
            Where a path or a value is wrong; nothing is changed then.

        Examples
        --------
        >>> import funnelsim as fs
        >>> plan = fs.preset("sales_math")
        >>> plan.replace({"stages.won.conversion": 0.30}).stages[-1].conversion
        0.3
        """
        return replaced(self, changes)

    def variant(self, name: str) -> Scenario:
        """Return one of the scenario's variants as a scenario of its own.

        Raises
        ------
        ScenarioError
            Where there is no such variant, or the scenario was changed so that it no longer fits.

        Examples
        --------
        >>> import funnelsim as fs
        >>> fs.preset("sales_math").variant("floor").policy.floor_per_week
        58
        """
        return variant_of(self, name)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields changed, unchecked; what was derived is derived anew."""
        copy = super().model_copy(update=update, deep=deep)
        for key in ("_of_segments", "_level"):
            copy.__dict__.pop(key, None)
        return copy

    def _repr_html_(self) -> str:
        """Return the table that a notebook shows."""
        from funnelsim.scenario.notebook import as_html

        return as_html(self)


Segment.whole = Scenario
