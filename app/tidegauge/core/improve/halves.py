"""Counts split at random into halves, to judge a choice on other data than it was made on.

Each row of a cell goes to either half by the toss of a coin, so the halves are independent samples
(*data thinning*; Neufeld, Dharamshi, Gao and Witten, "Data thinning for convolution-closed
distributions", 2024). Of ``n`` tosses only the number of heads matters, a binomial with mean
``n / 2`` and variance ``n / 4``, drawn as a rounded normal.

The tosses are fixed numbers of each cell: equal counts give equal halves everywhere, in whatever
order they were added up. They come from splitmix64 (Steele, Lea and Flood, "Fast splittable
pseudorandom number generators", 2014).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

REPEATS = 5
"""Splits that a figure is averaged over, so that it hardly depends on the luck of one."""

_WORDS = 4
_COINS = 64 * _WORDS - 1


def halves(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split counts in `REPEATS` ways.

    Args:
        counts: Counts of any shape, none negative.

    Returns:
        Both halves, each of shape ``(REPEATS, *counts.shape)``; together they are the counts.
    """
    noise = _noise(REPEATS * counts.size).reshape(REPEATS, *counts.shape)
    heads = np.rint(counts / 2 + noise * np.sqrt(counts) / 2)
    first = np.clip(heads, 0, counts).astype(np.int64)
    return first, counts - first


@lru_cache(maxsize=4)
def _noise(n: int) -> NDArray[np.float64]:
    """Fixed numbers, about normal with mean 0 and deviation 1: the heads among 255 coins each."""
    x = np.arange(1, n * _WORDS + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    words = (x ^ (x >> np.uint64(31))).reshape(n, _WORDS)
    words[:, 0] >>= np.uint64(1)  # an odd number of coins has no tie, which rounding would favour
    heads = np.bitwise_count(words).sum(axis=1)
    noise: NDArray[np.float64] = (heads - _COINS / 2) / (_COINS / 4) ** 0.5
    return noise
