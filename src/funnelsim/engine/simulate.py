"""simulate(): pack, call, label."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from funnelsim.engine.blocks import BLOCK, Progress, Run, check, run_blocks
from funnelsim.engine.job import Job
from funnelsim.engine.rows import Samples
from funnelsim.engine.stream import sources_of
from funnelsim.engine.workers import workers
from funnelsim.errors import ArgumentError, ResourceError
from funnelsim.registry import BY_NAME, CURRENCY, Variable
from funnelsim.registry.dataset import dataset
from funnelsim.scenario.files import dumps
from funnelsim.scenario.given import check_scenario
from funnelsim.scenario.model import Scenario

if TYPE_CHECKING:
    from distributed import Client

STREAM_VERSION = 1
MEMORY = 1 << 30  # bytes that samples may take unless the caller says otherwise


def simulate(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
    cluster: str | Client | None = None,
    redraw: Collection[str] = (),
    pipeline: bool = False,
    memory: int | None = None,
    progress: Progress | None = None,
    block: int = BLOCK,
) -> xr.Dataset:
    """Simulate a plan and return every draw.

    Parameters
    ----------
    plan : Scenario
    draws : int
        Repetitions of the whole scenario, 1 to 2**32.
    seed : int
        0 to 2**63 - 1. Same plan, seed and stream version: same bytes, whatever ``threads`` and
        ``block``. Plans with the same seed share their luck wherever they agree.
    threads : int, optional
        Defaults to the processors that this process may use.
    cluster : str or distributed.Client, optional
        Who simulates in place of this process: "local" for processes of this machine, as many as
        ``threads``; the address of a Dask scheduler, such as "tcp://127.0.0.1:8786"; or a client of
        one. Same bytes. Needs ``pip install 'funnelsim[dask]'``.
    redraw : collection of str
        Purposes whose luck is drawn anew while all other luck is held: ``"skill"``, ``"market"``,
        ``"activity"``, ``"entry"``, ``"outcome.<stage>"``, ``"delay"``, ``"size"``, ``"whale"``,
        ``"windfall"``, and where the plan has them ``"parameter"``, ``"team"``, ``"assist"``.
    pipeline : bool
        Also follow opportunities that are lost or stay open: ``entered``, ``lost``, ``stalled``,
        ``open``, ``open_at_start``.
    memory : int, optional
        Bytes that the result may take; 1 GiB by default.
    progress : callable, optional
        Called with (draws done, draws in all) after each block.
    block : int
        Draws that a thread simulates at a time, at most.

    Returns
    -------
    xarray.Dataset
        Dims (draw, rep, quarter[, stage | kpi | source | assist]); reps are the seats of all
        segments (coordinate ``segment``), those of day 0 before those hired; quarters count from
        1. Variables and units are those of :func:`funnelsim.variables`; attributes carry scenario,
        seed and versions.

    Raises
    ------
    ArgumentError
        Where draws, seed or threads are out of range, or there is no purpose of a name.
    ResourceError
        Where the samples would not fit ``memory``; :func:`funnelsim.summarize` has no such limit.

    Examples
    --------
    >>> import funnelsim as fs
    >>> result = fs.simulate(fs.preset("sales_math"), draws=1_000, seed=1)
    >>> dict(result.sizes)
    {'draw': 1000, 'rep': 1, 'quarter': 4, 'stage': 3, 'kpi': 1}
    """
    check(draws, seed, threads, block)
    if isinstance(redraw, str) or not isinstance(redraw, Collection):
        raise ArgumentError(f"redraw = {redraw!r}: must be purposes together, such as {{'size'}}.")
    runs = runs_of(plan, redraw=frozenset(redraw), pipeline=pipeline)
    job = Job(runs, seed)
    limit = MEMORY if memory is None else memory
    of_a_draw = job.bytes_kept_per_draw
    if draws * of_a_draw > limit:
        streamed = "fs.summarize" if len(runs) == 1 and runs[0].seats == 1 else "fs.team"
        raise ResourceError(
            f"{draws:,} draws take {draws * of_a_draw / 2**20:,.0f} MiB, more than the "
            f"{limit / 2**20:,.0f} MiB allowed. Use {streamed}, which keeps none of them, at "
            f"most {limit // of_a_draw:,} draws, or memory={draws * of_a_draw}."
        )
    whole = job.new_rows(draws)
    with workers(threads, cluster) as hands:
        for rows in run_blocks(job, hands, draws, block, whole):
            if progress is not None:
                progress(rows.done, draws)
    about: dict[str, str | int] = {"redrawn": ", ".join(sorted(redraw))} if redraw else {}
    samples = job.samples(whole)
    return label(plan, runs, samples, about | {"seed": seed, "draws": draws})


def runs_of(plan: Scenario, **how: Any) -> list[Run]:
    """Return what simulates a plan: a run for each of its segments, all seats in it."""
    check_scenario(plan)
    by_source = any(each.sources for each in plan.team.values())
    return [
        Run(each, each.headcount, hired=True, segment=name, by_source=by_source, **how)
        for name, each in plan.team.items()
    ]


def provenance(plan: Scenario) -> dict[str, str | int]:
    """Return the attributes that let a result be run again: scenario, its digest, versions."""
    text = dumps(plan)
    own: dict[str, str | int] = {
        "title": plan.name,
        "currency": plan.currency,
        "scenario": text,
        "scenario_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    return own | _versions()


@cache
def _versions() -> dict[str, str | int]:
    return {f"{name}_version": version(name) for name in ("funnelsim", "numpy", "numba")}


def label(
    plan: Scenario,
    runs: Sequence[Run],
    samples: Sequence[Samples],
    about: dict[str, str | int],
) -> xr.Dataset:
    """Put names, units and provenance on the samples of a plan, segment beside segment.

    Stages, KPIs, sources and assists of several segments are united by name; where a segment has
    none of a name there is 0, and where it has none of a kind of samples as well.
    """
    own = [_labels(run.plan) for run in runs]
    names = {
        dim: list(dict.fromkeys(label for each in own for label in each[dim])) for dim in own[0]
    }
    arrays = {}
    for name in dict.fromkeys(name for each in samples for name in each):
        dims = BY_NAME[name].dims
        parts = [_placed(run, each, name, names) for run, each in zip(runs, samples, strict=True)]
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        arrays[name] = (dims, whole, described(BY_NAME[name], plan))
    seats = [run.seats for run in runs]
    coords = {
        "rep": np.arange(sum(seats)),
        "segment": ("rep", np.repeat([run.segment for run in runs], seats)),
        "quarter": np.arange(1, plan.calendar.quarters + 1),
        **{
            dim: np.array(labels, dtype=str)
            for dim, labels in names.items()
            if dim in ("stage", "kpi") or any(dim in dims for dims, _, _ in arrays.values())
        },
        "quota": _quotas(plan, runs),
    }
    attrs = provenance(plan) | about | {"method": "simulated", "stream_version": STREAM_VERSION}
    return dataset(arrays, coords, attrs)


def _quotas(plan: Scenario, runs: Sequence[Run]) -> tuple[object, ...]:
    """Return the quotas by quarter, and by rep where there are several."""
    about = {"units": plan.currency}
    if sum(run.seats for run in runs) == 1:
        return "quarter", np.array(runs[0].plan.quotas), about
    quotas = np.concatenate([np.tile(run.plan.quotas, (run.seats, 1)) for run in runs])
    return ("rep", "quarter"), quotas, about


def _placed(
    run: Run, samples: Samples, name: str, names: Mapping[str, list[str]]
) -> npt.NDArray[np.generic]:
    """Return a segment's samples in the columns of all segments' labels."""
    found, dim = samples.get(name), BY_NAME[name].dims[-1]
    if found is None and dim not in names:  # nobody comes or goes: always filled, and productive
        return np.ones_like(samples["bookings"])
    own = _labels(run.plan).get(dim, [])
    if found is not None and own == names.get(dim, []):
        return found
    whole = np.zeros((*samples["bookings"].shape, len(names[dim])), BY_NAME[name].dtype)
    if found is not None:
        whole[..., [names[dim].index(label) for label in own]] = found
    return whole


def _labels(plan: Scenario) -> dict[str, list[str]]:
    """Return the labels of the dims that a segment names itself."""
    return {
        "stage": list(plan.stage_names),
        "kpi": [kpi.name for kpi in plan.kpis],
        "source": list(sources_of(plan)),
        "assist": [assist.name for assist in plan.assists],
    }


def described(variable: Variable, plan: Scenario) -> dict[str, str]:
    """Return the attributes of an array: meaning and unit."""
    unit = plan.currency if variable.unit == CURRENCY else variable.unit
    return {"long_name": variable.meaning, "units": unit}
