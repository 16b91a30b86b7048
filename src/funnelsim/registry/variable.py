"""What the registry says of an array, and the words that its tables share."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_ERROR = "_standard_error"
NUMERICAL_ERROR = "_numerical_error"
CURRENCY = "currency"  # stands for the scenario's own label

SEGMENT = "rep"  # the one segment of a scenario that states none

SAMPLE = ("draw", "rep", "quarter")
SUMMARY = ("segment", "quarter")  # or ("segment", "year"), for a summary by year


@dataclass(frozen=True)
class Variable:
    """One array of a result."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str
