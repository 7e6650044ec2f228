"""Which row a key is in: an open-addressing hash table that is asked for many keys at once.

A slot holds the row in its lower half and half of the key's second word, as a tag, in its upper
half; the first word says where to begin. Collisions go to the next slot (linear probing), so a
table can be built anew by sorting keys instead of placing them one by one.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tidegauge.core.requestkey import Keys, Words

Ints = npt.NDArray[np.int64]

NOT_FOUND = -1

_EMPTY = np.uint64(0)
_ROW = np.uint64(0xFFFF_FFFF)
_LEFT = np.uint64(1 << 32)
"""A slot whose row has left: searches go on past it, and a new row may take it."""
_MIN_BITS = 10
_FULLEST = 0.65
"""Share of slots in use, those left included, above which the table is built anew."""
_SPILL = 1_024
"""Slots behind the last one taken, at first, so that no search wraps around."""


class KeyIndex:
    """Rows by key.

    Args:
        keys: gives the keys of rows, to tell apart keys with equal tags.
        key: gives the key of one row.
    """

    def __init__(self, keys: Callable[[Ints], Keys], key: Callable[[int], tuple[int, int]]) -> None:
        self._keys = keys
        self._key = key
        self._bits = _MIN_BITS
        self._slots = _empty(self._bits)
        self._used = 0
        """Slots that are not empty."""
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        return self._slots.nbytes

    def find(self, keys: Keys) -> Ints:
        """The row of each key, or `NOT_FOUND`."""
        found = np.full(len(keys.high), NOT_FOUND, np.int64)
        left = np.arange(len(found))
        at, tags = self._begin(keys.high), keys.low & ~_ROW
        while len(left):
            slots = self._slots[at]
            filled = slots & _ROW
            hit = np.flatnonzero((slots & ~_ROW == tags) & (filled != _EMPTY))
            if len(hit):
                rows = filled[hit].astype(np.int64) - 1
                stored, asked = self._keys(rows), keys.at(left[hit])
                same = (stored.high == asked.high) & (stored.low == asked.low)
                found[left[hit[same]]] = rows[same]
                slots[hit[same]] = _EMPTY
            on = slots != _EMPTY
            left, at, tags = left[on], at[on] + 1, tags[on]
        return found

    def find_one(self, high: int, low: int) -> int:
        """The row of one key, or `NOT_FOUND`."""
        at, tag = high >> (64 - self._bits), low >> 32
        while slot := self._slots.item(at):
            row = (slot & 0xFFFF_FFFF) - 1
            if row >= 0 and slot >> 32 == tag and self._key(row) == (high, low):
                return row
            at += 1
        return NOT_FOUND

    def add(self, rows: Ints, keys: Keys) -> None:
        """Add rows whose keys are not there yet, and differ."""
        self._make_room(len(rows))
        self._rows += len(rows)
        at = self._begin(keys.high)
        entries = (keys.low & ~_ROW) | (rows + 1).astype(np.uint64)
        while len(at):
            slots = self._slots[at]
            free = np.flatnonzero(slots & _ROW == _EMPTY)
            # of those that want one slot, one gets it
            _, first = np.unique(at[free], return_index=True)
            placed = free[first]
            self._slots[at[placed]] = entries[placed]
            self._used += int(np.count_nonzero(slots[placed] == _EMPTY))
            on = np.ones(len(at), np.bool_)
            on[placed] = False
            at, entries = at[on] + 1, entries[on]
            if len(at) and at.max() >= len(self._slots) - 1:
                self._build(self._bits, np.concatenate([self._entries(), entries]))
                return

    def remove(self, rows: Ints, keys: Keys) -> None:
        """Remove rows that are there."""
        self._rows -= len(rows)
        at = self._begin(keys.high)
        entries = (keys.low & ~_ROW) | (rows + 1).astype(np.uint64)
        while len(at):
            on = self._slots[at] != entries
            self._slots[at[~on]] = _LEFT
            at, entries = at[on] + 1, entries[on]

    def _begin(self, high: Words) -> npt.NDArray[np.intp]:
        return (high >> np.uint64(64 - self._bits)).astype(np.intp)

    def _make_room(self, rows: int) -> None:
        if self._used + rows <= _FULLEST * (1 << self._bits):
            return
        bits = self._bits
        while 2 * (self._rows + rows) > 1 << bits:
            bits += 1
        self._build(bits, self._entries())

    def _entries(self) -> Words:
        entries: Words = self._slots[self._slots & _ROW != _EMPTY]
        return entries

    def _build(self, bits: int, entries: Words) -> None:
        """Make the table anew with so many bits: in the order of keys, each gets the next slot."""
        self._bits, self._used = bits, len(entries)
        begin = self._begin(self._keys((entries & _ROW).astype(np.int64) - 1).high)
        order = np.argsort(begin, kind="stable")
        counting = np.arange(len(order))
        places = np.maximum.accumulate(begin[order] - counting) + counting
        beyond = int(places[-1]) - (1 << bits) if len(places) else 0
        self._slots = _empty(bits, max(beyond, 0))
        self._slots[places] = entries[order]


def _empty(bits: int, beyond: int = 0) -> Words:
    return np.zeros((1 << bits) + beyond + _SPILL, np.uint64)
