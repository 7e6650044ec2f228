"""When retained requests expire.

Rows are given out in the order of arrival, so those of one page expire at about the same time: it
is enough to know, for each page and each model, when the first may, and to look through the pages
whose time has come.
"""

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.layout import FREE, Rows
from tidegauge.core.collect.rowpages import PAGE_BITS, RowPages
from tidegauge.core.collect.seriestable import SeriesTable

Ints = npt.NDArray[np.int64]

_FAR = 2**62


class Expiry:
    """The earliest expiry by page and clock.

    Args:
        pages: the rows.
        series: tells each row's clock.
    """

    def __init__(self, pages: RowPages, series: SeriesTable) -> None:
        self._pages = pages
        self._series = series
        self._earliest = np.full((1, 1), _FAR, np.int64)
        self._soonest = np.full(1, _FAR, np.int64)

    def note(self, rows: Ints, records: Rows) -> None:
        """Rows were written."""
        if not len(rows):
            return
        clocks = self._series.terms(records["series"]).clock
        self._make_room(int(rows.max()) >> PAGE_BITS)
        np.minimum.at(self._earliest, (rows >> PAGE_BITS, clocks), records["expires"])
        np.minimum.at(self._soonest, clocks, records["expires"])

    def note_one(self, row: int, clock: int, expires: int) -> None:
        """A row was written."""
        page = row >> PAGE_BITS
        self._make_room(page)
        if expires < self._earliest[page, clock]:
            self._earliest[page, clock] = expires
            self._soonest[clock] = min(self._soonest[clock], expires)

    def due(self, times: Ints) -> Ints:
        """The rows that expire before the time of their clock.

        Args:
            times: by clock, in ms.
        """
        self._make_room(0)
        width = len(times)
        if not (self._soonest[:width] < times).any():
            return np.empty(0, np.int64)
        found = []
        for page in np.flatnonzero((self._earliest[:, :width] < times).any(axis=1)).tolist():
            records = self._pages.page(page)
            live = np.flatnonzero(records["state"] != FREE)
            expires = records["expires"][live]
            clocks = self._series.terms(records["series"][live]).clock
            gone = expires < times[clocks]
            found.append(live[gone] + (page << PAGE_BITS))
            self._earliest[page] = _FAR
            np.minimum.at(self._earliest[page], clocks[~gone], expires[~gone])
        self._soonest = self._earliest.min(axis=0)
        return np.concatenate(found)

    def first(self, count: int) -> Ints:
        """The rows that expire first; of those that expire together, the smallest keys."""
        parts = []
        for start, records in self._pages.pages():
            live = np.flatnonzero(records["state"] != FREE)
            parts.append((live + start, records["expires"][live]))
        rows, expires = (np.concatenate(column) for column in zip(*parts, strict=True))
        if count < len(rows):
            last = np.partition(expires, count - 1)[count - 1]
            rows = rows[expires <= last]
        records = self._pages.take(rows)
        order = np.lexsort((records["low"], records["high"], records["expires"]))
        return rows[order[:count]]

    def _make_room(self, page: int) -> None:
        pages, clocks = self._earliest.shape
        if page < pages and self._series.clocks <= clocks:
            return
        shape = (max(2 * page, pages, 1), max(2 * self._series.clocks, clocks))
        more = np.full((max(shape[0], page + 1), shape[1]), _FAR, np.int64)
        more[:pages, :clocks] = self._earliest
        self._earliest = more
        self._soonest = more.min(axis=0)
