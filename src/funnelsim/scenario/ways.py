"""Ways into the funnel beside the rep's own activity, what lifts a deal, and what time it takes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from funnelsim.scenario.kinds import Days, Name, Probability, Spread
from funnelsim.scenario.sizes import SourceSize
from funnelsim.scenario.tables import Table

MOST_SOURCES = 20
MOST_ASSISTS = 8

Rate = Annotated[float, Field(ge=0, le=1_000)]
Hours = Annotated[float, Field(ge=0, le=1_000)]
Minutes = Annotated[float, Field(ge=0, le=1e6)]


class Response(Table):
    """How fast an entry is answered: the next conversion falls with the minutes that pass."""

    minutes: Minutes = Field(description="Minutes until an entry is answered.")
    measured_at: Minutes = Field(description="Minutes at which the conversion was measured.")
    decay: Annotated[float, Field(ge=0, le=5)] = Field(
        description="Exponent of (1 + minutes / 5) ** -decay; 0.45 is a usual guess."
    )

    @property
    def factor(self) -> float:
        """What the conversion after the entry is multiplied by."""
        return float(((1 + self.minutes / 5) / (1 + self.measured_at / 5)) ** -self.decay)


class Source(Table):
    """A way into the funnel that is not the rep's own activity: inbound, SDR, partner."""

    either_or = ("per_week", "per_sdr_week")
    beside: ClassVar = {"sdrs_per_rep": "per_sdr_week"}

    name: Name = Field(description="Paths and tables call the source by it.")
    kind: Literal["inflow"] = Field("inflow", description="Entries that arrive by themselves.")
    per_week: Rate | None = Field(
        None, description="Mean entries a week and rep; excludes per_sdr_week."
    )
    per_sdr_week: Rate | None = Field(
        None, description="Mean entries that one SDR makes a week; excludes per_week."
    )
    sdrs_per_rep: Annotated[float, Field(ge=0, le=100)] | None = Field(
        None, description="SDRs for each rep, beside per_sdr_week; 0.4 where 5 reps share 2."
    )
    enters: str | None = Field(
        None, min_length=1, max_length=80, description="Stage that it enters; default the first."
    )
    conversion: dict[str, Probability] = Field(
        {}, description="Conversions that differ, by stage; those after the stage that it enters."
    )
    days: dict[str, Days] = Field(
        {}, description="Mean days that differ, by stage; of the stage that it enters, and later."
    )
    deal_size: SourceSize | None = Field(None, description="Sizes: what differs from [deal_size].")
    response: Response | None = Field(
        None, description="Speed to lead: multiplies the conversion after the stage it enters."
    )
    tag: Literal["new", "expansion"] = Field(
        "new", description="'expansion': business of customers that are there already."
    )

    @property
    def rate_per_week(self) -> float:
        """Mean entries a week of a ramped rep in a market of 1."""
        if self.per_week is not None:
            return self.per_week
        return (self.per_sdr_week or 0.0) * (self.sdrs_per_rep or 0.0)


class Assist(Table):
    """What lifts a deal: an on-site, an executive introduction, a further contact."""

    either_or = ("coverage", "per_quarter")

    name: Name = Field(description="Paths, tables and KPIs call the assist by it.")
    at: str = Field(
        min_length=1, max_length=80, description="Stage whose conversion it lifts; not the first."
    )
    coverage: Probability | None = Field(
        None, description="Share of the opportunities before that stage that get it."
    )
    per_quarter: Annotated[float, Field(ge=0, le=100_000)] | None = Field(
        None, description="Instead of coverage: how many a rep makes a quarter."
    )
    odds: Annotated[float, Field(gt=0, le=1_000)] = Field(
        description="What it multiplies the odds of reaching the stage by: p / (1 - p)."
    )
    size: Annotated[float, Field(gt=0, le=1_000)] = Field(
        1.0, description="What it multiplies the size of the deal by."
    )
    reference_per_quarter: Annotated[float, Field(ge=0, le=1e9)] | None = Field(
        None,
        description="Opportunities a quarter on which the coverage of per_quarter rests; by "
        "default those expected of the base scenario, and then never moved by variants.",
    )


class Effort(Table):
    """The hours of a week, and what takes them; activity a week is solved from it."""

    hours_per_week: Annotated[float, Field(gt=0, le=168)] = Field(
        description="Hours a week for selling. [activity] states no level then."
    )
    hours: dict[str, Hours] = Field(
        description="Hours of each 'activity', and of each opportunity that reaches a stage."
    )
    open_week: Hours = Field(0.0, description="Hours a week for each open opportunity.")


class Uncertain(Table):
    """How little is known of a number: one value a draw, for all reps and quarters alike."""

    cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        description="Standard deviation over mean; the mean is what the scenario states."
    )
    luck: Name | None = Field(
        None, description="Numbers of the same luck move together; default: of its own."
    )
