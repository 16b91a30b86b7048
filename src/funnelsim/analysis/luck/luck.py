"""luck(): how much of making quota is luck, answered part by part from the same draws."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from funnelsim.analysis.attainment import NO_FOURTH_MOMENT, NO_VARIANCE, laws_of, least_shape
from funnelsim.analysis.gathering import Gathering, Heavy, gathered, identity_of
from funnelsim.analysis.luck.dependence import Dependence
from funnelsim.analysis.luck.doses import Doses
from funnelsim.analysis.luck.equal_mean import EqualMean
from funnelsim.analysis.luck.kpis import Kpis
from funnelsim.analysis.luck.part import Answers, Part, check_quota
from funnelsim.analysis.luck.policy import PolicyEffect
from funnelsim.analysis.luck.repeatability import Repeatability
from funnelsim.analysis.luck.sources import Sources
from funnelsim.analysis.seats import check_one_seat
from funnelsim.engine.blocks import Progress, Run, Samples, bytes_per_draw, check
from funnelsim.engine.simulate import STREAM_VERSION, described, provenance
from funnelsim.errors import ArgumentError, ScenarioError
from funnelsim.registry import BY_NAME, LUCK, SEGMENT, STANDARD_ERROR
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

# Each part, and how the names of its numbers begin.
PARTS: dict[Callable[[Scenario], Part], tuple[str, ...]] = {
    Dependence: (),
    Kpis: ("kpi_", "attainment_given_kpi"),
    PolicyEffect: ("policy_", "effect_on_"),
    Doses: ("adherence_", "floor_", "effect_of_50_activities"),
    Repeatability: ("rep_", "career_", "independent_", "next_", "quarter_correlation"),
    EqualMean: ("way_",),
    Sources: ("bookings_variance", "bookings_total", "attainment_variance", "attainment_total"),
}
HEAVY = Sources  # follows whole pasts, which takes five times as long: it comes last, on few draws
SHARE, LEAST_SHARE = 4, 16_384  # one of so many draws, and at least so many, are its own
BLOCK, LEAST_BLOCK = 4_096, 64  # draws of all runs, some fifty, that are in memory at a time
BLOCK_BYTES = 1 << 26  # that a block should take; one a thread is in memory
FEWEST_DRAWS = 2
UNSEEN = "unknown where what it is a share of never happened: take more draws, or look at the quota"
SECOND_MOMENTS = (
    "_sd",
    "_cv",
    "_share_of_variance",
    "_correlation",
    "bookings_variance_share",
    "bookings_total_index",
)
MEANS = ("bookings_mean", "share_of_mean")


def luck(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Estimate how much of making quota is luck, and what KPIs and a policy do about it.

    Parameters
    ----------
    plan : Scenario
    draws : int
        2 to 2**32; memory does not grow with them. 100,000 take some seconds. Variance by source,
        the slowest part, rests on a quarter of them, on 16,384 at least: attribute
        ``draws_of_sources``.
    seed : int
        0 to 2**63 - 1. All parts of the answer share their luck, so that differences are paired.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process, as in :func:`funnelsim.simulate`.
    store : path, optional
        A ``.nc`` file that the answer will be written to. What is done is kept beside it as it is
        done: when the work was interrupted, the same call goes on, to the same bytes, and when it
        is finished the call reads it.
    progress : callable, optional
        Called with (draws done, draws in all).

    Returns
    -------
    xarray.Dataset
        The variables of :func:`funnelsim.variables` about luck, dims (segment, ...), each estimate
        with its standard error under the same name + ``_standard_error``. What cannot be answered
        is left out or NaN, with its reason in the attribute ``refused`` (JSON).

    Raises
    ------
    ArgumentError
        Where an argument is out of range, the plan is a team, or its quota depends on who leaves.
    ResultError
        Where the store is damaged or belongs to another question; it is left as it was.

    Notes
    -----
    Definitions and derivations in docs/background/luck.md.

    Examples
    --------
    >>> import funnelsim as fs
    >>> told = fs.luck(fs.preset("sales_math").variant("whales"), draws=2_000, seed=1)
    >>> dependence = told.windfall_dependence.sel(segment="rep", quarter=1)
    >>> bool(0 < dependence < 0.2)
    True
    """
    check(draws, seed, threads, 1)
    if draws < FEWEST_DRAWS:
        raise ArgumentError(f"draws = {draws}: must be at least {FEWEST_DRAWS}: one has no error.")
    check_one_seat(plan)
    check_quota(plan)
    asked = question_of(plan)
    runs = [*asked.common, *asked.heavy]
    places = [[runs.index(run) for run in part.runs] for part in asked.parts]
    few = max(draws // SHARE, LEAST_SHARE)
    heavy = Heavy(asked.heavy, min(few + -few % asked.block, draws))
    made = {"seed": int(seed), "draws": int(draws), "stream_version": STREAM_VERSION}
    attrs = provenance(plan) | {"method": "simulated"} | made
    attrs["draws_of_sources"] = heavy.draws
    (found,) = gathered(
        asked.common,
        Parts(asked.parts, places),
        lambda: [_labelled(plan, asked.parts, asked.refused, attrs)],
        draws=draws,
        seed=seed,
        grain=asked.block,
        heavy=heavy,
        threads=threads,
        cluster=cluster,
        progress=progress,
        store=store,
        identity=identity_of("luck", attrs) | {"draws_of_sources": heavy.draws},
    )
    return found


class Question(NamedTuple):
    """What is simulated to answer.

    Attributes
    ----------
    parts : list of Part
    refused : dict of str to str
        Why others cannot be simulated, by name of their numbers.
    common, heavy : list of Run
        Of the parts, each run once; those that fewer draws have apart.
    block : int
        Draws at a time.
    """

    parts: list[Part]
    refused: dict[str, str]
    common: list[Run]
    heavy: list[Run]
    block: int


def question_of(plan: Scenario) -> Question:
    """Return what is simulated to answer."""
    parts, refused = _parts(plan)
    common: list[Run] = []
    heavy: list[Run] = []
    for part in parts:
        own = heavy if isinstance(part, HEAVY) else common
        for run in part.runs:
            if run not in own:
                own.append(run)
    size = sum(bytes_per_draw(run.packed()) for run in [*common, *heavy])
    block = min(max(BLOCK_BYTES // size, LEAST_BLOCK), BLOCK)
    return Question(parts, refused, common, heavy, block)


class Parts(Gathering):
    """The parts of an answer, each with the places of its runs among all."""

    memories = ("parts",)

    def __init__(self, parts: Sequence[Part], places: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.parts = list(parts)
        self._places = places

    def look_at(self, samples: Sequence[Samples]) -> None:
        """Take in a block of draws, of all runs or of those that are not heavy."""
        for part, own in zip(self.parts, self._places, strict=True):
            if all(place < len(samples) for place in own):
                part.add([samples[place] for place in own])


def _parts(plan: Scenario) -> tuple[list[Part], dict[str, str]]:
    """Return the parts that can be simulated, and why others cannot, by name of their numbers."""
    Run(plan).packed()  # what is wrong with the plan itself is wrong with all of them
    parts: list[Part] = []
    refused: dict[str, str] = {}
    for state, names in PARTS.items():
        part = state(plan)
        try:
            for run in part.runs:
                run.packed()
        except ScenarioError as error:
            reason = "; ".join(str(problem) for problem in error.problems)
            why = f"a plan to compare with cannot be simulated: {reason}"
            refused |= {each.name: why for each in LUCK if each.name.startswith(names)}
        else:
            parts.append(part)
    return parts, refused


def _labelled(
    plan: Scenario, parts: list[Part], unanswered: dict[str, str], attrs: dict[str, str | int]
) -> xr.Dataset:
    """Put names, units and provenance on the answers of all parts."""
    answers: Answers = {}
    refused = dict(unanswered)
    coords: dict[str, object] = {
        "segment": [SEGMENT],
        "quota": ("quarter", np.array(plan.quotas), {"units": plan.currency}),
    }
    about: dict[str, str | int | float] = dict(attrs)
    for part in parts:
        answers |= part.answers()
        refused |= part.refused
        coords |= {dim: list(labels) for dim, labels in part.coords.items()}
        about |= part.attrs
    _blank_moments(plan, answers, refused)
    for name, (value, _) in answers.items():
        if np.isnan(value).any() and "count" not in BY_NAME[name].dims:  # beyond a career
            refused.setdefault(name, UNSEEN)
    arrays = {}
    for name, (value, error) in answers.items():
        variable = BY_NAME[name]
        meaning = described(variable, plan)
        arrays[name] = (variable.dims, value[None], meaning)
        meaning = meaning | {"long_name": f"standard error of {meaning['long_name']}"}
        arrays[name + STANDARD_ERROR] = (variable.dims, error[None], meaning)
    return dataset(arrays, coords, about | {"refused": json.dumps(refused)})


def _blank_moments(plan: Scenario, answers: Answers, refused: dict[str, str]) -> None:
    """Blank out, and explain, what a law without enough moments does not have."""
    shape = least_shape(laws_of(plan))
    for name, (value, _) in answers.items():
        unknown = np.full_like(value, np.nan)
        if name.endswith(SECOND_MOMENTS) and shape <= 2:
            answers[name] = unknown, unknown
            refused[name] = NO_VARIANCE
        elif name.endswith(MEANS) and shape <= 2:
            answers[name] = value, unknown
            refused[name + STANDARD_ERROR] = NO_VARIANCE
        elif name.endswith(SECOND_MOMENTS) and shape <= 4:
            answers[name] = value, unknown
            refused[name + STANDARD_ERROR] = NO_FOURTH_MOMENT
