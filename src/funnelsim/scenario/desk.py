"""What management states: quota, policy, KPIs; and the calendar and the market around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from funnelsim.scenario.kinds import Money, Name, Probability, Quotas, Spread, Whole
from funnelsim.scenario.tables import Broken, Table, rule

ABSENT: Any = None  # of a table that a team may leave to its segments


class Quota(Table):
    """What has to be booked for a quarter to be attained."""

    per_quarter: Annotated[
        Annotated[Money, Tag("one")] | Annotated[Quotas, Tag("list")],
        Discriminator(lambda stated: "list" if isinstance(stated, (list, tuple)) else "one"),
    ] = Field(
        ABSENT,
        description="Quota of a quarter, or a list by quarter; in the currency, or in wins. Needed "
        "unless [plan] states both target and over_assignment.",
    )
    of: Literal["bookings", "wins"] = Field(
        "bookings",
        description="'wins': a count, as of an SDR. Each win is 1, and none books anything.",
    )
    ramped: bool = Field(
        False,
        description="Whether the quota of a new rep grows as productivity does.",
    )


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
        "'empty' for a new territory (assumption).",
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
        min_length=1, max_length=80, description="'activities', 'pipeline', a stage or an assist."
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
