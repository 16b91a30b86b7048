"""What a scenario is: the frozen, validated objects behind every number.

Each class is one table of a scenario file and each field one key; the words and their meaning are
those of docs/model.md. Nothing is computed here beyond the unit conversions that a table implies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from funnelsim.errors import Problem, ScenarioError
from funnelsim.scenario.kinds import (
    MOST_A_WEEK,
    Amounts,
    Days,
    Law,
    Level,
    Money,
    Name,
    Probability,
    Quotas,
    Spread,
    Title,
    Whole,
)
from funnelsim.scenario.merge import (
    MOST_VARIANTS,
    plain,
    problems_of_variants,
    replaced,
    variant_of,
)
from funnelsim.scenario.past import past_days
from funnelsim.scenario.problems import problems_of
from funnelsim.scenario.tables import Broken, Table, rule
from funnelsim.scenario.wording import did_you_mean

DAYS_PER_WEEK = 7
MAX_WEEKS = 8_000  # of the horizon and of the past alike: the width of an address

RESERVED = ("activity", "activities", "size", "deal_size", "pipeline")  # no names of stages

# The parameters of each size law: it needs them, and the others make no sense beside it.
SIZE_LAWS: dict[str, tuple[str, ...]] = {
    "fixed": ("mean",),
    "lognormal": ("mean", "cv"),
    "gamma": ("mean", "cv"),
    "pareto": ("minimum", "shape"),
    "empirical": ("amounts",),
}


class Quota(Table):
    """What has to be booked for a quarter to be attained."""

    per_quarter: Annotated[
        Annotated[Money, Tag("one")] | Annotated[Quotas, Tag("list")],
        Discriminator(lambda stated: "list" if isinstance(stated, (list, tuple)) else "one"),
    ] = Field(description="Quota of a quarter, or a list by quarter; in the currency.")


class Calendar(Table):
    """The horizon, and what the pipeline holds when it begins."""

    quarters: Annotated[int, Field(ge=1, le=400)] = Field(
        1, description="Length of the horizon in quarters."
    )
    weeks_per_quarter: Annotated[int, Field(ge=3, le=53)] = Field(
        13, description="Weeks of 7 days in a quarter."
    )
    start: Literal["steady", "empty"] = Field(
        "steady",
        description="The pipeline at day 0: 'steady' as if the rep had worked like this for long, "
        "'empty' for a new territory.",
    )


class Activity(Table):
    """The rep's own effort: calls, mails, touches. State per_week or per_quarter."""

    either_or = ("per_week", "per_quarter")

    per_week: Level | None = Field(
        None, description="Mean activities a week; excludes per_quarter."
    )
    per_quarter: Annotated[float, Field(gt=0, le=250_000)] | None = Field(
        None, description="Mean activities a quarter; excludes per_week."
    )
    week_cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        0.0, description="Week-to-week variation beyond the Poisson: cv of a gamma multiplier."
    )
    rep_cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        0.0, description="Spread between reps: cv of a lasting lognormal multiplier."
    )
    elasticity: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="1: twice the activity, twice the entries. Below 1: diminishing returns."
    )
    reference_per_week: Level | None = Field(
        None,
        description="The level at which conversion holds when elasticity is below 1; by default "
        "the level of the base scenario, and then never moved by variants.",
    )


class Delay(Table):
    """The shape of a stage's delay when it is not lognormal."""

    laws: ClassVar = {"lognormal": (), "gamma": (), "empirical": ("days",)}

    law: Literal["lognormal", "gamma", "empirical"] = Field(
        "lognormal", description="'empirical' draws from the delays listed in days."
    )
    days: (
        Annotated[tuple[Days, ...], Field(strict=False, min_length=1, max_length=10_000)] | None
    ) = Field(None, description="Observed delays in days, for law 'empirical'.")

    @rule
    def _takes_time(self) -> Iterator[Broken]:
        if self.days is not None and not sum(self.days) > 0:
            yield Broken("must hold at least one delay above 0 days", path=("days",))

    @property
    def mean(self) -> float | None:
        """Mean of the observed delays, days; None for a law that observed none."""
        return None if self.days is None else math.fsum(self.days) / len(self.days)


class Stage(Table):
    """A step that an opportunity reaches; the last stage is the win."""

    name: Name = Field(description="Paths and tables call the stage by it.")
    conversion: Probability = Field(
        description="P(reaching this stage, given the step before it); of the first, per activity."
    )
    days: Days = Field(0.0, description="Mean days until the stage is reached; 0: at once.")
    days_cv: Annotated[Spread, Field(ge=0, le=5)] = Field(
        1.0, description="Spread of the delay: its standard deviation over its mean."
    )
    lost_days: Days | None = Field(
        None, description="Mean days until a loss is known; by default as long as a win."
    )
    delay: Delay = Field(Delay(), description="Shape of the delay; lognormal by default.")
    stalled: Probability = Field(
        0.0, description="Share of those not going on that nobody ever closes."
    )
    rep_cv: Annotated[Spread, Field(ge=0, le=3)] = Field(
        0.0, description="Spread between reps: cv of a lasting Beta conversion."
    )

    @rule
    def _beta_exists(self) -> Iterator[Broken]:
        if self.rep_cv and not self.rep_cv**2 * self.conversion < 1 - self.conversion:
            largest = math.sqrt((1 - self.conversion) / self.conversion)
            yield Broken(
                f"must be below {largest:.4g}, the widest spread that a conversion of "
                f"{self.conversion:g} can have",
                "rep_cv^2 < (1 - conversion) / conversion.",
                path=("rep_cv",),
            )

    @model_validator(mode="after")
    def _take_the_mean_of_what_was_observed(self) -> Self:
        if self.delay.days is not None and "days" not in self.model_fields_set:
            object.__setattr__(self, "days", self.delay.mean)
        return self


class SizeLaw(Table):
    """A law of deal sizes, in the currency."""

    laws: ClassVar = SIZE_LAWS

    law: Law = Field(description="The law: 'fixed', 'lognormal', 'gamma', 'pareto', 'empirical'.")
    mean: Money | None = Field(None, description="Mean size (fixed, lognormal, gamma).")
    cv: Annotated[Spread, Field(gt=0, le=10)] | None = Field(
        None, description="Spread: standard deviation over mean (lognormal, gamma)."
    )
    minimum: Money | None = Field(None, description="Smallest size (pareto).")
    shape: Annotated[float, Field(gt=1, le=100)] | None = Field(
        None, description="Tail exponent (pareto): P(X > x) = (minimum / x) ** shape."
    )
    amounts: Amounts | None = Field(None, description="Observed sizes (empirical).")

    @property
    def law_mean(self) -> float:
        """Mean of the law, currency."""
        if self.minimum is not None and self.shape is not None:
            return self.minimum * self.shape / (self.shape - 1)
        if self.amounts is not None:
            return math.fsum(self.amounts) / len(self.amounts)
        assert self.mean is not None  # noqa: S101  the laws of the table saw to it
        return self.mean

    @property
    def has_variance(self) -> bool:
        """Whether the second moment exists (not for a Pareto of shape 2 or less)."""
        return self.shape is None or self.shape > 2


class Whale(Table):
    """Now and then a deal won through the funnel is a multiple of its size."""

    probability: Probability = Field(description="Share of won deals that are whales.")
    multiple: Annotated[float, Field(gt=1, le=10_000)] = Field(
        description="What the size of a whale is multiplied by."
    )


class DealSize(SizeLaw):
    """Sizes of deals won through the funnel; ``mean`` is the mean of ordinary deals."""

    rep_cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        0.0, description="Spread between reps: cv of a lasting lognormal multiplier."
    )
    whale: Whale | None = Field(None, description="Rare deals of a multiple of the size.")

    @property
    def mean_of_all(self) -> float:
        """Mean size over all deals, whales included, currency."""
        if self.whale is None:
            return self.law_mean
        return self.law_mean * (1 + self.whale.probability * (self.whale.multiple - 1))


class Windfall(SizeLaw):
    """Deals that arrive without the rep's activity."""

    per_quarter: Annotated[float, Field(ge=0, le=1_000)] = Field(
        description="Mean number a quarter."
    )


class Policy(Table):
    """What management does about activity; none by default."""

    floor_per_week: Whole | None = Field(
        None, description="Reps short of it work up to exactly this."
    )
    cap_per_week: Whole | None = Field(None, description="Activity above it is cut, always.")
    adherence: Probability = Field(
        1.0, description="How often a rep short of the floor works up to it, anew every week."
    )
    start_week: Whole | None = Field(
        None, description="First week of the policy; by default it always held."
    )

    @rule
    def _floor_below_cap(self) -> Iterator[Broken]:
        floor, cap = self.floor_per_week, self.cap_per_week
        if floor is not None and cap is not None and floor > cap:
            yield Broken(f"must not be above cap_per_week = {cap}", path=("floor_per_week",))


class Market(Table):
    """A factor on entry that moves every rep together."""

    cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        0.0, description="Spread of a quarter's factor, whose mean is 1."
    )
    persistence: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="Correlation of the log factor from quarter to quarter."
    )
    season: Annotated[
        tuple[Annotated[float, Field(ge=0, le=10)], ...],
        Field(strict=False, min_length=4, max_length=4),
    ] = Field((1.0, 1.0, 1.0, 1.0), description="Multiplies the factor, by quarter of the year.")


class Kpi(Table):
    """A target on a repeatable input. KPIs measure; only a policy changes behaviour."""

    name: Name = Field(description="Paths and tables call the KPI by it.")
    metric: str = Field(
        min_length=1, max_length=80, description="'activities', 'pipeline' or a stage's name."
    )
    target: Annotated[float, Field(ge=0, le=1e15)] = Field(
        description="To reach in each period; a count, or an amount for 'pipeline'."
    )
    per: Literal["week", "month", "quarter"] = Field(description="The period.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of a quarter's periods that have to reach the target."
    )
    logged: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of the metric that is logged, hence seen."
    )
    at: str | None = Field(
        None,
        min_length=1,
        max_length=80,
        description="For 'pipeline': the stage at which sizes are counted; default the first.",
    )

    @rule
    def _at_belongs_to_pipeline(self) -> Iterator[Broken]:
        if self.at is not None and self.metric != "pipeline":
            yield Broken("belongs to the metric 'pipeline' only", path=("at",))


class Scenario(Table):
    """One rep, the plan that the rep works, and the world around it.

    Built by :func:`funnelsim.load`, :func:`funnelsim.preset` or from keyword arguments; changed
    with :meth:`replace`, which returns another one. Every mistake is reported at once.

    Raises
    ------
    ScenarioError
        Listing every problem with path, value, rule and remedy.
    """

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
    quota: Quota
    calendar: Calendar = Calendar()
    activity: Activity
    stages: Annotated[tuple[Stage, ...], Field(strict=False, min_length=1, max_length=8)]
    deal_size: DealSize
    windfall: Windfall | None = None
    policy: Policy = Policy()
    market: Market = Market()
    kpis: Annotated[tuple[Kpi, ...], Field(strict=False, max_length=50)] = ()
    variants: Annotated[
        dict[Name, dict[str, Any]], Field(max_length=MOST_VARIANTS), AfterValidator(plain)
    ] = Field({}, description="What-if variants: only what differs.")

    def __init__(self, /, **data: Any) -> None:
        problems: tuple[Problem, ...] = ()
        try:
            super().__init__(**data)
        except ValidationError as error:
            problems = problems_of(error, type(self), data)
        problems += problems_of_variants(type(self), data if problems else self, problems)
        if problems:
            raise ScenarioError(problems)

    @model_validator(mode="after")
    def _fix_reference(self) -> Self:
        if self.activity.reference_per_week is None:
            level = {"reference_per_week": self.activities_per_week}
            object.__setattr__(self, "activity", self.activity.model_copy(update=level))
        return self

    @rule
    def _level_is_possible(self) -> Iterator[Broken]:
        stated, weeks = self.activity.per_quarter, self.calendar.weeks_per_quarter
        if stated is not None and not 0 < stated / weeks <= MOST_A_WEEK:
            most = f"must come to at most {MOST_A_WEEK} a week"
            yield Broken(most, path=("activity", "per_quarter"))

    @rule
    def _names_differ(self) -> Iterator[Broken]:
        for key, names in (
            ("stages", self.stage_names),
            ("kpis", tuple(kpi.name for kpi in self.kpis)),
        ):
            for index, name in enumerate(names):
                if name in names[:index]:
                    yield Broken("must differ from the other names", path=(key, index, "name"))

    @rule
    def _stage_names_are_free(self) -> Iterator[Broken]:
        for index, name in enumerate(self.stage_names):
            if name in RESERVED:
                yield Broken("means something else already", path=("stages", index, "name"))

    @rule
    def _kpis_measure_what_exists(self) -> Iterator[Broken]:
        for index, kpi in enumerate(self.kpis):
            metrics = ("activities", "pipeline", *self.stage_names)
            for key, stated, known in (
                ("metric", kpi.metric, metrics),
                ("at", kpi.at, self.stage_names),
            ):
                if isinstance(stated, str) and stated not in known:
                    yield _unknown_name(stated, known, ("kpis", index, key))

    @rule
    def _loadings_belong(self) -> Iterator[Broken]:
        known = ("activity", "size", *self.stage_names)
        for name in self.skill_loadings:
            if name not in known:
                yield _unknown_name(name, known, ("skill_loadings", name))

    @rule
    def _horizon_fits(self) -> Iterator[Broken]:
        if self.calendar.quarters * self.calendar.weeks_per_quarter > MAX_WEEKS:
            yield Broken(f"must span at most {MAX_WEEKS} weeks", path=("calendar", "quarters"))

    @rule
    def _quotas_cover_the_horizon(self) -> Iterator[Broken]:
        quotas, quarters = self.quota.per_quarter, self.calendar.quarters
        if isinstance(quotas, tuple) and len(quotas) != quarters:
            yield Broken(
                f"must list a quota for each of the {quarters} quarters, not {len(quotas)}",
                "Or state a single number for all.",
                path=("quota", "per_quarter"),
            )

    @rule
    def _past_is_short_enough(self) -> Iterator[Broken]:
        if self.past_weeks > MAX_WEEKS:
            yield Broken(
                f"take {self.past_weeks} weeks; a steady start can look back {MAX_WEEKS}",
                'Shorten days, lower days_cv, or state calendar.start = "empty".',
                path=("stages",),
            )

    @property
    def activities_per_week(self) -> float:
        """Mean activities a week that the scenario states."""
        if self.activity.per_week is not None:
            return self.activity.per_week
        assert self.activity.per_quarter is not None  # noqa: S101  exactly one is stated
        return self.activity.per_quarter / self.calendar.weeks_per_quarter

    @property
    def quotas(self) -> tuple[float, ...]:
        """Quota of each quarter, currency."""
        stated = self.quota.per_quarter
        return stated if isinstance(stated, tuple) else (stated,) * self.calendar.quarters

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages in the order of the funnel."""
        return tuple(stage.name for stage in self.stages)

    @property
    def past_weeks(self) -> int:
        """Weeks before day 0 whose deals may still be open; 0 for an empty start."""
        if self.calendar.start == "empty":
            return 0
        return math.ceil(past_days(self.stages) / DAYS_PER_WEEK)

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


def _unknown_name(name: str, known: tuple[str, ...], path: tuple[str | int, ...]) -> Broken:
    return Broken(f"must be one of {', '.join(known)}", did_you_mean(name, known), path)
