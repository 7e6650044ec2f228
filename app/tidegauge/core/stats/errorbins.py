"""Errors by feature bin: of the predictions in each bin of a reference, how many were wrong.

A retained prediction keeps a byte per feature, its code: the bin of the reference in effect for it,
or missing, or of the wrong type. Its first label is counted under all of them. The codes of one
reference's features are numbered through, feature by feature: a number is a *cell*.
"""

from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.reference import (
    MISSING,
    WRONG_TYPE,
    FeatureReference,
    ReferenceProfile,
)

MAX_BINNED = 200
"""Features of a reference whose codes are kept, the first by name."""

Codes = NDArray[np.uint8]
"""A row of codes for each prediction, by feature of its reference; shape ``(n, features)``. A
matrix may be wider than the reference: what is to the right means nothing."""

NO_CODE = 253
"""Fills a matrix to the right of a row's codes."""


def binned(profile: ReferenceProfile) -> tuple[FeatureReference, ...]:
    """The features whose codes are kept, in the order of the codes."""
    return profile.features[:MAX_BINNED]


def without_filler(codes: Codes) -> bytes:
    """One row of codes."""
    return codes.tobytes().rstrip(bytes([NO_CODE]))


class Cells:
    """The cells of one reference: each bin of each feature, then its missing and its wrong type."""

    def __init__(self, profile: ReferenceProfile) -> None:
        self.features = binned(profile)
        self._bins = np.array([len(f.counts) for f in self.features], np.int64)
        ends = np.cumsum(self._bins + 2)
        self._first = ends - self._bins - 2
        self.size = int(ends[-1]) if len(ends) else 0

    def of(self, codes: Codes) -> NDArray[np.int64]:
        """The cell of each code, shape ``(n, features)``."""
        wide = codes[:, : len(self.features)].astype(np.int64)
        special = wide >= WRONG_TYPE
        if special.any():
            wide = np.where(special, self._bins + (MISSING - wide), wide)
        return wide + self._first

    def split(self, counts: dict[int, int]) -> list[dict[int, int]]:
        """The counts of each feature by code."""
        found: list[dict[int, int]] = [{} for _ in self.features]
        for cell, count in counts.items():
            at = int(np.searchsorted(self._first, cell, side="right")) - 1
            place = cell - int(self._first[at])
            bins = int(self._bins[at])
            found[at][place if place < bins else MISSING - (place - bins)] = count
        return found


class LabelColumns(NamedTuple):
    """First labels by column, as they are counted; shape ``(n,)`` each."""

    groups: NDArray[np.int64]
    classes: NDArray[np.bool_]
    """Whether answer and label are two classes."""
    wrong: NDArray[np.bool_]
    """Whether these differ."""
    numbers: NDArray[np.bool_]
    """Whether answer and label are two numbers."""
    absolute: NDArray[np.float64]
    """How far these are apart."""

    def at(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "LabelColumns":
        """Some of the rows."""
        return LabelColumns(
            self.groups[rows],
            self.classes[rows],
            self.wrong[rows],
            self.numbers[rows],
            self.absolute[rows],
        )


class ErrorBins(msgspec.Struct):
    """First labels by cell of one reference.

    ``trials`` counts pairs of classes and ``errors`` those that differ, ``numbers`` pairs of
    numbers, with the exact sums of their ``absolute`` errors in units of 2**-1074. Pairs of 0 and 1
    are only counted as classes. ``labels`` is how many of both there are.
    """

    labels: int = 0
    trials: dict[int, int] = {}
    errors: dict[int, int] = {}
    numbers: dict[int, int] = {}
    absolute: dict[int, int] = {}

    def add(self, other: Self) -> None:
        """Add other first labels under the same reference."""
        self.labels += other.labels
        add_counts(self.trials, other.trials)
        add_counts(self.errors, other.errors)
        add_counts(self.numbers, other.numbers)
        add_counts(self.absolute, other.absolute)

    def to_wire(self) -> list[Any]:
        """Plain lists, integers and bytes for msgpack."""
        counts = map(flatten, (self.trials, self.errors, self.numbers))
        return [
            self.labels,
            *counts,
            {cell: exactsum.encode(s) for cell, s in self.absolute.items()},
        ]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        labels, trials, errors, numbers, absolute = wire
        sums = {cell: exactsum.decode(total) for cell, total in absolute.items()}
        return cls(labels, unflatten(trials), unflatten(errors), unflatten(numbers), sums)


def fold_error_bins(
    codes: Codes, labels: LabelColumns, cells: Cells, n_groups: int
) -> list[ErrorBins]:
    """Count first labels by group, from 0 to ``n_groups - 1``, and cell.

    Args:
        codes: the codes of each prediction.
        labels: its label; rows that are neither classes nor numbers are passed over.
        cells: of the reference that the codes are of.
        n_groups: number of groups.
    """
    table = cells.of(codes)
    width, size = table.shape[1], cells.size

    def count(held: NDArray[np.bool_]) -> list[dict[int, int]]:
        rows = np.flatnonzero(held)
        if not len(rows):
            return [{} for _ in range(n_groups)]
        groups = np.repeat(labels.groups[rows], width)
        return count_cells(table[rows].ravel(), groups, n_groups, size)

    trials, errors = count(labels.classes), count(labels.classes & labels.wrong)
    numbers = count(labels.numbers)
    absolute: list[dict[int, int]] = [{} for _ in range(n_groups)]
    if labels.numbers.any():
        rows = np.flatnonzero(labels.numbers)
        keys = (labels.groups[rows, None] * size + table[rows]).ravel()
        present, of_row = np.unique(keys, return_inverse=True)
        values = np.repeat(labels.absolute[rows], width)
        sums = exactsum.exact_sums(values, of_row, len(present))
        for key, total in zip(present.tolist(), sums, strict=True):
            if total:
                absolute[key // size][key % size] = total
    known = np.bincount(labels.groups, labels.classes | labels.numbers, n_groups).astype(np.int64)
    return list(map(ErrorBins, known.tolist(), trials, errors, numbers, absolute))
