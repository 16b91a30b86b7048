"""The two atoms under every sample: a random word, and the quantile of a tabulated law.

A chunk of 4096 again and again, so that no memory beyond the second-level cache is timed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from benchmarks.workload import size

CHUNK = 4096


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


class Words:
    """A million words of Philox."""

    per = "word"

    def work(self) -> int:
        return size(250, 1) * CHUNK

    def setup(self) -> None:
        # Imported here, so that a commit that has it elsewhere fails in this class alone.
        from funnelsim.engine.kernels import philox

        self.words, self.fill = np.zeros((4, CHUNK // 4), np.uint64), many_words(philox)
        self.time_words()

    def time_words(self) -> None:
        for _ in range(size(250, 1)):
            self.fill(self.words)


class Quantiles:
    """A million quantiles of the normal law."""

    per = "quantile"

    def work(self) -> int:
        return size(250, 1) * CHUNK

    def setup(self) -> None:
        from funnelsim.engine.kernels import tabled
        from funnelsim.engine.tables import normal, quantile_table

        coefficients, bits = quantile_table(normal)
        self.table = coefficients.ravel(), bits
        self.uniforms, self.values = np.random.default_rng(1).random(CHUNK), np.zeros(CHUNK)
        self.fill = many_quantiles(tabled)
        self.time_quantiles()

    def time_quantiles(self) -> None:
        for _ in range(size(250, 1)):
            self.fill(*self.table, self.uniforms, self.values)
