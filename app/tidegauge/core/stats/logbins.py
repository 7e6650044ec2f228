"""Bins of bounded relative width for magnitudes, and numbers with a sign.

Each power of two is cut into 20 equal parts, as HdrHistogram does. Edges come from the binary form
of the number, never from a logarithm, so every machine bins alike.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 20
"""Bins to each power of two."""
RELATIVE_ERROR = 1.0 / (2 * STEPS + 1)
"""A bin's value is at most 2.44 % away from what is in it."""


class LogBins(NamedTuple):
    """Bins from ``2**min_exponent`` to ``2**max_exponent``.

    Bin 0 holds smaller magnitudes; larger ones share the last bin.
    """

    min_exponent: int
    max_exponent: int

    @property
    def size(self) -> int:
        """How many bins there are."""
        return 1 + (self.max_exponent - self.min_exponent) * STEPS

    def bin(self, magnitudes: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of each magnitude, which is from 0."""
        mantissa, exponent = np.frexp(magnitudes)
        step = ((2.0 * mantissa - 1.0) * STEPS).astype(np.intp)
        bins = 1 + (exponent - 1 - self.min_exponent) * STEPS + step
        return np.where(
            magnitudes < 2.0**self.min_exponent, 0, np.minimum(bins, self.size - 1)
        ).astype(np.intp)

    def edges(self, number: int) -> tuple[float, float]:
        """Return the lower and the upper edge of a bin; the lower one belongs to it."""
        if number == 0:
            return 0.0, 2.0**self.min_exponent
        octave, step = divmod(number - 1, STEPS)
        unit = 2.0 ** (octave + self.min_exponent) / STEPS
        return (STEPS + step) * unit, (STEPS + step + 1) * unit

    def value(self, number: int) -> float:
        """Return what stands for a bin: equally far, relatively, from its edges (harmonic mean)."""
        lower, upper = self.edges(number)
        return 2.0 * lower * upper / (lower + upper) if number else upper / 2


class Bar(NamedTuple):
    """How many values lie between two edges."""

    lower: float
    upper: float
    rows: int


SIGNED = LogBins(-64, 64)
"""Bins of numbers with a sign: from 5e-20 to 2e19 in magnitude, numbered from ``-(size - 1)`` for
the most negative to ``size - 1``; bin 0 holds what is nearest to zero and reads as zero."""


def bin_numbers(x: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the bin of `SIGNED` of each number."""
    bins = SIGNED.bin(np.abs(x))
    return np.where(x < 0.0, -bins, bins)


BIN_OF_ONE = int(bin_numbers(np.array([1.0])).item())


def number_of(number: int) -> float:
    """Return the number that stands for a bin of `SIGNED`."""
    if number == 0:
        return 0.0
    return SIGNED.value(number) if number > 0 else -SIGNED.value(-number)


def number_edges(number: int) -> tuple[float, float]:
    """Return the lower and the upper edge of a bin of `SIGNED`."""
    lower, upper = SIGNED.edges(abs(number))
    if number == 0:
        return -upper, upper
    return (lower, upper) if number > 0 else (-upper, -lower)


def quantile_bins(counts: Mapping[int, int], qs: Sequence[float]) -> list[int | None]:
    """Return the bin at each quantile: that of rank ``ceil(q * n)``, at least 1.

    Args:
        counts: Count by bin, in the order of the bins' numbers.
        qs: Quantiles from 0 to 1.

    Returns:
        One bin per quantile; None where nothing is counted.
    """
    bins = sorted(counts)
    below = list(accumulate([counts[number] for number in bins]))
    if not bins or below[-1] <= 0:
        return [None] * len(qs)
    ranks = (max(math.ceil(q * below[-1]), 1) for q in qs)
    return [bins[bisect_left(below, rank)] for rank in ranks]


def octaves(bins: Mapping[int, int]) -> tuple[Bar, ...]:
    """Return the histogram of numbers by sign and power of two, ascending."""
    found: dict[int, int] = {}
    for cell, count in bins.items():
        octave = _octave(cell)
        found[octave] = found.get(octave, 0) + count
    return tuple(Bar(*_octave_edges(octave), count) for octave, count in sorted(found.items()))


def _octave(cell: int) -> int:
    """0 for bin 0; with the sign of the number, the power of two counted from 1."""
    octave = (abs(cell) - 1) // STEPS + 1
    return octave if cell > 0 else -octave if cell else 0


def _octave_edges(octave: int) -> tuple[float, float]:
    if octave == 0:
        return number_edges(0)
    upper = 2.0 ** (SIGNED.min_exponent + abs(octave))
    return (upper / 2, upper) if octave > 0 else (-upper, -upper / 2)
