"""The random words: published vectors, a million words of another implementation, the address."""

from __future__ import annotations

import numba as nb
import numpy as np
import pytest
from randomgen import Philox

from funnelsim.engine import kernels
from funnelsim.engine.record import GROUP
from funnelsim.engine.stream import stream_keys
from naive import Luck, philox

# Random123 1.14, examples/kat_vectors, philox4x32 10: counter, key, block.
RANDOM123 = [
    (
        (0, 0, 0, 0),
        (0, 0),
        (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
    ),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@nb.njit
def consecutive_blocks(first, rest, key, blocks):
    """Blocks at counters that follow each other in their lowest word."""
    for i in range(blocks.shape[0]):
        words = kernels.philox(first + np.uint64(i), rest[0], rest[1], rest[2], key[0], key[1])
        for lane in range(4):
            blocks[i, lane] = words[lane]


def as_words(numbers):
    return tuple(np.uint64(number) for number in numbers)


@pytest.mark.parametrize(("counter", "key", "block"), RANDOM123)
def test_published_vectors(counter, key, block):
    compiled = kernels.philox(*as_words(counter), *as_words(key))
    interpreted = kernels.philox.py_func(*as_words(counter), *as_words(key))
    assert tuple(int(word) for word in compiled) == block
    assert tuple(int(word) for word in interpreted) == block
    assert tuple(philox(list(counter), list(key))) == block


def test_a_million_words_of_another_implementation():
    n, rest, key = 250_000, (7, 11, 13), (0xDEADBEEF, 0x12345678)
    blocks = np.zeros((n, 4), np.uint64)
    consecutive_blocks(np.uint64(5), as_words(rest), as_words(key), blocks)
    counter = 4 + (rest[0] << 32) + (rest[1] << 64) + (rest[2] << 96)  # it increments first
    other = Philox(key=key[0] + (key[1] << 32), counter=counter, number=4, width=32)
    assert np.array_equal(blocks.ravel(), other.random_raw(4 * n).astype(np.uint64))


def test_uniforms_are_never_0_or_1():
    assert 0 < kernels.uniform(np.uint64(0)) < kernels.uniform(np.uint64(2**32 - 1)) < 1
    smallest, largest = kernels.uniform(np.uint64(0)), kernels.uniform(np.uint64(2**32 - 1))
    assert kernels.long_uniform(smallest, smallest) == 2.0**-53
    assert 1 - kernels.long_uniform(largest, largest) == 2.0**-53  # the complement is exact


def test_long_uniform_joins_the_words_behind_two_uniforms():
    high, low = 0x9ABCDEF0, 0x12345678
    joined = kernels.long_uniform(kernels.uniform(np.uint64(high)), kernels.uniform(np.uint64(low)))
    assert joined == ((high << 20 | low >> 12) + 0.5) / 2**52


def test_weekly_words_stand_at_their_address():
    """Four neighbouring weeks of many lanes at once, their largest, and one at a time."""
    key, group = stream_keys(3)[2], np.zeros(1, GROUP)[0]
    block = (kernels.ORIGIN - 7) >> 2
    group["draws"][:16] = 9 + np.arange(16)
    place = np.uint64(kernels.place_of(block, 0))
    largest = kernels.fill_places(
        key, group["draws"], group["nobody"], np.uint64(16), place, kernels.ENTRY, np.uint64(0),
        group,
    )  # fmt: skip
    weeks = [4 * block + i - kernels.ORIGIN for i in range(4)]
    assert weeks[0] < 0
    for row, week in enumerate(weeks):
        truth = [Luck(seed=3, draw=9 + i).timed("source", "entry", week) for i in range(16)]
        assert list(group["rows"][row, :16]) == truth
        assert largest[row] == max(truth)
        one = kernels.timed_uniform(key, 9, np.uint64(0), week, kernels.ENTRY, kernels.NO_NAME)
        assert one == truth[0]


def test_addresses_do_not_overlap():
    """Counter word 2 holds time and index, word 3 family, block and name, each in its own bits."""
    largest_time, largest_index = 2 * kernels.ORIGIN - 1, kernels.MOST_ENTRIES
    assert kernels.place_of(largest_time, 0) & np.uint64(largest_index) == 0
    assert kernels.place_of(largest_time, largest_index) < 2**32
    families = [kernels.SKILL, kernels.MARKET, kernels.ACTIVITY, kernels.POLICY, kernels.ENTRY,
                kernels.OPPORTUNITY, kernels.WINDFALL, kernels.LOGGED, kernels.PAST_ENTRY,
                kernels.PAST_OPPORTUNITY]  # fmt: skip
    assert len({int(family) for family in families}) == len(families)
    assert max(int(family) for family in families) < 256


def test_streams_of_neighbouring_addresses_are_uncorrelated():
    """Lag correlations across draws, weeks, families and seeds: each below 5 / sqrt(n)."""
    n = 200_000
    words = np.zeros((n, 4), np.uint64)

    def stream(seed=1, time=0, family=5):
        rest = as_words((0, time << 18, family))
        consecutive_blocks(np.uint64(0), rest, stream_keys(seed)[2], words)
        return (words[:, 0] + 0.5) / 2**32 - 0.5

    base = stream()
    others = [stream(seed=2), stream(time=1), stream(family=4), np.roll(base, 1)]
    for other in others:
        correlation = 12 * np.mean(base * other)
        assert abs(correlation) < 5 / np.sqrt(n)
    counts = np.bincount((256 * (base + 0.5)).astype(int), minlength=256)
    chi2 = ((counts - n / 256) ** 2 / (n / 256)).sum()
    assert abs(chi2 - 255) < 5 * np.sqrt(2 * 255)
