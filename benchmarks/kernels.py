"""The two atoms under every sample: a random word, and the quantile of a tabulated law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.harness import timed
from benchmarks.workload import size

ROUNDS = 9


def many_words(philox: Callable[..., Any]) -> Callable[..., None]:
    """Compile a loop that fills an array (4, blocks) with the blocks of counters 0, 1, 2, ..."""

    @numba.njit(nogil=True, error_model="numpy")
    def fill(words):  # type: ignore[no-untyped-def]
        zero = np.uint64(0)
        for draw in range(words.shape[1]):
            block = philox(np.uint64(draw), zero, zero, zero, np.uint64(1), np.uint64(2))
            words[0, draw], words[1, draw], words[2, draw], words[3, draw] = block

    return fill  # type: ignore[no-any-return]


def many_quantiles(tabled: Callable[..., Any]) -> Callable[..., None]:
    """Compile a loop that looks one quantile up for every uniform."""

    @numba.njit(nogil=True, error_model="numpy")
    def fill(coefficients, bits, uniforms, values):  # type: ignore[no-untyped-def]
        for index in range(uniforms.size):
            values[index] = tabled(coefficients, 0, bits, uniforms[index])

    return fill  # type: ignore[no-any-return]


class Atoms:
    """A million of each, compiled: nanoseconds apiece, the fastest of nine rounds.

    A chunk of 4096 again and again, so that no memory beyond the second-level cache is timed.
    """

    def setup(self) -> None:
        # Imported here, so that a commit that has them elsewhere fails in this class alone.
        from funnelsim.engine.kernels import philox, tabled
        from funnelsim.engine.tables import normal, quantile_table

        coefficients, bits = quantile_table(normal)
        self.table = coefficients.ravel(), bits
        self.words, self.many_words = np.zeros((4, 1024), np.uint64), many_words(philox)
        self.uniforms, self.values = np.random.default_rng(1).random(4096), np.zeros(4096)
        self.many_quantiles = many_quantiles(tabled)
        self.chunks = size(250, 1)
        self.time_words()
        self.time_quantiles()

    def time_words(self) -> None:
        for _ in range(self.chunks):
            self.many_words(self.words)

    def time_quantiles(self) -> None:
        for _ in range(self.chunks):
            self.many_quantiles(*self.table, self.uniforms, self.values)

    def track_word(self) -> float:
        rounds = [timed(self.time_words).wall for _ in range(ROUNDS)]
        return min(rounds) / (self.chunks * self.words.size) * 1e9

    def track_quantile(self) -> float:
        rounds = [timed(self.time_quantiles).wall for _ in range(ROUNDS)]
        return min(rounds) / (self.chunks * self.values.size) * 1e9

    track_word.unit = track_quantile.unit = "ns"  # type: ignore[attr-defined]
