"""Philox and the words at an address."""

import numpy as np

from funnelsim.engine.compiling import called, inlined
from funnelsim.engine.kernels.constants import (
    FOUR,
    HALF,
    INDEX_BITS,
    MASK,
    MULTIPLIER_0,
    MULTIPLIER_1,
    NONE,
    ONE,
    OPPORTUNITY,
    ORIGIN,
    THREE,
    TWO,
    TWO_32,
    TWO_52,
    VECTOR,
    WEYL_0,
    WEYL_1,
    ZERO,
)


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Return the Philox4x32-10 block (Salmon et al. 2011, SC11) as four words in uint64."""
    for _ in range(10):
        product_0, product_1 = MULTIPLIER_0 * c0, MULTIPLIER_1 * c2
        c0, c1, c2, c3 = (
            (product_1 >> HALF) ^ c1 ^ k0,
            product_1 & MASK,
            (product_0 >> HALF) ^ c3 ^ k1,
            product_0 & MASK,
        )
        k0, k1 = (k0 + WEYL_0) & MASK, (k1 + WEYL_1) & MASK
    return c0, c1, c2, c3


@inlined
def place_of(time, index):
    """Return counter word 2: a time counted from the origin, and an index."""
    return (np.uint64(time) << INDEX_BITS) | np.uint64(index)


@inlined
def block_at(key, draw, seat, time, index, family, block, name):
    """Return the four words at an address; ``time`` already counted from the origin."""
    return philox(
        np.uint64(draw),
        np.uint64(seat),
        place_of(time, index),
        np.uint64(family) | (np.uint64(block) << np.uint64(8)) | (np.uint64(name) << np.uint64(16)),
        key[0],
        key[1],
    )


@inlined
def uniform(word):
    """Return the uniform of a word, never 0 or 1."""
    return (np.float64(np.int64(word)) + 0.5) * TWO_32


@inlined
def long_uniform(high, low):
    """Return the uniform of the words behind two: 52 bits and a half, so that 1 - u is exact."""
    digits = (np.int64(high / TWO_32) << 20) | (np.int64(low / TWO_32) >> 12)
    return (np.float64(digits) + 0.5) * TWO_52


@called
def timed_uniform(key, draw, seat, time, family, name):
    """Return the one uniform of a week or quarter."""
    place = time + ORIGIN
    words = block_at(key, draw, seat, place >> 2, ZERO, family, ZERO, name)
    return one_of(words, np.uint64(place) & THREE)


@inlined
def one_of(words, lane):
    """Return the uniform of one of a block's words, without a branch."""
    low, high = (words[1] if lane & ONE else words[0]), (words[3] if lane & ONE else words[2])
    return uniform(high if lane & TWO else low)


@called
def fill_places(key, draws, seats, n, place, family, row, group):
    """Fill in four uniforms at one place of n lanes as rows of the group, from a row on.

    Returns the largest of each row.
    """
    first, second, third, fourth = row, row + ONE, row + TWO, row + THREE
    a, b, c, d = NONE, NONE, NONE, NONE
    for j in range(whole_vectors(n)):  # SIMD: keep branches, tuples and look-ups out
        words = philox(draws[j], seats[j], place, family, key[0], key[1])
        group.rows[first, j], group.rows[second, j] = uniform(words[0]), uniform(words[1])
        group.rows[third, j], group.rows[fourth, j] = uniform(words[2]), uniform(words[3])
        a, b, c, d = max(a, words[0]), max(b, words[1]), max(c, words[2]), max(d, words[3])
    return uniform(a), uniform(b), uniform(c), uniform(d)


@inlined
def whole_vectors(n):
    """Round up to whole SIMD vectors: cheaper than a remainder, and arrays have the room."""
    return (np.uint64(n) + VECTOR - ONE) & ~(VECTOR - ONE)


@called
def fill_weeks(key, group, lanes, weeks, n, family, tile, uniforms):
    """Fill in the uniform of each of n weeks of lanes: a block for each word."""
    for j in range(n):
        g = lanes[j]
        tile.draws[j], tile.seats[j] = group.draws[g], group.seats[g]
        tile.places[j] = np.uint64(weeks[j] + ORIGIN)
    for j in range(n):  # SIMD
        place = (tile.places[j] >> TWO) << INDEX_BITS
        words = philox(tile.draws[j], tile.seats[j], place, family, key[0], key[1])
        uniforms[j] = one_of(words, tile.places[j] & THREE)


@called
def fill_opportunities(key, draws, seats, places, families, n, blocks, uniforms):
    """Fill in the uniforms of n opportunities, (position, opportunity)."""
    for block in range(blocks):
        shifted, row = block << np.uint64(8), np.uint64(4) * block
        for i in range(whole_vectors(n)):  # SIMD
            words = philox(draws[i], seats[i], places[i], families[i] | shifted, key[0], key[1])
            uniforms[row, i], uniforms[row + ONE, i] = uniform(words[0]), uniform(words[1])
            uniforms[row + TWO, i], uniforms[row + THREE, i] = uniform(words[2]), uniform(words[3])


@called
def fill_block(keys, renewed, block, batch, listed, m):
    """Fill in the uniforms of one block of m opportunities; bit i of ``renewed`` is position i.

    ``keys`` are those of what is held, and of what is drawn anew.
    """
    key, other_key = keys
    draws, seats, places, rows = batch.own_draws, batch.own_seats, batch.own_places, batch.rows
    for j in range(m):
        i = listed[j]
        draws[j], seats[j], places[j] = batch.draws[i], batch.seats[i], batch.places[i]
    family, row = OPPORTUNITY | block << np.uint64(8), FOUR * block
    for j in range(whole_vectors(m)):  # SIMD
        words = philox(draws[j], seats[j], places[j], family, key[0], key[1])
        rows[0, j], rows[1, j] = uniform(words[0]), uniform(words[1])
        rows[2, j], rows[3, j] = uniform(words[2]), uniform(words[3])
    anew = renewed >> np.int64(row) & 15
    if anew:
        for j in range(whole_vectors(m)):
            words = philox(draws[j], seats[j], places[j], family, other_key[0], other_key[1])
            renew(words, anew, NONE, j, rows)
    for j in range(m):
        i = listed[j]
        batch.uniforms[row, i], batch.uniforms[row + ONE, i] = rows[0, j], rows[1, j]
        batch.uniforms[row + TWO, i], batch.uniforms[row + THREE, i] = rows[2, j], rows[3, j]


@called
def renew_opportunities(key, draws, seats, places, families, n, blocks, renewed, uniforms):
    """Draw the words at some positions anew; bit i of ``renewed`` stands for position i."""
    for block in range(blocks):
        shifted, row = block << np.uint64(8), FOUR * block
        anew = renewed >> np.int64(row) & 15
        if anew:
            for i in range(whole_vectors(n)):
                words = philox(draws[i], seats[i], places[i], families[i] | shifted, key[0], key[1])
                renew(words, anew, row, i, uniforms)


@inlined
def renew(words, anew, row, i, uniforms):
    """Put those words of a block in their place that are drawn anew, a bit each."""
    if anew & 1:
        uniforms[row, i] = uniform(words[0])
    if anew & 2:
        uniforms[row + ONE, i] = uniform(words[1])
    if anew & 4:
        uniforms[row + TWO, i] = uniform(words[2])
    if anew & 8:
        uniforms[row + THREE, i] = uniform(words[3])
