"""The latest panes of a stream: how large a change is, and when it began."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

MAX_BLOCKS = 16
"""Sparse panes are joined so that about so many blocks hold the samples that are needed."""
OLDER = 16
"""Blocks of older panes that are kept to look for the onset of a change in."""
PANES_OF_OLDER = 8
"""Panes that make such a block."""


class RecentPane(msgspec.Struct, frozen=True, gc=False):
    """One pane or several together, and the mean that was expected in them."""

    start_ms: int
    end_ms: int
    count: int
    mean: float
    expected: float

    def joined(self, later: "RecentPane") -> "RecentPane":
        """Both together."""
        count = self.count + later.count
        part = later.count / count
        return RecentPane(
            self.start_ms,
            later.end_ms,
            count,
            self.mean + (later.mean - self.mean) * part,
            self.expected + (later.expected - self.expected) * part,
        )


class RecentPanes:
    """The fewest latest panes that are at least ``panes`` and hold at least ``samples``.

    Those before them are kept in coarser blocks, to find where a change began.
    """

    def __init__(self, panes: int, samples: int, state: Sequence[Any] = ()) -> None:
        """Start empty, or go on from what `to_state` gave."""
        self._panes = panes
        self._samples = samples
        kept, older, joined = state or ((), (), 0)
        self._kept = deque(RecentPane(*pane) for pane in kept)
        self._older = deque(RecentPane(*pane) for pane in older)
        self._joined: int = joined
        self.count = sum(pane.count for pane in self._kept)

    def add(self, pane: RecentPane) -> None:
        """Take the next pane and drop those that are not needed any more."""
        kept = self._kept
        self.count += pane.count
        if kept and kept[-1].count * MAX_BLOCKS < self._samples:
            kept[-1] = kept[-1].joined(pane)
        else:
            kept.append(pane)
        while len(kept) > self._panes and self.count - kept[0].count >= self._samples:
            self.count -= kept[0].count
            self._age(kept.popleft())

    def _age(self, pane: RecentPane) -> None:
        if self._older and 0 < self._joined < PANES_OF_OLDER:
            self._older[-1] = self._older[-1].joined(pane)
            self._joined += 1
            return
        self._older.append(pane)
        self._joined = 1
        if len(self._older) > OLDER:
            self._older.popleft()

    @property
    def start_ms(self) -> int:
        """Start of the first of the latest panes; there is one."""
        return self._kept[0].start_ms

    @property
    def end_ms(self) -> int:
        """End of the last pane; there is one."""
        return self._kept[-1].end_ms

    def whole(self) -> RecentPane:
        """The latest panes together; there is at least one."""
        return _together(self._kept)

    def changed(self) -> RecentPane:
        """What came since the most likely onset of a change; there is at least one pane.

        The maximum-likelihood estimate of the time at which the level of independent normal panes
        moved from what was expected to an unknown other level (D. Hinkley, "Inference about the
        change-point from cumulative sum tests", Biometrika 58, 1971).
        """
        panes = [*self._older, *self._kept]
        excess, count, best, onset = 0.0, 0, -1.0, len(panes) - 1
        for place in range(len(panes) - 1, -1, -1):
            pane = panes[place]
            count += pane.count
            excess += pane.count * (pane.mean - pane.expected)
            likelihood = excess * excess / count
            if likelihood > best:
                best, onset = likelihood, place
        return _together(panes[onset:])

    def since(self, start_ms: int) -> RecentPane:
        """What began then or later, the last pane at least; there is one."""
        panes = [*self._older, *self._kept]
        return _together([pane for pane in panes if pane.start_ms >= start_ms] or panes[-1:])

    def forget(self) -> None:
        """Let go of all panes: a change that has ended is not to be found again."""
        self._kept.clear()
        self._older.clear()
        self._joined = self.count = 0

    def to_state(self) -> list[Any]:
        """Plain lists, as the constructor takes them."""
        parts = (
            [list(msgspec.structs.astuple(pane)) for pane in panes]
            for panes in (self._kept, self._older)
        )
        return [*parts, self._joined]


def _together(panes: Sequence[RecentPane] | deque[RecentPane]) -> RecentPane:
    count = sum(pane.count for pane in panes)
    mean = sum(pane.count * pane.mean for pane in panes) / count
    expected = sum(pane.count * pane.expected for pane in panes) / count
    return RecentPane(panes[0].start_ms, panes[-1].end_ms, count, mean, expected)
