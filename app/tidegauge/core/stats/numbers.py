"""Labelled predictions of a regression model: exact sums of their errors, and a histogram of them.

An error is prediction minus label, as a float64. Everything is exact, mergeable and reversible
(`tidegauge.core.stats.exactsum`).

A row whose prediction and label are both 0 or 1 is left out here: these are what binary models
answer, and their counts by class (`tidegauge.core.stats.classes`) tell all of it.
"""

from itertools import product
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.logbins import BIN_OF_ONE, SIGNED, bin_numbers

_ONE = 1 << exactsum.FRACTION_BITS
_SMALL = ("0", "1")
_SMALL_PAIRS = tuple(product(_SMALL, repeat=2))


class NumberCounts(msgspec.Struct):
    """Sums over labelled predictions that are numbers, in units of 2**-1074."""

    n: int = 0
    errors: int = 0
    absolute: int = 0
    squares: int = 0
    """Of the errors."""
    labels: int = 0
    label_squares: int = 0
    bins: dict[int, int] = {}
    """Errors by bin of `tidegauge.core.stats.logbins.SIGNED`."""

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the rows of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        self.n += sign * other.n
        self.errors += sign * other.errors
        self.absolute += sign * other.absolute
        self.squares += sign * other.squares
        self.labels += sign * other.labels
        self.label_squares += sign * other.label_squares
        add_counts(self.bins, other.bins, sign)

    def is_zero(self) -> bool:
        """Whether adding this changes nothing."""
        return self == NumberCounts()

    def to_wire(self) -> list[Any]:
        """Return plain lists, integers and bytes for msgpack."""
        sums = (self.errors, self.absolute, self.squares, self.labels, self.label_squares)
        return [self.n, *map(exactsum.encode, sums), flatten(self.bins)]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        n, *sums, bins = wire
        errors, absolute, squares, labels, label_squares = map(exactsum.decode, sums)
        return cls(n, errors, absolute, squares, labels, label_squares, unflatten(bins))


def is_small(predicted: object, label: object) -> bool:
    """Whether a pair of outcomes is left out here, since both are 0 or 1."""
    return predicted in _SMALL and label in _SMALL


def with_small(counts: NumberCounts, confusion: dict[tuple[str, str], int]) -> NumberCounts:
    """Return the counts with those rows whose prediction and label are both 0 or 1."""
    small = [pair for pair in _SMALL_PAIRS if pair in confusion]
    if not small:
        return counts
    whole = NumberCounts()
    whole.add(counts)
    for pair in small:
        n, (predicted, label) = confusion[pair], map(int, pair)
        error = predicted - label
        cell = error * BIN_OF_ONE
        square, value = error * error * n * _ONE, label * n * _ONE
        whole.add(NumberCounts(n, error * n * _ONE, square, square, value, value, {cell: n}))
    return whole


def fold_numbers(
    predicted: NDArray[np.float64],
    labels: NDArray[np.float64],
    signs: NDArray[np.integer],
    *,
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[NumberCounts]:
    """Fold labelled predictions by group.

    Args:
        predicted: The predictions, each of a magnitude up to 1e100.
        labels: What turned out true, likewise.
        signs: How often a row is added; less than 0 retracts it.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    times = np.abs(signs)
    predicted, labels = np.repeat(predicted, times), np.repeat(labels, times)
    errors = predicted - labels
    once = np.repeat(np.sign(signs), times)
    by_group = np.repeat(groups, times)
    # retractions are summed apart, since a square has no sign
    signed = by_group * 2 + (once < 0)
    sums = [
        exactsum.net(exactsum.exact_sums(x, signed, 2 * n_groups))
        for x in (errors, np.abs(errors), labels)
    ]
    squares = [
        exactsum.net(exactsum.exact_square_sums(x, signed, 2 * n_groups)) for x in (errors, labels)
    ]
    offset = SIGNED.size - 1
    cells = count_cells(bin_numbers(errors) + offset, by_group, n_groups, 2 * offset + 1, once)
    n = np.bincount(groups, signs, n_groups).astype(np.int64).tolist()
    return [
        NumberCounts(
            n[group],
            sums[0][group],
            sums[1][group],
            squares[0][group],
            sums[2][group],
            squares[1][group],
            {cell - offset: count for cell, count in cells[group].items()},
        )
        for group in range(n_groups)
    ]
