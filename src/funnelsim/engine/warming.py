"""Compiling ahead of the first question."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from funnelsim.engine import kernels
from funnelsim.engine.blocks import Run, sample_blocks
from funnelsim.engine.compiling import machine_code_of
from funnelsim.scenario.files import preset, presets


class Warmed(NamedTuple):
    """What compiling ahead took, and where its result is.

    Attributes
    ----------
    seconds : float
        Until every preset had been simulated once.
    compiled : bool
        Whether there was anything to compile.
    folder : Path or None
        Where machine code is kept; None where no folder takes it.
    folders : list of Path
        Where it was looked for.
    """

    seconds: float
    compiled: bool
    folder: Path | None
    folders: list[Path]


def warm_up() -> Warmed:
    """Compile all that simulating takes, unless it was before.

    Examples
    --------
    >>> warm_up().seconds > 0
    True
    """
    begun = time.perf_counter()
    for name in presets():
        runs = [Run(each, 1, segment=name) for name, each in preset(name).team.items()]
        for _ in sample_blocks(runs, draws=1, seed=1, threads=1):
            pass
    kept = machine_code_of(kernels.simulate_block)
    return Warmed(time.perf_counter() - begun, kept.compiled, kept.folder, kept.folders)
