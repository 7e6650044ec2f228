"""Rows of retained requests in pages: memory grows by a page, and nothing is ever moved.

Beside the rows of a page lie the codes of their features (`tidegauge.core.stats.errorbins`), as
wide as the widest that the page was ever given.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.layout import FREE, ROW, Rows
from tidegauge.core.requestkey import Keys
from tidegauge.core.stats.errorbins import NO_CODE, Codes

Ints = npt.NDArray[np.int64]

PAGE_BITS = 14
PAGE = 1 << PAGE_BITS
"""Rows of a page."""


class RowPages:
    """Rows by number. Rows that are given back are given out again in that order."""

    def __init__(self) -> None:
        self._pages: list[Rows] = []
        self._codes: list[Codes] = []
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
            self._codes.append(np.empty((PAGE, 0), np.uint8))
        return np.concatenate(parts)

    def release(self, rows: Ints) -> None:
        """Take rows back."""
        for number, part, _ in self._parts(rows):
            self._pages[number]["state"][part] = FREE
        self._free.append(rows)

    def take(self, rows: Ints) -> Rows:
        """Copies of rows."""
        records = np.empty(len(rows), ROW)
        for number, part, at in self._parts(rows):
            records[at] = self._pages[number][part]
        return records

    def codes(self, rows: Ints) -> Codes:
        """The codes of rows."""
        parts = list(self._parts(rows))
        width = max((self._codes[number].shape[1] for number, _, _ in parts), default=0)
        codes = np.full((len(rows), width), NO_CODE, np.uint8)
        for number, part, at in parts:
            held = self._codes[number]
            codes[at, : held.shape[1]] = held[part]
        return codes

    def keys(self, rows: Ints) -> Keys:
        """The keys of rows."""
        keys = Keys(np.empty(len(rows), np.uint64), np.empty(len(rows), np.uint64))
        for number, part, at in self._parts(rows):
            page = self._pages[number]
            keys.high[at], keys.low[at] = page["high"][part], page["low"][part]
        return keys

    def key(self, row: int) -> tuple[int, int]:
        """The key of one row."""
        record = self.one(row)
        return int(record["high"]), int(record["low"])

    def put(self, rows: Ints, records: Rows) -> None:
        """Write rows."""
        for number, part, at in self._parts(rows):
            self._pages[number][part] = records[at]

    def put_codes(self, rows: Ints, codes: Codes) -> None:
        """Write the codes of rows."""
        width = codes.shape[1]
        if not width:
            return
        for number, part, at in self._parts(rows):
            held = self._codes[number]
            if held.shape[1] < width:
                wider = np.full((PAGE, width), NO_CODE, np.uint8)
                wider[:, : held.shape[1]] = held
                held = self._codes[number] = wider
            held[part, :width], held[part, width:] = codes[at], NO_CODE

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

    def _parts(self, rows: Ints) -> Iterator[tuple[int, Ints, Ints | slice]]:
        """Rows by page: its number, where in it they are, and where in ``rows``."""
        if not len(rows):
            return
        numbers = rows >> PAGE_BITS
        first = int(numbers[0])
        if (numbers == first).all():
            yield first, rows & (PAGE - 1), slice(None)
            return
        for number in np.unique(numbers).tolist():
            at = np.flatnonzero(numbers == number)
            yield number, rows[at] & (PAGE - 1), at
