"""What deals are worth: laws of sizes, whales and windfalls."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field

from funnelsim.scenario.kinds import Amounts, Law, Money, Probability, Spread
from funnelsim.scenario.tables import Table

# The parameters of each size law: it needs them, and the others make no sense beside it.
SIZE_LAWS: dict[str, tuple[str, ...]] = {
    "fixed": ("mean",),
    "lognormal": ("mean", "cv"),
    "gamma": ("mean", "cv"),
    "pareto": ("minimum", "shape"),
    "empirical": ("amounts",),
}


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


class SourceSize(Table):
    """What differs from ``[deal_size]`` in the deals of a source."""

    law: Law | None = Field(None, description="Another law, with its own parameters.")
    mean: Money | None = Field(None, description="Mean size (fixed, lognormal, gamma).")
    cv: Annotated[Spread, Field(gt=0, le=10)] | None = Field(
        None, description="Spread: standard deviation over mean (lognormal, gamma)."
    )
    minimum: Money | None = Field(None, description="Smallest size (pareto).")
    shape: Annotated[float, Field(gt=1, le=100)] | None = Field(
        None, description="Tail exponent (pareto)."
    )
    amounts: Amounts | None = Field(None, description="Observed sizes (empirical).")
    whale: Whale | None = Field(None, description="Rare deals of a multiple of the size.")


# What a win counts against a quota of wins.
ONE_EACH = DealSize.model_construct(law="fixed", mean=1.0)
