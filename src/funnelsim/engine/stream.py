"""Addresses in the random stream: keys by name, and which words a purpose owns."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from funnelsim.engine import kernels
from funnelsim.errors import ArgumentError, Problem, ScenarioError
from funnelsim.registry import SEGMENT
from funnelsim.scenario.model import Scenario

Words = npt.NDArray[np.uint64]

OWN_ACTIVITY = "activity"  # the source of what the rep does


def stream_keys(
    seed: int,
    segment: str = SEGMENT,
    sources: Sequence[str] = (OWN_ACTIVITY,),
    *,
    redrawn: bool = False,
) -> Words:
    """Return the Philox keys of world, rep and each source, or those of what is drawn anew.

    ``numpy.random.SeedSequence`` mixes the seed with hashes of the names (NumPy promises its
    stream). Shape (2 + sources, 2).
    """
    names = [(), (_hash(segment),), *((_hash(segment), _hash(source)) for source in sources)]
    anew = (1,) if redrawn else ()
    return np.array(
        [
            np.random.SeedSequence(seed, spawn_key=(*anew, *name)).generate_state(2)
            for name in names
        ],
        dtype=np.uint64,
    )


def sources_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the names of the sources, the rep's own activity first."""
    return (OWN_ACTIVITY, *(source.name for source in scenario.sources))


def short_hashes(names: Sequence[str], path: str) -> npt.NDArray[np.int64]:
    """Return 16-bit hashes of names, 0 left to what has no name; collisions are refused.

    Raises
    ------
    ScenarioError
        Where two names would share an address.
    """
    hashes = [1 + _hash(name) % 0xFFFF for name in names]
    for index, value in enumerate(hashes):
        if value in hashes[:index]:
            other = names[hashes.index(value)]
            rule = f"its address in the random stream is that of '{other}'"
            raise ScenarioError(
                [Problem(f"{path}.{names[index]}", "", rule, "Rename one of them.")]
            )
    return np.array(hashes, dtype=np.int64)


def purposes_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the purposes that can be drawn anew, in the order of the funnel.

    ``delay`` is when an opportunity enters and how long its steps take, ``activity`` includes
    whether a rep adheres to the policy, ``windfall`` how many there are and their sizes,
    ``parameter`` the values of what is uncertain, ``team`` who leaves when, how long ramps and
    vacancies last and what is handed over. The last two, and ``assist``, are purposes only of plans
    that have such a thing.
    """
    return tuple(_bits(scenario))


def renewed(scenario: Scenario, redraw: Collection[str]) -> tuple[int, int]:
    """Return the bits of all purposes to be drawn anew: of ``renewed`` and of ``renewed_words``.

    Raises
    ------
    ArgumentError
        Where there is no purpose of a name.
    """
    known, both = _bits(scenario), (0, 0)
    for name in redraw:
        if name not in known:
            raise ArgumentError(f"redraw = {name!r}: must be one of {', '.join(known)}.")
        both = (both[0] | known[name][0], both[1] | known[name][1])
    return both


def _bits(scenario: Scenario) -> dict[str, tuple[int, int]]:
    """Return what each purpose sets: bits of ``renewed`` and of ``renewed_words``."""
    n = len(scenario.stages)
    delays = [0, *(2 * stage for stage in range(1, n)), 2 * n + 2]
    bits = {
        "parameter": (kernels.NEW_PARAMETER, 0),
        "team": (kernels.NEW_TEAM, 1 << 2 * n + 3),
        "skill": (kernels.NEW_SKILL, 0),
        "market": (kernels.NEW_MARKET, 0),
        "activity": (kernels.NEW_ACTIVITY, 0),
        "entry": (kernels.NEW_ENTRY, 0),
        "assist": (kernels.NEW_ASSIST, 0),
        **{
            f"outcome.{stage.name}": (0, 1 << 2 * s - 1)
            for s, stage in enumerate(scenario.stages)
            if s > 0
        },
        "delay": (0, sum(1 << position for position in delays)),
        "size": (0, 1 << 2 * n - 1 | 1 << 2 * n + 1),
        "whale": (0, 1 << 2 * n),
        "windfall": (kernels.NEW_WINDFALL, 0),
    }
    absent = {
        "parameter": not scenario.uncertainty,
        "team": not has_careers(scenario),
        "assist": not scenario.assists,
    }
    return {name: both for name, both in bits.items() if not absent.get(name)}


def has_careers(scenario: Scenario) -> bool:
    """Tell whether reps come or go inside the horizon, or are still ramping when it begins."""
    attrition = scenario.attrition
    leave = attrition is not None and attrition.per_year > 0
    return leave or scenario.seats > scenario.headcount


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
