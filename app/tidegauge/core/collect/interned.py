"""Values that many rows share, kept once under a number, as long as any row holds it.

Numbers are given again once nobody holds them. They are part of the stored state, so changes are
told like those of rows.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=Hashable)
Ints = npt.NDArray[np.int64]


class Interned(Generic[T]):
    """Numbers of values, with a count of the rows that hold each."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self._values: dict[int, T] = {}
        self._holders = np.zeros(16, np.int64)
        self._free: list[int] = []
        self._fresh: set[int] = set()
        self._unsaved: set[int] = set()

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> Iterator[tuple[int, T]]:
        """Numbers with their values."""
        yield from self._values.items()

    def number(self, value: T) -> int:
        """The number of ``value``; one that nobody holds lasts until `forget_unheld`."""
        number = self._numbers.get(value)
        if number is None:
            number = self._free.pop() if self._free else len(self._values)
            self._set(number, value)
            self._fresh.add(number)
            self._unsaved.add(number)
        return number

    def find(self, value: T) -> int | None:
        """The number of ``value``, if it has one."""
        return self._numbers.get(value)

    def value(self, number: int) -> T:
        """The value of a number."""
        return self._values[number]

    def hold(self, numbers: npt.NDArray[np.integer], sign: int = 1) -> None:
        """Rows hold these numbers, or (``sign`` -1) no longer do."""
        if not len(numbers):
            return
        held, counts = np.unique(numbers, return_counts=True)
        self._holders[held] += sign * counts
        if sign < 0:
            self._fresh.update(held[self._holders[held] == 0].tolist())

    def hold_one(self, number: int, sign: int = 1) -> None:
        """`hold` of a single row."""
        self._holders[number] += sign
        if not self._holders[number]:
            self._fresh.add(number)

    def forget_unheld(self) -> None:
        """Let go of values that nobody holds."""
        for number in self._fresh:
            if number in self._values and not self._holders[number]:
                del self._numbers[self._values.pop(number)]
                self._free.append(number)
                self._unsaved.add(number)
        self._fresh.clear()

    def changes(self) -> list[tuple[int, T | None]]:
        """Numbers whose value changed since the last call; None where it is free."""
        changed, self._unsaved = sorted(self._unsaved), set()
        return [(number, self._values.get(number)) for number in changed]

    def restore(self, number: int, value: T | None) -> None:
        """Take one change, in the order of the log."""
        before = self._values.pop(number, None)
        # it may have moved to another number by a change that was read already
        if before is not None and self._numbers.get(before) == number:
            del self._numbers[before]
        if value is not None:
            self._set(number, value)

    def restored(self, held: npt.NDArray[np.integer]) -> None:
        """All changes are read; rows hold the numbers ``held``, each as often as it is there."""
        last = max(self._values, default=-1)
        self._free = sorted(set(range(last + 1)) - self._values.keys(), reverse=True)
        self.hold(held)
        self._fresh = set(self._values)
        self.forget_unheld()

    def _set(self, number: int, value: T) -> None:
        self._numbers[value] = number
        self._values[number] = value
        if number >= len(self._holders):
            more = np.zeros(max(number + 1, 2 * len(self._holders)), np.int64)
            more[: len(self._holders)] = self._holders
            self._holders = more
