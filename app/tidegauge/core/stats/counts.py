"""Sparse signed counts: adding them, counting a batch by group, and their wire form."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_DENSE_CELLS = 1 << 17
"""Up to this many cells a dense table is faster than sorting the rows."""


Cell = TypeVar("Cell", int, str, tuple[str, str])


def add_counts(counts: dict[Cell, int], other: Mapping[Cell, int], sign: int = 1) -> None:
    """Add ``other`` into ``counts`` (``sign`` -1: take it away); cells that cancel disappear."""
    for cell, count in other.items():
        total = counts.get(cell, 0) + sign * count
        if total:
            counts[cell] = total
        else:
            counts.pop(cell, None)


def count_cells(
    cells: NDArray[np.integer],
    groups: NDArray[np.integer],
    n_groups: int,
    n_cells: int,
    signs: NDArray[np.integer] | None = None,
) -> list[dict[int, int]]:
    """Count rows by group and cell.

    Args:
        cells: The cell of each row, from 0 to ``n_cells - 1``.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.
        n_cells: Number of cells.
        signs: What each row adds: 1, or -1 where it retracts; None: 1.

    Returns:
        Per group the cells whose count is not zero, in ascending order.
    """
    keys = groups.astype(np.int64) * n_cells + cells
    if n_groups * n_cells <= _DENSE_CELLS:
        counts = np.bincount(keys, signs, n_groups * n_cells)
        filled = np.flatnonzero(counts)
        values = counts[filled]
    else:
        present, inverse = np.unique(keys, return_inverse=True)
        counts = np.bincount(inverse, signs, len(present))
        filled, values = present[counts != 0], counts[counts != 0]
    starts = np.searchsorted(filled, np.arange(n_groups + 1) * n_cells).tolist()
    cell_list = (filled % n_cells).tolist()
    value_list = values.astype(np.int64).tolist()
    return [
        dict(zip(cell_list[start:end], value_list[start:end], strict=True))
        for start, end in pairwise(starts)
    ]


def flatten(counts: Mapping[int, int]) -> list[int]:
    """Return the counts as ``[cell, count, cell, count, ...]`` by ascending cell."""
    return [number for pair in sorted(counts.items()) for number in pair]


def unflatten(numbers: Sequence[int]) -> dict[int, int]:
    """Read what `flatten` wrote.

    Raises:
        ValueError: A cell has no count.
    """
    if len(numbers) % 2:
        raise ValueError(f"counts come as pairs of cell and count, not as {len(numbers)} numbers")
    return dict(zip(numbers[::2], numbers[1::2], strict=True))


def table(counts: Mapping[int, int], size: int) -> NDArray[np.int64]:
    """Return the counts of the cells from 0 to ``size - 1``, where all that are counted lie."""
    cells = np.zeros(size, np.int64)
    cells[list(counts)] = list(counts.values())
    return cells


def dense(counts: Mapping[int, int], cells: Iterable[int]) -> list[int]:
    """Return the count of each of ``cells``, in their order."""
    return [counts.get(cell, 0) for cell in cells]
