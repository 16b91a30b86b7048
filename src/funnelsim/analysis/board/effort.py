"""How much work goes into an answer of many parts, and what becomes of parts that are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

from funnelsim.errors import FunnelsimError

if TYPE_CHECKING:
    from funnelsim.engine.blocks import Progress

Watch = Callable[[str], "Progress | None"]
"""Told of each part as it begins; returns what is told how much of it is done, if anything."""
Found = TypeVar("Found")

FEWEST_DRAWS, MOST_DRAWS = 1_000, 100_000  # of a page: more digits it does not show
FEWEST = 200  # draws of a part


class How(TypedDict):
    """What every simulation is told."""

    draws: int
    seed: int
    threads: int | None


@dataclass(frozen=True)
class Effort:
    """How much work goes into it.

    Attributes
    ----------
    draws, seed : int
    threads : int or None
    """

    draws: int
    seed: int
    threads: int | None = None

    def part(self, of: int) -> int:
        """Return a share of the draws, for what is asked of many plans."""
        return min(max(self.draws // of, FEWEST), self.draws)

    def how(self, of: int = 1) -> How:
        """Return what a simulation of a share of the draws is told."""
        return {"draws": self.part(of), "seed": self.seed, "threads": self.threads}


@dataclass(frozen=True)
class Attempts:
    """Asks part by part; what is refused is noted with its reason, and the others go on.

    Attributes
    ----------
    refused : dict of str to str
    watch : callable
        Told of each part as it begins.
    """

    refused: dict[str, str]
    watch: Watch

    def __call__(self, part: str, ask: Callable[[Progress | None], Found]) -> Found | None:
        """Return what was found; None where it was refused."""
        try:
            return ask(self.watch(part))
        except FunnelsimError as reason:
            self.refused[part] = str(reason)
            return None
