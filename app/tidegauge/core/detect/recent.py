"""The latest panes of a stream, over which the size of a change is measured."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

MAX_BLOCKS = 16
"""Sparse panes are joined so that about so many blocks hold the samples that are needed."""


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
    """The fewest latest panes that are at least ``panes`` and hold at least ``samples``."""

    def __init__(self, panes: int, samples: int, kept: Sequence[Sequence[Any]] = ()) -> None:
        """Start empty, or with what is listed in ``kept``."""
        self._panes = panes
        self._samples = samples
        self._kept = deque(RecentPane(*pane) for pane in kept)
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
            self.count -= kept.popleft().count

    @property
    def full(self) -> bool:
        """Whether there is enough to judge by."""
        return len(self._kept) >= self._panes and self.count >= self._samples

    @property
    def start_ms(self) -> int:
        """Start of the first pane kept; there is one."""
        return self._kept[0].start_ms

    @property
    def end_ms(self) -> int:
        """End of the last pane kept; there is one."""
        return self._kept[-1].end_ms

    def means(self) -> tuple[float, float]:
        """Observed and expected mean over all samples kept; there is at least one."""
        mean = sum(pane.count * pane.mean for pane in self._kept) / self.count
        expected = sum(pane.count * pane.expected for pane in self._kept) / self.count
        return mean, expected

    def to_state(self) -> list[Any]:
        """Plain lists, as the constructor takes them."""
        return [list(msgspec.structs.astuple(pane)) for pane in self._kept]
