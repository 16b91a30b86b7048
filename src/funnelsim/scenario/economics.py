"""What selling costs and what a sale is worth: pay, and the economics of a customer.

Grades of the sources: A peer-reviewed or recomputed from open data; B a named survey, vendor data
set or template; C a named report quoted by another page; D a range on a page without data behind
it; "assumption": no source. docs/how-to/what-does-a-seat-return.md lists them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from funnelsim.scenario.kinds import Money, Probability
from funnelsim.scenario.rules import of_a_rep
from funnelsim.scenario.tables import Broken, Table, rule
from funnelsim.scenario.wording import did_you_mean

if TYPE_CHECKING:
    from funnelsim.scenario.model import Scenario

Cost = Annotated[float, Field(ge=0, le=1e15)]


class Tier(Table):
    """A rate of commission; scaled so that quota pays the variable part. Default: 1.5x above it."""

    above: Annotated[float, Field(ge=0, le=100)] = Field(
        description="Attainment, bookings over quota, from which on this rate holds."
    )
    rate: Annotated[float, Field(ge=0, le=100)] = Field(
        description="Relative to the rates of the other tiers: lower in a decelerator, 0 in a cap."
    )


class Pay(Table):
    """What a seat is paid, and what it costs beside."""

    ote: Money = Field(
        description="On-target earnings a year: base and variable pay at quota. Published: AE "
        "110 000 to 310 000 by segment, SDR 65 000 to 95 000 (grade C)."
    )
    variable: Probability = Field(
        0.5, description="Share of it that is variable: commission (grade C: 50/50 for AEs)."
    )
    tiers: Annotated[tuple[Tier, ...], Field(strict=False, min_length=1, max_length=20)] = Field(
        (
            Tier.model_construct(above=0.0, rate=1.0),
            Tier.model_construct(above=1.0, rate=1.5),
        ),
        description="Rates of commission by attainment, scaled so that quota pays the variable "
        "part; by default 1, and 1.5 above quota (grade B).",
    )
    period: Literal["quarter", "year"] = Field(
        "quarter",
        description="Over which attainment is counted; 'year': quarter by quarter against the "
        "year's quota, so that a good quarter makes up for a bad one (assumption).",
    )
    on_costs: Annotated[float, Field(ge=0, le=5)] = Field(
        0.2, description="Taxes and benefits, as a share of base and commission (assumption)."
    )
    overhead: Cost = Field(
        0.0, description="Tools, travel and management of a filled seat, a year (assumption)."
    )
    hiring_cost: Cost = Field(
        0.0,
        description="Recruiting and training of a hire (assumption). A published 115 000 for "
        "replacing a rep (grade C) holds what ramp and vacancy lose, which is simulated.",
    )

    @rule
    def _tiers_rise(self) -> Iterator[Broken]:
        for index, (before, tier) in enumerate(zip(self.tiers, self.tiers[1:], strict=False), 1):
            if not tier.above > before.above:
                path = ("tiers", index, "above")
                yield Broken(
                    f"must be above that of the tier before it, {before.above:g}", "", path
                )

    @rule
    def _first_tier_starts_at_0(self) -> Iterator[Broken]:
        if self.tiers[0].above != 0:
            remedy = "A rate of 0 pays nothing up to the next tier."
            yield Broken("must be 0 in the first tier", remedy, ("tiers", 0, "above"))

    @rule
    def _quota_pays(self) -> Iterator[Broken]:
        if not any(tier.rate > 0 and tier.above < 1 for tier in self.tiers):
            rule = "must pay something up to quota, which the variable part is for"
            yield Broken(rule, "Give a tier that begins below 1 a rate above 0.", ("tiers",))


class Sdr(Table):
    """What an SDR of ``sdrs_per_rep`` costs, and how a further one begins."""

    per_year: Cost = Field(
        description="Cost a year, all in. Published: OTE of 65 000 to 95 000 (grade C), plus "
        "on-costs."
    )
    ramp_weeks: Annotated[float, Field(ge=0, le=520)] = Field(
        14.0, description="Weeks until a further SDR is fully productive (grade C: 3.2 months)."
    )
    hiring_cost: Cost = Field(
        0.0, description="Recruiting and training of a further SDR (assumption)."
    )


class Economics(Table):
    """What a sale is worth. Deal sizes are revenue a year; rates are shares of revenue, a year."""

    gross_margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.78, description="Of revenue (grade D: 0.65 to 0.85)."
    )
    churn: Probability = Field(0.08, description="Revenue of customers who leave (grade C).")
    contraction: Probability = Field(
        0.0,
        description="Revenue that customers who stay give up. Gross retention is 1 - churn - "
        "contraction, 92 % by default (grade B).",
    )
    expansion: Annotated[float, Field(ge=0, le=5)] = Field(
        0.11,
        description="Revenue that customers add without being sold to in this plan. Net retention "
        "is gross retention + expansion, 103 % by default (grade B).",
    )
    lifetime_years: Annotated[int, Field(ge=1, le=50)] = Field(
        5, description="Years after which a customer counts for nothing (assumption)."
    )
    discount: Annotated[float, Field(ge=0, le=5)] = Field(
        0.1, description="By how much money a year later is worth less (assumption)."
    )
    entry_cost: dict[str, Cost] = Field(
        {}, description="What an entry costs, by source: a lead that is bought (assumption: 0)."
    )
    sdr: Sdr | None = Field(
        None,
        description="Cost of SDRs where sources state sdrs_per_rep. Leave it out where SDRs are a "
        "segment with pay of their own.",
    )

    @rule
    def _something_is_kept(self) -> Iterator[Broken]:
        if not self.churn + self.contraction < 1:
            remedy = "Shares of a year's revenue."
            yield Broken("must leave some revenue, with contraction", remedy, ("churn",))

    @property
    def gross_retention(self) -> float:
        """Share of a year's revenue that is there a year later, without expansion."""
        return 1 - self.churn - self.contraction

    @property
    def net_retention(self) -> float:
        """Revenue a year later of the same customers, as a share."""
        return self.gross_retention + self.expansion


@of_a_rep("stages")
def entry_costs_fit(scenario: Scenario) -> Iterator[Broken]:
    """Refuse costs of sources that there are not."""
    known = tuple(source.name for source in scenario.sources)
    for name in scenario.economics.entry_cost:
        if name not in known:
            there = f"must be one of {', '.join(known)}" if known else "is no source: there is none"
            remedy = did_you_mean(name, known) or "Of a segment's source, state it in the segment."
            yield Broken(there, remedy, ("economics", "entry_cost", name))
