"""The rep's own way through the funnel: activity, and the stages with their delays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from funnelsim.scenario.kinds import Days, Level, Name, Probability, Spread
from funnelsim.scenario.tables import Broken, Table, rule


class Activity(Table):
    """The rep's own effort: calls, mails, touches. State per_week or per_quarter."""

    either_or = ("per_week", "per_quarter")
    needs_one = False  # [effort] may take the place of both: a rule of the scenario

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

    @property
    def level_is_stated(self) -> bool:
        """Whether the level is stated, and not solved from hours."""
        return self.per_week is not None or self.per_quarter is not None


class Delay(Table):
    """The shape of a stage's delay when it is not lognormal."""

    laws: ClassVar = {"lognormal": (), "gamma": (), "empirical": ("days",)}

    law: Literal["lognormal", "gamma", "empirical"] = Field(
        "lognormal", description="'empirical' draws from the delays listed in days (assumption)."
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
        1.0, description="Spread of the delay: its standard deviation over its mean (assumption)."
    )
    lost_days: Days | None = Field(
        None, description="Mean days until a loss is known; by default as long as a win."
    )
    delay: Delay = Field(
        Delay.model_construct(), description="Shape of the delay; lognormal by default."
    )
    stalled: Probability = Field(
        0.0, description="Share of those not going on that nobody ever closes."
    )
    rep_cv: Annotated[Spread, Field(ge=0, le=3)] = Field(
        0.0, description="Spread between reps: cv of a lasting Beta conversion."
    )

    @rule
    def beta_exists(self) -> Iterator[Broken]:
        """Refuse spreads that no Beta distribution of the mean has."""
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
