"""All draws of one segment at once, for tests that look at each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.engine.blocks import Run, Samples, sample_blocks
from funnelsim.scenario.model import Scenario


def sampled(
    plan: Scenario, draws: int, seed: int = 1, *, segment: str = "rep", threads: int | None = None,
    block: int = 8_192, **options: Any,
) -> Samples:  # fmt: skip
    """Every sample of all seats of a plan without segments, or of one segment of ``Scenario.team``.

    Returns
    -------
    dict
        From a name of the registry to an array (draw, rep, ...).
    """
    run = Run(plan, plan.headcount, hired=True, segment=segment, **options)
    blocks = [
        samples
        for (samples,) in sample_blocks([run], draws=draws, seed=seed, threads=threads, block=block)
    ]
    return {name: np.concatenate([each[name] for each in blocks]) for name in blocks[0]}


def assert_mean(found: np.ndarray, truth: float, what: str = "") -> None:
    """The mean over draws is the truth, within five standard errors; other axes are averaged."""
    over_draws = found.reshape(len(found), -1).astype(float).mean(axis=1)
    error = over_draws.std() / np.sqrt(len(found))
    away = abs(over_draws.mean() - truth)
    assert away <= 5 * error + 1e-12 * abs(truth), (what, over_draws.mean(), truth, error)
