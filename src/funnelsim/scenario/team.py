"""A team: its plan, its segments, and how seats are filled, learn and fall empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from funnelsim.scenario.kinds import Money, Name, Probability, Quotas, Spread
from funnelsim.scenario.merge import plain
from funnelsim.scenario.tables import Broken, Table, rule

MOST_SEATS = 100_000  # in one go
MOST_SEGMENTS = 40
LONGEST_WEEKS = 520  # ten years

Weeks = Annotated[float, Field(ge=0, le=LONGEST_WEEKS)]

if TYPE_CHECKING:  # the key is a keyword of Python

    class _From(Table):
        pass
else:
    _From = create_model(
        "_From",
        __base__=Table,
        **{
            "from": (
                Probability,
                Field(0.0, description="Productivity on the first day, of a ramped rep's 1."),
            )
        },
    )


class Ramp(_From):
    """How a new rep grows productive: in a straight line, by the week."""

    weeks: Annotated[float, Field(gt=0, le=LONGEST_WEEKS)] = Field(
        description="Weeks from hire until fully productive."
    )
    weeks_cv: Annotated[Spread, Field(ge=0, le=2)] = Field(
        0.0, description="Spread of that between hires."
    )

    @property
    def at_hire(self) -> float:
        """Productivity on the first day: the key ``from``."""
        value: float = getattr(self, "from")
        return value


class Attrition(Table):
    """Reps leave, and their seats stay empty for a while."""

    per_year: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="Probability that a rep leaves within a year."
    )
    fill_weeks: Weeks = Field(description="Mean weeks that the seat of a leaver stays empty.")
    fill_weeks_cv: Annotated[Spread, Field(ge=0, le=5)] = Field(0.0, description="Spread of that.")
    handover: Probability = Field(
        0.0, description="Share of a leaver's open opportunities that survive."
    )


class Hire(Table):
    """Seats that are filled in some week, by new reps who have yet to ramp."""

    week: Annotated[int, Field(ge=-LONGEST_WEEKS, le=8_000)] = Field(
        description="Week of the horizon, from 0; below 0 for a rep still ramping on day 0."
    )
    reps: Annotated[int, Field(ge=1, le=MOST_SEATS)] = Field(1, description="How many.")


class Plan(Table):
    """The company's target, and by how much the quotas exceed it."""

    target: (
        Annotated[
            Annotated[Money, Tag("one")] | Annotated[Quotas, Tag("list")],
            Discriminator(lambda stated: "list" if isinstance(stated, (list, tuple)) else "one"),
        ]
        | None
    ) = Field(None, description="Bookings of the company a quarter, or a list by quarter.")
    over_assignment: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None,
        description="Sum of the quotas of the seats of day 0, over the target. Of target, "
        "over_assignment and quotas at most two are stated.",
    )

    @rule
    def _says_something(self) -> Iterator[Broken]:
        if self.target is None and self.over_assignment is None:
            yield Broken("needs target or over_assignment", "Or leave [plan] out.")


class Segment(Table):
    """A part of the team: what differs from the top level, or from a preset."""

    model_config = ConfigDict(extra="allow")

    # Beside its own keys it holds those of a scenario, unresolved: scenario/segments.py.
    not_here = ("currency", "calendar", "market", "plan", "uncertainty", "variants", "segments")

    name: Name = Field(description="Paths and tables call the segment by it.")
    preset: str | None = Field(
        None, max_length=80, description="A preset to start from; its own keys override it."
    )
    start: Literal["steady", "empty"] | None = Field(
        None, description="The pipeline at day 0; default that of [calendar]."
    )

    @model_validator(mode="after")
    def _keep_plain_values(self) -> Self:
        stated: dict[str, Any] = self.model_extra or {}
        for key in stated:
            stated[key] = plain(stated[key])
        return self
