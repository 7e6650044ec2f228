"""Which rows of a batch fall together: the same series, level and pane."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.config import PaneLevel

Ints = npt.NDArray[np.int64]

Row = tuple[Any, ...]
"""The number of a series, a level, a time in ms, and whatever is to be counted."""


class Cell(NamedTuple):
    """One pane of one series."""

    number: int
    """Of the series."""
    level: int
    start: int
    """ms."""


class Cells(NamedTuple):
    """The distinct panes of a batch, and the index of each row's own."""

    present: list[Cell]
    of_row: Ints
    columns: list[tuple[Any, ...]]
    """What is to be counted, by column."""


def cells_of(rows: list[Row], levels: tuple[PaneLevel, ...]) -> Cells:
    """Find the panes that rows go to, once for each distinct series, level and pane among them."""
    columns = list(zip(*rows, strict=True))
    number, level, time = (np.array(column, np.int64) for column in columns[:3])
    panes = time // np.array([x.width_ms for x in levels])[level]
    first = int(panes.min())
    extent = int(panes.max()) - first + 1
    packed = (number * len(levels) + level) * extent + (panes - first)
    present, of_row = np.unique(packed, return_inverse=True)
    cells = []
    for cell in present.tolist():
        at, pane = divmod(cell, extent)
        depth = at % len(levels)
        start = (pane + first) * levels[depth].width_ms
        cells.append(Cell(at // len(levels), depth, start))
    return Cells(cells, of_row, columns[3:])
