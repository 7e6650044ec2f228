"""Counting how long first labels took, in the panes of the answers."""

from collections.abc import Iterator

import numpy as np

from tidegauge.core.collect.cells import Ints, cells_of
from tidegauge.core.collect.spread import Series
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import WHOLE, SlotKey
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.labeldelay import N_BINS, bin_delays

DelayCounts = dict[int, int]
"""First labels by the bin of their delay."""


def delay_slots(
    number: Ints,
    delays: Ints,
    time: Ints,
    series: list[Series],
    levels: tuple[PaneLevel, ...],
) -> Iterator[tuple[str, SlotKey, DelayCounts]]:
    """Count first labels by their delay, in the slots of whole versions.

    Args:
        number: the series of each.
        delays: how long after its answer each was known, ms.
        time: of the answers, ms.
        series: the series by number.
        levels: the pane pyramid.
    """
    depths = np.searchsorted([level.span_ms for level in levels[:-1]], delays)
    cells = cells_of(number, depths, time, levels)
    counted = count_cells(bin_delays(delays), cells.of_row, len(cells.present), N_BINS)
    for cell, counts in zip(cells.present, counted, strict=True):
        told = series[cell.number]
        yield told.model, SlotKey(told.version, *WHOLE, cell.level, cell.start), counts
