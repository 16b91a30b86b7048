"""compare(): which of several plans is better, by how much, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, least_shape
from funnelsim.analysis.compare.changes import changes_between
from funnelsim.analysis.compare.ranking import (
    Confidence,
    Precision,
    Rule,
    best_probabilities,
    draw_until,
)
from funnelsim.analysis.compare.side_by_side import SideBySide
from funnelsim.analysis.estimates import stacked
from funnelsim.analysis.tally import QUANTILES
from funnelsim.engine.blocks import MOST_DRAWS as LARGEST
from funnelsim.engine.blocks import Progress, Run, Samples, sample_blocks
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.errors import ArgumentError
from funnelsim.registry import BY_NAME, NUMERICAL_ERROR, SEGMENT, STANDARD_ERROR
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

Floats = npt.NDArray[np.float64]
Answers = dict[str, tuple[Floats, Floats]]  # values and errors, (scenario, ...), by name

BLOCK = 4_096  # draws of every plan in memory at a time
MOST_DRAWS = 1 << 26
SCENARIO = ("scenario", "segment")
DIFFERENCE = "_difference"
PROBABILITY = "_probability"
WITHOUT_ERROR = ("independent_difference_error", "gain")  # they compare errors
NOTHING_DIFFERS = "where nothing differs from the first scenario, there is nothing to gain"
NEAR_A_STEP = "no normal law holds where a law of few amounts steps near the quantile"
SHARED_LUCK = (
    "All scenarios see the same draws: a rep's luck is the same wherever scenarios agree. "
    "P(attain) and the other metrics do not depend on that; errors of differences, gain and "
    "beats_probability do."
)
ALL_ALIKE = "all plans are alike: none is best"
NOT_TOLD_APART = "most_draws reached: not told apart"
NOT_PRECISE = "most_draws reached: not as precise as wanted"


def compare(
    plans: Mapping[str, Scenario],
    *,
    draws: int | None = None,
    seed: int,
    threads: int | None = None,
    precision: float | None = None,
    confidence: float | None = None,
    most_draws: int = MOST_DRAWS,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Compare plans on shared luck: values, paired differences, and which is best.

    Parameters
    ----------
    plans : mapping of str to Scenario
        By name; over equally many quarters and in one currency. The first is the baseline.
    draws : int, optional
        1 to 2**32. Needed unless ``precision`` or ``confidence`` says when to stop.
    seed : int
        0 to 2**63 - 1.
    threads : int, optional
        Defaults to the processors that this process may use.
    precision : float, optional
        Draw until 95 % intervals of all differences of P(attain) from the baseline are no wider
        than this to either side; of a single plan, that of P(attain).
    confidence : float, optional
        Draw until it is known with this probability which plan has the highest P(attain).
    most_draws : int
        Stop there in any case, and say so.
    progress : callable, optional
        Called with the draws done and those in all, or those by which the next decision falls.

    Returns
    -------
    xarray.Dataset
        Dims (scenario, segment[, probability | at_least | other]). Each metric is that of a quarter
        of the horizon picked at random (or a year, ``year_...``), with its standard error over
        draws under the same name + ``_standard_error`` and its paired difference from the baseline
        under the name + ``_difference``. Further ``beats_probability``, ``best_probability``,
        ``gain`` and ``independent_difference_error``. What does not exist is NaN, with its reason
        in the attribute ``refused`` (JSON). Attributes: ``draws`` and why they ``stopped``;
        ``changes`` (JSON), what each scenario changes of the baseline; ``scenarios`` (JSON), each
        as TOML.

    Raises
    ------
    ArgumentError
        Where an argument is out of range or plans cannot be compared.

    Notes
    -----
    Derived in docs/planning.md. An error is that of draws, exactly paired; the quantile's is one
    over the density times that of the share of quarters below it (Bahadur 1966), 0 where it is the
    amount of many quarters and clear of the next, NaN where it is close to a step.

    Examples
    --------
    >>> import funnelsim as fs
    >>> plan = fs.preset("sales_math")
    >>> more = plan.replace({"activity.per_quarter": 1_000})
    >>> told = compare({"as is": plan, "more calls": more}, draws=4_000, seed=1)
    >>> better = told.sel(scenario="more calls", segment="rep")
    >>> bool(better.attainment_probability_difference > 0.1), bool(better.gain > 2)
    (True, True)
    """
    rule = _rule(len(plans), draws, precision, confidence, most_draws)
    _check(plans)
    different = _different(plans)
    tally = SideBySide(np.array([plan.quotas for plan in different], dtype=np.float64))
    most = most_draws if draws is None else draws
    done = _taken_in(
        tally,
        sample_blocks(
            [Run(plan) for plan in different],
            draws=most,
            seed=seed,
            threads=threads,
            progress=progress if rule is None else None,
            block=BLOCK,
        ),
    )
    stopped = "draws done"
    with closing(done):  # what is still waiting then is not simulated
        if rule is None:
            for _ in done:
                pass
        elif draw_until(rule, done, tally.standing, most, progress):
            alike = confidence is not None and len(different) == 1
            stopped = ALL_ALIKE if alike else rule.reached
        else:
            stopped = NOT_TOLD_APART if confidence is not None else NOT_PRECISE
    attrs: dict[str, str | int | float] = {"seed": seed, "draws": tally.draws, "stopped": stopped}
    attrs |= {"precision": precision} if precision is not None else {}
    attrs |= {"confidence": confidence} if confidence is not None else {}
    return _labelled(plans, tally, attrs)


def _rule(
    count: int,
    draws: int | None,
    precision: float | None,
    confidence: float | None,
    most_draws: int,
) -> Rule | None:
    """Return when to stop, None after ``draws``; refuse arguments that contradict each other."""
    if sum(each is not None for each in (draws, precision, confidence)) != 1:
        raise ArgumentError(
            f"draws = {draws}, precision = {precision}, confidence = {confidence}: exactly one of "
            "them must be given."
        )
    if isinstance(most_draws, bool) or not isinstance(most_draws, int | np.integer):
        raise ArgumentError(f"most_draws = {most_draws!r}: must be a whole number.")
    if not 1 <= most_draws <= LARGEST:
        raise ArgumentError(f"most_draws = {most_draws}: must be between 1 and {LARGEST}.")
    if precision is not None:
        if not 0 < precision < 1:
            raise ArgumentError(f"precision = {precision}: must be between 0 and 1, such as 0.002.")
        return Precision(float(precision))
    if confidence is not None:
        if not 0.5 <= confidence < 1:
            raise ArgumentError(f"confidence = {confidence}: must be from 0.5 to below 1.")
        if count < 2:
            raise ArgumentError(f"confidence = {confidence}: takes two plans or more to rank.")
        return Confidence(float(confidence))
    return None


def _check(plans: Mapping[str, Scenario]) -> None:
    """Refuse plans that cannot be compared, naming every reason."""
    if not plans:
        raise ArgumentError("plans: there must be at least one.")
    names: list[object] = list(plans)
    wrong = [f"{name!r}: names must be texts" for name in names if not isinstance(name, str)]
    first, baseline = next(iter(plans.items()))
    for name, plan in plans.items():
        quarters, expected = plan.calendar.quarters, baseline.calendar.quarters
        if quarters != expected:
            wrong.append(
                f"{name}: calendar.quarters = {quarters}: must be {expected}, as that of {first}"
            )
        if plan.currency != baseline.currency:
            wrong.append(
                f"{name}: currency = {plan.currency}: must be {baseline.currency}, as of {first}"
            )
    if wrong:
        raise ArgumentError(f"plans: {'; '.join(wrong)}.")


def _simulated(plan: Scenario) -> Scenario:
    """Return the plan without what no number of a comparison depends on."""
    return plan.model_copy(update={"name": "plan", "kpis": (), "variants": {}})


def _different(plans: Mapping[str, Scenario]) -> list[Scenario]:
    """Return the plans to simulate: equal ones once."""
    found: list[Scenario] = []
    for plan in map(_simulated, plans.values()):
        if plan not in found:
            found.append(plan)
    return found


def _taken_in(
    tally: SideBySide, blocks: Iterator[tuple[Samples, ...]]
) -> Generator[int, None, None]:
    """Take in block by block, and yield how many draws there are by then."""
    for samples in blocks:
        tally.add(samples)
        yield tally.draws


def _labelled(
    plans: Mapping[str, Scenario], tally: SideBySide, attrs: Mapping[str, str | int | float]
) -> xr.Dataset:
    """Put names, units and provenance on the estimates."""
    names, baseline = list(plans), next(iter(plans.values()))
    different = _different(plans)
    places = np.array([different.index(_simulated(plan)) for plan in plans.values()])
    answers = _answers(tally, places)
    refused = _refusals(list(plans.values()), answers)
    arrays = {}
    for name, (value, error) in answers.items():
        variable = BY_NAME[name]
        dims = (*SCENARIO, *(dim for dim in variable.dims if dim not in (*SCENARIO, "quarter")))
        about = described(variable, baseline)
        arrays[name] = (dims, value[:, None], about)
        if name not in WITHOUT_ERROR:
            suffix = NUMERICAL_ERROR if name == "best_probability" else STANDARD_ERROR
            kind = suffix.strip("_").replace("_", " ")
            arrays[name + suffix] = (
                dims,
                error[:, None],
                about | {"long_name": f"{kind} of {about['long_name']}"},
            )
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
    rest: dict[str, str | int] = {
        "method": "simulated",
        "stream_version": STREAM_VERSION,
        "baseline": names[0],
        "changes": json.dumps(changes),
        "scenarios": json.dumps({name: dumps(plan) for name, plan in plans.items()}),
        "shared_luck": SHARED_LUCK,
        "refused": json.dumps(refused),
    }
    return xr.Dataset(arrays, coords, provenance(baseline) | dict(attrs) | rest)


def _answers(tally: SideBySide, places: npt.NDArray[np.int_]) -> Answers:
    """Return every number by scenario, ``places`` telling which of the plans each one is."""
    found: Answers = {}
    differs = places != places[0]
    n = tally.draws
    for name, by_plan in tally.estimates().items():
        estimate = stacked([by_plan[int(place)] for place in places])
        value, error = estimate.pair
        gap, gap_error = (estimate - estimate[0]).pair
        if name.endswith(PROBABILITY):  # half a draw each way, as if it had gone otherwise
            certain, half = (value == 0) | (value == 1), 0.5 / (n + 1)
            error = np.where(certain, np.sqrt(half * (1 - half) / (n + 1)), error)
            gap_error = np.maximum(gap_error, 1 / (n + 1))
        unlike = differs.reshape(-1, *[1] * (gap.ndim - 1))
        found[name] = value, error
        found[name + DIFFERENCE] = gap, np.where(unlike, gap_error, 0.0)
    _, error = found["attainment_probability"]
    _, gap_error = found["attainment_probability" + DIFFERENCE]
    alone = np.sqrt(error**2 + error[0] ** 2)
    gain = np.where(differs, (alone / np.where(differs, gap_error, 1.0)) ** 2, np.nan)
    wins, wins_error = tally.beats()
    every = np.ix_(places, places)
    standing = tally.standing()
    best, best_error = best_probabilities(standing.values, standing.covariance)
    alike = np.bincount(places)[places]  # scenarios that are the same plan
    no_error = np.full(places.size, np.nan)
    return found | {
        "independent_difference_error": (alone, no_error),
        "gain": (gain, no_error),
        "beats_probability": (wins[every], wins_error[every]),
        "best_probability": (best[places] / alike, best_error[places] / alike),
    }


def _refusals(plans: list[Scenario], answers: Answers) -> dict[str, str]:
    """Blank out what a law without enough moments does not have, and explain what is not there."""
    refused = {"gain": NOTHING_DIFFERS}
    shape = np.array(
        [
            least_shape([plan.deal_size, *([plan.windfall] if plan.windfall else [])])
            for plan in plans
        ]
    )
    for suffix, least in (("", shape), (DIFFERENCE, np.minimum(shape, shape[0]))):
        mean, sd, quantile = (f"bookings_{each}{suffix}" for each in ("mean", "sd", "quantile"))
        for name, part, order, reason in (
            (mean, 1, 2, NO_VARIANCE),
            (sd, 1, 4, NO_FOURTH_MOMENT),
            (sd, 0, 2, NO_VARIANCE),
        ):
            if (least <= order).any():
                both = list(answers[name])
                both[part] = np.where(least <= order, np.nan, both[part])
                answers[name] = both[0], both[1]
                refused[name + (STANDARD_ERROR if part else "")] = reason
        if np.isnan(answers[quantile][1]).any():
            refused[quantile + STANDARD_ERROR] = NEAR_A_STEP
    return refused
