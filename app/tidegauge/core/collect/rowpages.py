"""Rows of retained requests in pages: memory grows by a page, and nothing is ever moved."""

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.layout import FREE, ROW, Rows
from tidegauge.core.requestkey import Keys

Ints = npt.NDArray[np.int64]

PAGE_BITS = 14
PAGE = 1 << PAGE_BITS
"""Rows of a page."""


class RowPages:
    """Rows by number. Rows that are given back are given out again in that order."""

    def __init__(self) -> None:
        self._pages: list[Rows] = []
        self._used = 0
        """Rows that were ever given out."""
        self._free: deque[Ints] = deque()

    def allocate(self, count: int) -> Ints:
        """Give out rows."""
        parts = []
        while count and self._free:
            part = self._free.popleft()
            if len(part) > count:
                self._free.appendleft(part[count:])
                part = part[:count]
            parts.append(part)
            count -= len(part)
        parts.append(np.arange(self._used, self._used + count))
        self._used += count
        while len(self._pages) * PAGE < self._used:
            self._pages.append(np.zeros(PAGE, ROW))
        return np.concatenate(parts)

    def release(self, rows: Ints) -> None:
        """Take rows back."""
        for page, part, _ in self._parts(rows):
            page["state"][part] = FREE
        self._free.append(rows)

    def take(self, rows: Ints) -> Rows:
        """Copies of rows."""
        records = np.empty(len(rows), ROW)
        for page, part, at in self._parts(rows):
            records[at] = page[part]
        return records

    def keys(self, rows: Ints) -> Keys:
        """The keys of rows."""
        keys = Keys(np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64))
        for page, part, at in self._parts(rows):
            keys.high[at], keys.low[at] = page["high"][part], page["low"][part]
        return keys

    def key(self, row: int) -> tuple[int, int]:
        """The key of one row."""
        record = self.one(row)
        return int(record["high"]), int(record["low"])

    def put(self, rows: Ints, records: Rows) -> None:
        """Write rows."""
        for page, part, at in self._parts(rows):
            page[part] = records[at]

    def one(self, row: int) -> np.void:
        """A row in its place: what is written to it stays."""
        record: np.void = self._pages[row >> PAGE_BITS][row & PAGE - 1]
        return record

    def page(self, number: int) -> Rows:
        """All rows of a page that were ever given out, in their place."""
        return self._pages[number][: self._used - (number << PAGE_BITS)]

    def pages(self) -> Iterator[tuple[int, Rows]]:
        """Each page with the number of its first row."""
        for number in range(len(self._pages)):
            yield number << PAGE_BITS, self.page(number)

    def _parts(self, rows: Ints) -> Iterator[tuple[Rows, Ints, Ints | slice]]:
        """Rows by page: the page, where in it they are, and where in ``rows``."""
        if not len(rows):
            return
        numbers = rows >> PAGE_BITS
        first = int(numbers[0])
        if (numbers == first).all():
            yield self._pages[first], rows & (PAGE - 1), slice(None)
            return
        for number in np.unique(numbers).tolist():
            at = np.flatnonzero(numbers == number)
            yield self._pages[number], rows[at] & (PAGE - 1), at
