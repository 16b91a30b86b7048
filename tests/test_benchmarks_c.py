"""The race's C computes what funnelsim does, to the last row."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # benchmarks is not installed

from benchmarks import c_peer

compiled = pytest.mark.skipif(c_peer.compiler() is None, reason="no C compiler")


@compiled
@pytest.mark.parametrize(("draws", "seed"), [(2_000, 1), (129, 7), (1, 3)])
def test_rows_are_those_of_funnelsim(draws: int, seed: int) -> None:
    ours, theirs = c_peer.funnelsim_rows(draws, seed), c_peer.simulated(draws, seed)
    np.testing.assert_array_equal(theirs.counts, ours.counts)
    np.testing.assert_allclose(theirs.money, ours.money, rtol=1e-12, atol=0.0)
    assert ours.counts[:, 0].min() > 500  # of 750 activities


@compiled
def test_what_differs_is_not_raced(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = c_peer.simulated(c_peer.COMPARED, 1)
    wrong.money[7, 0] += 1e-3
    monkeypatch.setattr(c_peer, "simulated", lambda draws, seed: wrong)
    with pytest.raises(SystemExit, match="its money is not that of funnelsim"):
        c_peer.compare.__wrapped__()
    wrong.counts[7, 0] += 1
    with pytest.raises(SystemExit, match="its counts are not those of funnelsim"):
        c_peer.compare.__wrapped__()


def test_without_a_compiler_there_is_no_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CC", "cc-of-nowhere")
    assert not c_peer.available()
    assert "goes without C" in capsys.readouterr().err


@compiled
def test_what_the_compiler_says_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.c"
    broken.write_text("int simulate_block(")
    monkeypatch.setattr(c_peer, "SOURCE", broken)
    with pytest.raises(SystemExit, match=r"does not compile broken\.c"):
        c_peer.library.__wrapped__()
