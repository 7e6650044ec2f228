"""Counts and exact moments of feature values, in the bins of a reference profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.events import FeatureValue
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.columns import Column, read_columns
from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.reference import (
    MISSING,
    WRONG_TYPE,
    CategoricalReference,
    FeatureReference,
    ReferenceProfile,
)

UNBINNED_NUMBER = 253
"""A number of a feature that the reference does not have."""
UNBINNED_CATEGORY = 252
_N_CODES = 256


class FeatureCounts(msgspec.Struct):
    """What one feature held over some rows.

    ``rows = missing + wrong_type + n + categories``; counts may be negative.
    """

    rows: int = 0
    missing: int = 0
    """Rows where it is absent or null."""
    wrong_type: int = 0
    """Rows with a category where the reference has numbers, or the reverse."""
    n: int = 0
    """Rows with a number."""
    sum: int = 0
    """Exact sum of the numbers, see `tidegauge.core.stats.exactsum`."""
    sum_squares: int = 0
    bins: dict[int, int] = {}
    """Count by bin of the reference; empty without one."""

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the rows of ``other``, counted on the same reference; ``sign`` -1 takes them away."""
        self.rows += sign * other.rows
        self.missing += sign * other.missing
        self.wrong_type += sign * other.wrong_type
        self.n += sign * other.n
        self.sum += sign * other.sum
        self.sum_squares += sign * other.sum_squares
        add_counts(self.bins, other.bins, sign)

    def to_wire(self) -> list[Any]:
        """Return plain lists, integers and bytes for msgpack."""
        return [
            self.rows,
            self.missing,
            self.wrong_type,
            self.n,
            exactsum.encode(self.sum),
            exactsum.encode(self.sum_squares),
            flatten(self.bins),
        ]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        rows, missing, wrong_type, n, total, squares, bins = wire
        return cls(
            rows,
            missing,
            wrong_type,
            n,
            exactsum.decode(total),
            exactsum.decode(squares),
            unflatten(bins),
        )


@dataclass(frozen=True, slots=True)
class BinnedColumn:
    """One feature over the rows of a batch, in the bins of its reference."""

    codes: NDArray[np.uint8]
    """By row: the bin, or `MISSING`, `WRONG_TYPE`, `UNBINNED_NUMBER` or `UNBINNED_CATEGORY`."""
    numbers: NDArray[np.float64] | None
    """By row: the number, 0.0 where there is none; None when no row counts as a number."""


def bin_features(
    rows: Sequence[Mapping[str, FeatureValue]],
    names: Sequence[str],
    profile: ReferenceProfile | None,
) -> dict[str, BinnedColumn]:
    """Read the features ``names`` of every row and put them in the bins of ``profile``.

    Fold the result with `fold_columns`, for several groupings if need be; the codes are what a
    retained prediction keeps of a feature.
    """
    references = {feature.name: feature for feature in profile.features} if profile else {}
    columns = read_columns(rows, names)
    return {name: _bin(column, references.get(name)) for name, column in columns.items()}


def fold_columns(
    columns: Mapping[str, BinnedColumn], groups: NDArray[np.integer], n_groups: int
) -> list[dict[str, FeatureCounts]]:
    """Count the rows of each group, from 0 to ``n_groups - 1``, by feature name."""
    rows = np.bincount(groups, minlength=n_groups).tolist()
    folded: list[dict[str, FeatureCounts]] = [{} for _ in range(n_groups)]
    for name, column in columns.items():
        for group, counts in enumerate(_fold(column, groups, rows)):
            folded[group][name] = counts
    return folded


def fold_features(
    rows: Sequence[Mapping[str, FeatureValue]],
    groups: NDArray[np.integer],
    n_groups: int,
    names: Sequence[str],
    profile: ReferenceProfile | None,
) -> list[dict[str, FeatureCounts]]:
    """Count the features of each group's rows.

    Args:
        rows: The features of each row; a value that is absent, None or NaN is missing.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.
        names: The features to count.
        profile: Gives the bins; None: no bins are counted.

    Returns:
        For each group the counts by feature name.

    Raises:
        ValueError: A number is infinite.
    """
    return fold_columns(bin_features(rows, names, profile), groups, n_groups)


def _bin(column: Column, reference: FeatureReference | None) -> BinnedColumn:
    codes = _unbinned(column) if reference is None else reference.bin_column(column)
    if column.numbers is None or isinstance(reference, CategoricalReference):
        return BinnedColumn(codes, None)
    absent = np.isnan(column.numbers)
    numbers = np.where(absent, 0.0, column.numbers) if absent.any() else column.numbers
    return BinnedColumn(codes, numbers)


def _unbinned(column: Column) -> NDArray[np.uint8]:
    codes = np.full(column.size, MISSING, dtype=np.uint8)
    if column.numbers is not None:
        codes[~np.isnan(column.numbers)] = UNBINNED_NUMBER
    if column.categories is not None:
        codes[[category is not None for category in column.categories]] = UNBINNED_CATEGORY
    return codes


def _fold(
    column: BinnedColumn, groups: NDArray[np.integer], rows: list[int]
) -> list[FeatureCounts]:
    n_groups = len(rows)
    cells = count_cells(column.codes, groups, n_groups, _N_CODES)
    missing = [bins.pop(MISSING, 0) for bins in cells]
    wrong_type = [bins.pop(WRONG_TYPE, 0) for bins in cells]
    unbinned = [bins.pop(UNBINNED_NUMBER, 0) for bins in cells]
    for bins in cells:
        bins.pop(UNBINNED_CATEGORY, None)
    if column.numbers is None:
        zeros = [0] * n_groups
        return list(map(FeatureCounts, rows, missing, wrong_type, zeros, zeros, zeros, cells))
    n = [free + sum(bins.values()) for free, bins in zip(unbinned, cells, strict=True)]
    sums = exactsum.exact_sums(column.numbers, groups, n_groups)
    squares = exactsum.exact_square_sums(column.numbers, groups, n_groups)
    return list(map(FeatureCounts, rows, missing, wrong_type, n, sums, squares, cells))
