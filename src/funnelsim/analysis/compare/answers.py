"""What a comparison answers: exact numbers, those that draws told, and which is which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, laws_of, least_shape
from funnelsim.analysis.compare.changes import changes_between
from funnelsim.analysis.compare.computed import MADE, Computed, gap, leaders
from funnelsim.analysis.compare.ranking import best_probabilities
from funnelsim.analysis.compare.side_by_side import SideBySide
from funnelsim.analysis.compare.skewed import FEWEST
from funnelsim.analysis.tally import QUANTILES
from funnelsim.engine.simulate import described, provenance
from funnelsim.registry import (
    BESIDE_EXACT,
    BY_NAME,
    COMPARED,
    DIFFERENCE,
    NUMERICAL_ERROR,
    SCENARIO,
    SEGMENT,
    STANDARD_ERROR,
)
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int_]

BEST = "best_probability"
OF_SHARED_LUCK = ("independent_difference_error", "gain", "beats_probability")
NOTHING_DIFFERS = "where nothing differs from the first scenario, there is nothing to gain"
NEAR_A_STEP = (
    "no normal law holds where a law of few amounts steps near the quantile, or of few draws"
)
TOO_FEW = f"fewer than {FEWEST} of the draws tell: more draws would"
TAKES_DRAWS = "only draws on the same luck can tell, and none were taken: state draws and seed"
NOT_DRAWN = "Draws would tell, and none were taken: state draws and seed"
SHARED_LUCK = (
    "All scenarios see the same draws: a rep's luck is the same wherever scenarios agree. "
    "P(attain) and the other metrics do not depend on that; errors of simulated differences, gain "
    "and beats_probability do."
)


class Answer(NamedTuple):
    """Numbers of one name, (scenario, ...), their errors where they have any, and their kind."""

    value: Floats
    error: Floats | None
    kind: Literal["exact", "simulated"]


def answers(
    plans: Sequence[Scenario], places: Places, exact: Computed, tally: SideBySide | None
) -> tuple[dict[str, Answer], dict[str, str]]:
    """Return every number by name, and why some or their errors are missing.

    Parameters
    ----------
    plans : sequence of Scenario
        By scenario.
    places : (scenario,) int
        Which of the different plans each one is.
    exact : Computed
        Of the different plans. What is in it stands under its own name, and what the draws say of
        the same beside it.
    tally : SideBySide or None
        Of the different plans; None where nothing was drawn.
    """
    found: dict[str, Answer] = {}
    for name, pair in exact.metrics.items():
        value, error = (each[places] for each in pair)
        found[name] = Answer(value, error, "exact")
        found[name + DIFFERENCE] = Answer(*gap(pair, places), "exact")
    if MADE in exact.metrics:
        shares = leaders(*exact.metrics[MADE])[places] / np.bincount(places)[places]
        found[BEST] = Answer(shares, np.zeros(places.size), "exact")
    if tally is None:
        return found, dict.fromkeys(OF_SHARED_LUCK, TAKES_DRAWS) | {
            name + suffix: f"{why.rstrip('.')}. {NOT_DRAWN}"
            for name, (_, why) in exact.not_covered.items()
            for suffix in ("", DIFFERENCE)
        }
    drawn = _drawn(tally, places)
    refused = _refusals(plans, drawn)
    for name, answer in drawn.items():
        if name not in found:
            found[name] = answer
        elif name != BEST:
            found[BESIDE_EXACT + name] = answer
    for name in list(refused):
        if BESIDE_EXACT + name.removesuffix(STANDARD_ERROR) in found:
            refused[BESIDE_EXACT + name] = refused.pop(name)
    return found, refused


def labelled(
    plans: Mapping[str, Scenario],
    found: Mapping[str, Answer],
    refused: Mapping[str, str],
    attrs: Mapping[str, str | int | float],
) -> xr.Dataset:
    """Put names, units and provenance on the numbers, and on each whether it is exact."""
    names, baseline = list(plans), next(iter(plans.values()))
    arrays = {}
    for name, (value, error, kind) in found.items():
        variable = BY_NAME[name]
        dims = (*SCENARIO, *(dim for dim in variable.dims if dim not in (*SCENARIO, "quarter")))
        about = described(variable, baseline) | {"method": kind}
        arrays[name] = (dims, value[:, None], about)
        if error is not None:
            suffix = NUMERICAL_ERROR if kind == "exact" else STANDARD_ERROR
            words = f"{suffix.strip('_').replace('_', ' ')} of {about['long_name']}"
            arrays[name + suffix] = (dims, error[:, None], about | {"long_name": words})
    changes = {
        name: [
            {"path": each.path, "from": each.before, "to": each.after}
            for each in changes_between(baseline, plan)
        ]
        for name, plan in plans.items()
    }
    coords: dict[str, object] = {
        "scenario": np.array(names, dtype=str),
        "segment": [SEGMENT],
        "probability": list(QUANTILES),
        "at_least": np.arange(1, baseline.calendar.quarters + 1),
        "other": np.array(names, dtype=str),
    }
    used = {dim for dims, _, _ in arrays.values() for dim in dims}
    kinds = {answer.kind for answer in found.values()}
    rest: dict[str, str] = {
        "method": kinds.pop() if len(kinds) == 1 else "mixed",
        "baseline": names[0],
        "changes": json.dumps(changes),
        "scenarios": json.dumps({name: dumps(plan) for name, plan in plans.items()}),
        "refused": json.dumps(refused),
    }
    return dataset(
        arrays,
        {dim: labels for dim, labels in coords.items() if dim in used},
        provenance(baseline) | dict(attrs) | rest,
    )


def not_covered(names: Sequence[str], exact: Computed) -> str:
    """Return which metrics the twin does not cover and why, as one text; empty for none.

    Parameters
    ----------
    names : sequence of str
        Of the different plans.
    exact : Computed
    """
    reasons: dict[str, list[str]] = {}
    for metric in COMPARED:
        if metric in exact.not_covered:
            place, why = exact.not_covered[metric]
            reasons.setdefault(f"{names[place]}: {why.rstrip('.')}", []).append(metric)
    return "; ".join(f"{', '.join(metrics)} of {why}" for why, metrics in reasons.items())


def _drawn(tally: SideBySide, places: Places) -> dict[str, Answer]:
    """Return everything that the draws tell."""
    pairs = tally.pairs()
    found: dict[str, Answer] = {}
    for name, ((value, error), (less, less_error)) in pairs.items():
        found[name] = Answer(value[places], error[places], "simulated")
        found[name + DIFFERENCE] = Answer(less[places], less_error[places], "simulated")
    differs = places != places[0]
    (_, error), (_, less_error) = ((each[places] for each in pair) for pair in pairs[MADE])
    alone = np.sqrt(error**2 + error[0] ** 2)
    gain = np.where(differs, (alone / np.where(differs, less_error, 1.0)) ** 2, np.nan)
    wins, wins_error = tally.beats()
    every = np.ix_(places, places)
    standing = tally.standing()
    best, _ = best_probabilities(standing.values, standing.covariance)
    alike = np.bincount(places)[places]  # scenarios that are the same plan
    return found | {
        "independent_difference_error": Answer(alone, None, "simulated"),
        "gain": Answer(gain, None, "simulated"),
        "beats_probability": Answer(wins[every], wins_error[every], "simulated"),
        BEST: Answer(best[places] / alike, None, "simulated"),
    }


def _refusals(plans: Sequence[Scenario], drawn: dict[str, Answer]) -> dict[str, str]:
    """Blank out what a law without enough moments does not have, and explain what is not there."""
    refused = {"gain": NOTHING_DIFFERS}
    shape = np.array([least_shape(laws_of(plan)) for plan in plans])
    for suffix, least in (("", shape), (DIFFERENCE, np.minimum(shape, shape[0]))):
        mean, sd, quantile = (f"bookings_{each}{suffix}" for each in ("mean", "sd", "quantile"))
        for name, part, order, reason in (
            (mean, STANDARD_ERROR, 2, NO_VARIANCE),
            (sd, STANDARD_ERROR, 4, NO_FOURTH_MOMENT),
            (sd, "", 2, NO_VARIANCE),
        ):
            if (least <= order).any():
                own = drawn[name]
                blank = np.where(least <= order, np.nan, 0.0)
                if part and own.error is not None:
                    drawn[name] = own._replace(error=own.error + blank)
                else:
                    drawn[name] = own._replace(value=own.value + blank)
                refused[name + part] = reason
        short = f"shortfall_mean{suffix}"
        few = ((name, TOO_FEW) for name in (short, mean, sd))
        for name, reason in ((quantile, NEAR_A_STEP), *few):
            error = drawn[name].error
            if error is not None and np.isnan(error).any():
                refused.setdefault(name + STANDARD_ERROR, reason)
    return refused
