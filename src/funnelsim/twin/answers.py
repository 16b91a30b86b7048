"""Answers with their errors: found, refined where that helps, refused where it does not.

Derived in docs/background/exact.md, "What is refused, and what an error means".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import numpy as np

from funnelsim.errors import NotCoveredError
from funnelsim.registry import BY_NAME, CURRENCY
from funnelsim.twin.fourier import Floats
from funnelsim.twin.period import Question
from funnelsim.twin.work import Work

PROMISED = 1e-6  # error of a probability, and of an amount over the quota, beyond which we refuse
AIMED = 1e-7  # of the quadrature; beyond it a finer lattice is tried
TOO_ROUGH = "its numerical error would be"
STATES = (48, 64)  # of the market; the second rule checks the first


@dataclass
class Answers:
    """Values and numerical errors by name of the registry, and why others are missing."""

    values: dict[str, Floats] = field(default_factory=dict)
    errors: dict[str, Floats] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, answer: Callable[[], tuple[Floats, Floats]]) -> None:
        """Ask for an answer, and keep it or the reason why there is none."""
        try:
            self.values[name], self.errors[name] = answer()
        except NotCoveredError as reason:
            self.refused[name] = str(reason)

    def worst(self, names: Sequence[str], scale: float) -> float:
        """Return the largest error: of a probability, or of an amount over the scale."""
        worst = 0.0
        for name in names:
            unit = scale if BY_NAME[name].unit == CURRENCY else 1.0
            share = self.errors[name] / np.fmax(unit, np.abs(self.values[name]))
            worst = max(worst, float(np.nan_to_num(share, nan=np.inf).max(initial=0.0)))
        return worst


class Asked(Protocol):
    """What finds answers by name on so many states of the market, on a usual or finer lattice."""

    def __call__(self, names: set[str], states: int, effort: int, work: Work) -> Answers:
        """Return the answers."""


def refined(
    ask: Asked,
    names: set[str],
    scale: float,
    work: Work,
    *,
    market: bool,
    spread: bool,
    states: tuple[int, int] = STATES,
) -> Answers:
    """Return answers with all their errors, refusing what is not known well enough.

    Parameters
    ----------
    ask : callable
    names : set of str
        What is asked.
    scale : float, currency
        What errors of amounts are measured against.
    work : Work
        What may be computed.
    market : bool
        Whether there is a market, which is then integrated once more with fewer states.
    spread : bool
        Whether a finer lattice may be worth its time.
    states : (int, int)
        Of the market; the second rule checks the first.
    """
    found = ask(names, states[-1], 0, work.share(0.5) if market else work)
    other = Answers()
    if market:
        other = ask(set(found.values), states[0], 0, work)
    rough = {name for name in found.values if found.worst([name], scale) > AIMED}
    if spread and rough:
        finer = ask(rough, states[-1], 1, work)  # where affordable
        found.values |= finer.values
        found.errors |= finer.errors
    if market:
        for name, value in found.values.items():
            apart = np.abs(value - other.values.get(name, np.nan))  # NaN is refused below
            found.errors[name] = found.errors[name] + apart
    for name in list(found.values):
        worst = found.worst([name], scale)
        if not worst <= PROMISED:
            found.refused[name] = f"{TOO_ROUGH} {worst:.0e}, above {PROMISED:.0e}"
            del found.values[name], found.errors[name]
    return found


def by_period(
    found: Answers, periods: Sequence[tuple[object, Callable[[], Mapping[str, Question]]]]
) -> None:
    """Ask every question about every period; those that are alike share their answers.

    Parameters
    ----------
    found : Answers
    periods : sequence of (key, questions)
        What two periods share exactly if they are alike, and what returns their questions.
    """
    known: dict[object, dict[str, Question]] = {}
    asked: dict[str, list[Question]] = {}
    for alike, questions in periods:
        if alike not in known:
            known[alike] = {name: cache(each) for name, each in questions().items()}
        for name, question in known[alike].items():
            asked.setdefault(name, []).append(question)

    def stacked(questions: Sequence[Question]) -> tuple[Floats, Floats]:
        pairs = [question() for question in questions]
        return (
            np.stack([value for value, _ in pairs]),
            np.stack([np.broadcast_to(error, value.shape) for value, error in pairs]),
        )

    for name, each in asked.items():
        found.put(name, lambda each=each: stacked(each))  # type: ignore[misc]
