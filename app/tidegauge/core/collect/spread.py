"""Which slots the rows of a batch go to: the whole version and each of its segments."""

from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.cells import Cell, Ints, cells_of
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import SlotKey


class Series(NamedTuple):
    """One version of a model and the segments it is told apart by, the whole first."""

    model: str
    version: str
    segments: tuple[tuple[str, str], ...]


class Spread(NamedTuple):
    """Slots by number, and the numbers of each row and slot that go together."""

    keys: list[tuple[str, SlotKey]]
    rows: Ints
    slots: Ints
    whole: Ints
    """The slot of the whole version that each row goes to."""


def spread(
    number: Ints, level: Ints, time: Ints, series: list[Series], levels: tuple[PaneLevel, ...]
) -> Spread:
    """Find the slots that rows go to.

    Args:
        number: the series of each row.
        level: the level of the pane that it goes to.
        time: its time in ms.
        series: what the numbers of series stand for.
        levels: the pane pyramid.
    """
    cells = cells_of(number, level, time, levels)
    numbers: dict[tuple[str, SlotKey], int] = {}
    members = [
        [numbers.setdefault(key, len(numbers)) for key in _keys(cell, series)]
        for cell in cells.present
    ]
    table = np.full((len(members), max(map(len, members))), -1, dtype=np.int64)
    for i, slots in enumerate(members):
        table[i, : len(slots)] = slots
    by_row = table[cells.of_row]
    kept = by_row >= 0
    at_row = np.broadcast_to(np.arange(len(number))[:, None], by_row.shape)
    return Spread(list(numbers), at_row[kept], by_row[kept], by_row[:, 0])


def _keys(cell: Cell, series: list[Series]) -> list[tuple[str, SlotKey]]:
    model, version, pairs = series[cell.number]
    return [(model, SlotKey(version, f, v, cell.level, cell.start)) for f, v in pairs]
