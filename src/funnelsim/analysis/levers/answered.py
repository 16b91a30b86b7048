"""Chances of several plans, their paired differences, and Datasets that tell them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from funnelsim.analysis.chances import Chances, Goal
from funnelsim.analysis.estimates import Estimate
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.registry import BY_NAME, NUMERICAL_ERROR, STANDARD_ERROR
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    import xarray as xr

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]
Numbers = Mapping[str, npt.ArrayLike | Pair]  # by name: values, or values and errors


@dataclass(frozen=True)
class Answered:
    """What several plans come to: probabilities, or means.

    Attributes
    ----------
    plans : sequence of Scenario
    found : Chances
        In the same order.
    draws, seed : int or None
        As they were asked for; they count where the answers were simulated.
    """

    plans: Sequence[Scenario]
    found: Chances
    draws: int | None
    seed: int | None

    def combined(self, weights: Floats) -> Pair:
        """Return sums of the answers with weights (..., plan), and their errors.

        Errors are paired where the plans shared their luck. Numerical ones may all point the same
        way, so they add up; what cancels because plans are equal leaves none.
        """
        whole = self._merged(weights)
        values, estimate = self.found.values, self.found.estimate
        if estimate is None:
            return whole @ values, np.abs(whole) @ self.found.errors
        total = Estimate(whole @ values, whole @ estimate.gradient, estimate.covariance)
        return total.pair

    def change(self, one: int, other: int) -> tuple[float, float]:
        """Return by how much the first of two plans exceeds the other, and the paired error.

        Where no draw told two simulated plans apart, the next one might have: half of one, either
        way, is the error. Plans that are equal do not differ, without error.
        """
        if self.plans[one] == self.plans[other]:
            return 0.0, 0.0
        weights = np.zeros(len(self.plans))
        weights[one], weights[other] = 1.0, -1.0
        value, error = self.combined(weights)
        if self.found.estimate is not None and self.draws is not None:
            error = np.maximum(error, 1 / (self.draws + 1))
        return float(value), float(error)

    def log_sum(self, places: Sequence[int], weights: Floats) -> tuple[float, float]:
        """Return a weighted sum of logarithms of some answers, all above 0, and its error."""
        values = self.found.values[list(places)]
        total = float(weights @ np.log(values))
        slopes = np.zeros(len(self.plans))
        np.add.at(slopes, list(places), weights / values)
        return total, float(self.combined(slopes)[1])

    def attrs(self, plan: Scenario, goal: Goal) -> dict[str, str | int]:
        """Return where the numbers come from."""
        about: dict[str, str | int] = dict(provenance(plan))
        about |= {"method": self.found.method, "goal": str(goal)}
        if self.found.estimate is not None and self.draws is not None and self.seed is not None:
            about |= {"draws": self.draws, "seed": self.seed, "stream_version": STREAM_VERSION}
        return about

    @cached_property
    def _first(self) -> list[int]:
        """The first plan that each is equal to; equal ones have equal answers."""
        places: dict[float, list[int]] = {}
        found = []
        for index, value in enumerate(self.found.values.tolist()):
            alike = places.setdefault(value, [])
            own = (place for place in alike if self.plans[place] == self.plans[index])
            found.append(next(own, index))
            if found[-1] == index:
                alike.append(index)
        return found

    def _merged(self, weights: Floats) -> Floats:
        """Return the weights with those of equal plans moved to the first of them."""
        whole = np.array(weights, dtype=np.float64)
        for index, first in enumerate(self._first):
            if first != index:
                whole[..., first] += whole[..., index]
                whole[..., index] = 0.0
        return whole


def labelled(
    plan: Scenario,
    numbers: Numbers,
    coords: Mapping[str, object],
    attrs: Mapping[str, str | int | float],
    refused: Mapping[str, str],
    *,
    sampled: Collection[str] = (),
    stated: Collection[str] = (),
    units: Mapping[str, str] | None = None,
) -> xr.Dataset:
    """Return numbers under their names of the registry, with errors, units and provenance.

    Parameters
    ----------
    plan : Scenario
    numbers : mapping of str to values, or to values and errors
    coords, attrs
    refused : mapping of str to str
        Why something is missing or NaN, by name.
    sampled : collection of str
        Names whose errors are standard errors whatever the method.
    stated : collection of str
        Names of what follows from the plan without luck, which is exact whatever the method.
    units : mapping of str to str, optional
        Of names whose unit depends on what was asked.
    """
    arrays = {}
    for name, number in numbers.items():
        about = described(BY_NAME[name], plan)
        about["units"] = (units or {}).get(name, about["units"])
        values, errors = number if isinstance(number, tuple) else (number, None)
        if name in stated:
            about["method"], errors = "exact", 0.0 * np.asarray(values)
        arrays[name] = (BY_NAME[name].dims, values, about)
        if errors is not None:
            drawn = attrs["method"] == "simulated" or name in sampled
            simulated = drawn and name not in stated
            suffix = STANDARD_ERROR if simulated else NUMERICAL_ERROR
            kind = suffix.strip("_").replace("_", " ")
            about = about | {"long_name": f"{kind} of {about['long_name']}"}
            arrays[name + suffix] = (BY_NAME[name].dims, errors, about)
    rest = {"refused": json.dumps(dict(refused), sort_keys=True)}
    return dataset(arrays, dict(coords), dict(attrs) | rest)
