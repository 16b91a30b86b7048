"""simulate(): pack, call, label."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cache
from importlib.metadata import version

import numpy as np
import xarray as xr

from funnelsim.engine.blocks import (
    BLOCK,
    Progress,
    Rows,
    Run,
    bytes_per_draw,
    check,
    new_rows,
    run_blocks,
    samples_of,
)
from funnelsim.engine.pack import Packed
from funnelsim.errors import ResourceError
from funnelsim.registry import BY_NAME, CURRENCY, SEGMENT, Variable
from funnelsim.scenario.files import dumps
from funnelsim.scenario.model import Scenario

STREAM_VERSION = 1
MEMORY = 1 << 30  # bytes that samples may take unless the caller says otherwise


def simulate(
    plan: Scenario,
    *,
    draws: int,
    seed: int,
    threads: int | None = None,
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
    redraw : collection of str
        Purposes whose luck is drawn anew while all other luck is held: ``"skill"``, ``"market"``,
        ``"activity"``, ``"entry"``, ``"outcome.<stage>"``, ``"delay"``, ``"size"``, ``"whale"``,
        ``"windfall"``.
    pipeline : bool
        Also follow opportunities that are lost or stay open: ``entered``, ``lost``, ``stalled``,
        ``open``, ``open_at_start``.
    memory : int, optional
        Bytes that the result may take; 1 GiB by default.
    progress : callable, optional
        Called with (draws done, draws in all) after each block.
    block : int
        Draws that a thread simulates at a time.

    Returns
    -------
    xarray.Dataset
        Dims (draw, rep, quarter[, stage | kpi]); quarters count from 1. Variables and units are
        those of :func:`funnelsim.registry`; attributes carry scenario, seed and versions.

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
    packed = Run(plan, redraw=frozenset(redraw), pipeline=pipeline).packed()
    needed = draws * bytes_per_draw(packed)
    limit = MEMORY if memory is None else memory
    if needed > limit:
        raise ResourceError(
            f"{draws:,} draws take {needed / 2**20:,.0f} MiB, more than the {limit / 2**20:,.0f} "
            f"MiB allowed. Use fs.summarize, which keeps none of them, at most "
            f"{limit // bytes_per_draw(packed):,} draws, or memory={needed}."
        )
    whole = new_rows(packed, draws)
    for rows in run_blocks([packed], [1], seed, draws, threads, block, [whole]):
        if progress is not None:
            progress(rows.done, draws)
    about: dict[str, str | int] = {"redrawn": ", ".join(sorted(redraw))} if redraw else {}
    return label(plan, packed, whole, about | {"seed": seed, "draws": draws})


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


def label(plan: Scenario, packed: Packed, rows: Rows, run: dict[str, str | int]) -> xr.Dataset:
    """Put names, units and provenance back on the arrays."""
    samples = samples_of(plan, packed, rows)
    return xr.Dataset(
        {
            name: (BY_NAME[name].dims, array, described(BY_NAME[name], plan))
            for name, array in samples.items()
        },
        coords={
            "rep": [0],
            "segment": ("rep", [SEGMENT]),
            "quarter": np.arange(1, plan.calendar.quarters + 1),
            "stage": list(plan.stage_names),
            "kpi": np.array([kpi.name for kpi in plan.kpis], dtype=str),
            "quota": ("quarter", np.array(plan.quotas), {"units": plan.currency}),
        },
        attrs=provenance(plan) | run | {"method": "simulated", "stream_version": STREAM_VERSION},
    )


def described(variable: Variable, plan: Scenario) -> dict[str, str]:
    """Return the attributes of an array: meaning and unit."""
    unit = plan.currency if variable.unit == CURRENCY else variable.unit
    return {"long_name": variable.meaning, "units": unit}
