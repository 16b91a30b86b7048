"""Variance by source: how much of the spread each kind of luck brings in, in funnel order.

First comes what is not known of the parameters, and who leaves when, where a plan has such a thing.

Y_j shares purposes 1 to j with Y and draws the rest anew; C_j = Cov(Y, Y_j) is the variance that
the first j purposes decide, and what purpose j adds is its share. The total index of a purpose is
what would be left of the variance if all other luck were known. Derived in docs/background/luck.md;
Sobol', Mathematics and Computers in Simulation 55 (2001); Saltelli et al., Global Sensitivity
Analysis (2008), chapter 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.estimates import Estimate, Means, stacked
from funnelsim.analysis.luck.part import (
    Answers,
    is_stationary,
    over,
    reaches,
    rep_leaves,
)
from funnelsim.analysis.memories import Remembering
from funnelsim.analysis.tally import proportion
from funnelsim.engine.blocks import Run, Samples, purposes_of
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]

FEWEST = 20
FEW = f"rests on fewer than {FEWEST} draws that differ from the rest: take more draws"


class Sources(Remembering):
    """The ordered decomposition and the total indices, of bookings and of attainment.

    Of the first quarter where the start is steady, the policy has no ``start_week`` and nobody
    leaves; of the last one else. The past is followed whole: thinned to what can still matter, it
    would let the entry of an opportunity decide a part of what its delays decide.
    """

    def __init__(self, plan: Scenario) -> None:
        quarters = 1 if is_stationary(plan) else plan.calendar.quarters
        stated = over(plan, quarters).model_copy(update={"kpis": ()})
        self._quota = np.array(stated.quotas[-1])
        purposes = purposes_of(plan)
        self._active = [index for index, name in enumerate(purposes) if _matters(plan, name)]
        names = [purposes[index] for index in self._active]
        # The plan; all drawn anew but the first j; one drawn anew.
        redrawn = [[], *(names[j:] for j in range(len(names))), *([name] for name in names)]
        self.runs = tuple(Run(stated, redraw=frozenset(anew), whole_past=True) for anew in redrawn)
        self.coords: Mapping[str, Sequence[object]] = {"source": purposes}
        self.refused: dict[str, str] = {}
        self.attrs: dict[str, str | int | float] = {"quarter_of_sources": quarters}
        self._means = {"bookings": Means(), "attainment": Means()}

    def add(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws."""
        amounts = np.stack([own["bookings"][:, 0, -1] for own in samples], axis=1).astype(float)
        self._add("bookings", amounts / self._quota)
        self._add("attainment", reaches(amounts, self._quota).astype(float))

    def _add(self, of: str, y: Floats) -> None:
        shared = 1 + len(self._active)
        first, others, single = y[:, 0], y[:, 1:shared], y[:, shared:]
        self._means[of].add(
            {
                "y": first,
                "y^2": first * first,
                "y^3": first**3,
                "y^4": first**4,
                "y_j": others,
                "y y_j": first[:, None] * others,
                "half square": 0.5 * (first[:, None] - single) ** 2,
            }
        )

    def answers(self) -> Answers:
        """Return shares and total indices with their standard errors, (source,)."""
        found: Answers = {}
        for of, means in self._means.items():
            if _draws_behind(means) < FEWEST:
                for index in ("variance_share", "total_index"):
                    unknown = np.full(len(self.coords["source"]), np.nan)
                    found[f"{of}_{index}"] = unknown, unknown
                    self.refused[f"{of}_{index}"] = FEW
                continue
            shares, totals, variance = self._indices(means)
            found[f"{of}_variance_share"] = self._placed(shares.pair)
            value, error = totals.pair
            # What changed no draw may yet change one: half of its square counts.
            _, rare = proportion(np.zeros(()), np.asarray(float(means.draws)))
            with np.errstate(divide="ignore", invalid="ignore"):
                error = np.where(value == 0, 0.5 * rare / variance.value, error)
            found[f"{of}_total_index"] = self._placed((value, error))
        return found

    def _indices(self, m: Means) -> tuple[Estimate, Estimate, Estimate]:
        variance = m["y^2"] - m["y"] * m["y"]
        decided = m["y y_j"] - m["y_j"] * m["y"]  # C_0 = 0, but for chance, to C_(J-1)
        steps = [decided[j] for j in range(len(self._active))] + [variance]
        # Over C_J - C_0, not over C_J: the same in expectation, and the shares sum to 1.
        whole = variance - decided[0]
        gained = stacked([after - before for before, after in pairwise(steps)])
        return gained / whole, m["half square"] / variance, variance

    def _placed(self, pair: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Return the values of all purposes: exactly 0 of those that decide nothing here."""
        placed = np.zeros((2, len(self.coords["source"])))
        placed[:, self._active] = pair
        return placed[0], placed[1]


def _draws_behind(m: Means) -> float:
    """Return how many draws a variance rests on: n m2^2 / m4, of central moments.

    As many draws of a fixed amount, all others being at the mean, would give the same.
    """
    a, b, c, d = (float(m[name].value) for name in ("y", "y^2", "y^3", "y^4"))
    m2 = b - a * a
    m4 = d - 4 * a * c + 6 * a * a * b - 3 * a**4
    return m.draws * m2 * m2 / m4 if m2 > 0 and m4 > 0 else 0.0


def _matters(plan: Scenario, purpose: str) -> bool:
    """Return whether a purpose decides anything in this plan."""
    ways = (None, *plan.sources)
    funnels = [plan.stages_of(source)[plan.first_stage_of(source) :] for source in ways]
    if purpose.startswith("outcome."):
        taken = [stage for through in funnels for stage in through[1:]]
        name = purpose.removeprefix("outcome.")
        return any(stage.name == name and 0 < stage.conversion < 1 for stage in taken)
    sizes = [plan.deal_size_of(source) for source in ways]
    whales = [size.whale for size in sizes if size.whale is not None]
    skilled = plan.activity.rep_cv or sizes[0].rep_cv or any(s.rep_cv for s in plan.stages)
    enter = plan.stages[0].conversion > 0 or any(each.rate_per_week for each in plan.sources)
    return {
        "parameter": any(each.cv for each in plan.uncertainty.values()),
        "team": rep_leaves(plan),
        "skill": bool(skilled),
        "market": plan.market.cv > 0,
        "activity": True,
        "entry": enter,
        "assist": any(
            0 < plan.coverage_of(assist) < 1 and (assist.odds, assist.size) != (1, 1)
            for assist in plan.assists
        ),
        "delay": any(stage.days for through in funnels for stage in through),
        "size": any(size.law != "fixed" for size in sizes),
        "whale": any(0 < whale.probability < 1 for whale in whales),
        "windfall": plan.windfall is not None and plan.windfall.per_quarter > 0,
    }[purpose]
