"""Rows of a batch by column, and which of them fall together: the same series, level and pane."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.config import PaneLevel

Ints = npt.NDArray[np.int64]
Column = npt.NDArray[Any]


class Gathered:
    """Rows that are gathered one by one or many at once.

    Args:
        dtypes: of the columns.
    """

    def __init__(self, *dtypes: type) -> None:
        self._dtypes = dtypes
        self._single: list[tuple[Any, ...]] = []
        self._parts: list[tuple[Column, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._single or self._parts)

    def add(self, *row: object) -> None:
        """Add one row."""
        self._single.append(row)

    def extend(self, *columns: Column) -> None:
        """Add rows, given by column."""
        if len(columns[0]):
            self._parts.append(columns)

    def columns(self) -> list[Column]:
        """All rows by column."""
        parts = list(self._parts)
        if self._single:
            parts.append(tuple(zip(*self._single, strict=True)))  # type: ignore[arg-type]
        return [
            np.concatenate([np.asarray(values, dtype) for values in column])
            for dtype, column in zip(self._dtypes, zip(*parts, strict=True), strict=True)
        ]


class Cell(NamedTuple):
    """One pane of one series."""

    number: int
    """Of the series."""
    level: int
    start: int
    """ms."""


class Cells(NamedTuple):
    """The distinct panes of some rows, and the index of each row's own."""

    present: list[Cell]
    of_row: Ints


def cells_of(number: Ints, level: Ints, time: Ints, levels: tuple[PaneLevel, ...]) -> Cells:
    """Find the panes that rows go to, once for each distinct series, level and pane among them.

    Args:
        number: the series of each row.
        level: the level of the pane that it goes to.
        time: its time in ms.
        levels: the pane pyramid.
    """
    panes = time // np.array([x.width_ms for x in levels])[level]
    first = int(panes.min())
    (numbers, depths, places), of_row = distinct([number, level, panes - first])
    cells = [
        Cell(series, depth, (pane + first) * levels[depth].width_ms)
        for series, depth, pane in zip(
            numbers.tolist(), depths.tolist(), places.tolist(), strict=True
        )
    ]
    return Cells(cells, of_row)


def distinct(columns: Sequence[Ints]) -> tuple[list[Ints], Ints]:
    """The distinct rows of columns of small numbers, in order, and which of them each row is."""
    sizes = [int(column.max()) + 1 for column in columns]
    packed = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        packed = packed * size + column
    present, of_row = np.unique(packed, return_inverse=True)
    found = []
    for size in reversed(sizes[1:]):
        present, rest = np.divmod(present, size)
        found.append(rest)
    return [present, *reversed(found)], of_row
