"""What is added up where draws are made: the same bytes, however they are divided and sent."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import funnelsim as fs
from funnelsim.analysis import gathering
from funnelsim.analysis.gathering import Gathering
from funnelsim.engine import blocks
from funnelsim.results.store import Store

PLAN = fs.preset("sales_math")
TEAM = PLAN.replace({"headcount": 4, "market.cv": 0.2, "plan.over_assignment": 1.2})
PLANS = {"as is": PLAN, "whales": PLAN.variant("whales")}
TEAMS = {"as is": TEAM, "one more": TEAM.replace({"headcount": 5})}
Ask = Callable[..., xr.Dataset]
ASKED: dict[str, Ask] = {
    "next_step": lambda **how: fs.next_step(TEAM, draws=6_000, **how),
    "cushion": lambda **how: fs.cushion(TEAM, over_assignment=[1.0, 1.2], draws=6_000, **how),
    "diversification": lambda **how: fs.diversification(TEAM, reps=[1, 8], draws=6_000, **how),
    "luck_or_skill": lambda **how: fs.luck_or_skill(PLAN, reps=6, quarters=2, draws=6_000, **how),
    "luck": lambda **how: fs.luck(PLAN, draws=9_000, **how),
    "compare": lambda **how: fs.compare(PLANS, method="simulated", draws=14_000, **how),
    "compare until": lambda **how: fs.compare(PLANS, method="simulated", precision=0.006, **how),
    "compare teams": lambda **how: fs.compare(TEAMS, draws=9_000, **how),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_is_sent_and_kept_adds_up_to_the_same_bytes(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In pieces of a grain or of many: through pickle, as a cluster sends them, or a store.

    Not all of these take a store, but what can be merged can be kept.
    """
    ask = ASKED[name]
    whole = ask(seed=1, threads=1)
    folded, sent = gathering.folded_blocks, 0

    def passed_on(runs: Any, whole: Gathering, **how: Any) -> Iterator[Gathering]:
        nonlocal sent
        for part in folded(runs, whole, **how):
            sent += 1
            if sent % 2:
                yield pickle.loads(pickle.dumps(part))  # noqa: S301  our own
                continue
            kept = Store(tmp_path / f"{sent}.nc", {})
            assert not list(kept.entries())
            kept.add(part.state())
            (entry,) = kept.entries()
            again = whole.fresh()
            again.restore(entry)
            yield again

    monkeypatch.setattr(gathering, "folded_blocks", passed_on)
    for piece in (1e-9, 1e9):
        before = sent
        monkeypatch.setattr(blocks, "PIECE", piece)
        told = ask(seed=1, threads=2)
        assert sent > before + 1
        assert told.identical(whole)
        for each in whole.variables:
            assert told[each].values.tobytes() == whole[each].values.tobytes(), each
