"""What a key may hold: names, probabilities, money, days, spreads, each with its bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from funnelsim.scenario.merge import MOST_TITLE
from funnelsim.scenario.tables import Broken

MOST_A_WEEK = 5_000  # activities
NARROWEST = 1e-3  # cv beside 0
FORMULA_STARTS = "=+-@\uff1d\uff0b\uff0d\uff20"  # the last four full-width


def readable_name(name: str) -> str:
    """Refuse names that a spreadsheet would run or a terminal would obey."""
    if name != name.strip() or not name.isprintable():
        raise Broken("must be printable, without space at either end").error("value")
    if name[0] in FORMULA_STARTS:
        raise Broken(
            "must not begin with = + - or @", "A spreadsheet would read it as a formula."
        ).error("value")
    return name


def zero_or_wide(spread: float) -> float:
    """Refuse spreads so narrow that the arithmetic of their laws would run over."""
    if 0 < spread < NARROWEST:
        raise Broken(f"must be 0 or at least {NARROWEST:g}").error("value")
    return spread


Name = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(readable_name)]
Title = Annotated[str, Field(min_length=1, max_length=MOST_TITLE), AfterValidator(readable_name)]
Probability = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(gt=0, le=1e15)]
Amounts = Annotated[tuple[Money, ...], Field(strict=False, min_length=1, max_length=100_000)]
Quotas = Annotated[tuple[Money, ...], Field(strict=False, min_length=1, max_length=400)]
Level = Annotated[float, Field(gt=0, le=MOST_A_WEEK)]
Days = Annotated[float, Field(ge=0, le=3_650)]
Spread = Annotated[float, AfterValidator(zero_or_wide)]
Whole = Annotated[int, Field(ge=0, le=100_000)]
Law = Literal["fixed", "lognormal", "gamma", "pareto", "empirical"]
