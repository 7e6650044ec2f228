"""A sample of single panes from the learning period, in runs of neighbours.

Buckets (`tidegauge.core.detect.learning`) say how a stream wanders over minutes and hours; how a
pane depends on the one before it can only be told from panes. Runs of consecutive panes are kept,
evenly spread over the learning period: when there are too many, every second run leaves.
"""

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.config import MINUTE

RUN = 64
"""Panes of one run."""
RUNS = 24
"""Most runs that are kept."""


class Panes(NamedTuple):
    """The panes on a tape, in order, as columns."""

    middles: NDArray[np.int64]
    """Minute in which the middle of each pane lies, in ms: seasons need no more."""
    counts: NDArray[np.float64]
    means: NDArray[np.float64]
    follows: NDArray[np.bool_]
    """Whether the stream's pane before it is the row before it."""


class Tape:
    """The panes kept of one stream while it learns."""

    def __init__(self, state: Sequence[Any] = ()) -> None:
        """Start empty, or go on from what `to_state` gave."""
        seen, stride, minutes, counts, means = state or (0, 1, b"", b"", b"")
        self._seen: int = seen
        self._stride: int = stride
        self._minutes = array("i", minutes)
        self._counts = array("f", counts)
        self._means = array("d", means)

    def add(self, middle_ms: int, count: int, mean: float) -> None:
        """Take the next pane, if its run is one of those that are kept."""
        run = self._seen // RUN
        self._seen += 1
        if run % self._stride:
            return
        if len(self._means) == RUN * RUNS:
            self._thin()
            if run % self._stride:
                return
        self._minutes.append(middle_ms // MINUTE)
        self._counts.append(count)
        self._means.append(mean)

    def __len__(self) -> int:
        return len(self._means)

    def _thin(self) -> None:
        self._stride *= 2
        for column in (self._minutes, self._counts, self._means):
            kept = [column[at : at + RUN] for at in range(0, len(column), 2 * RUN)]
            del column[:]
            for run in kept:
                column.extend(run)

    def panes(self) -> Panes:
        """All that is kept."""
        follows = np.arange(len(self)) % RUN != 0 if self._stride > 1 else np.arange(len(self)) > 0
        return Panes(
            np.array(self._minutes, np.int64) * MINUTE,
            np.array(self._counts, np.float64),
            np.array(self._means, np.float64),
            follows,
        )

    def to_state(self) -> list[Any]:
        """Numbers and bytes, as the constructor takes them."""
        columns = (self._minutes, self._counts, self._means)
        return [self._seen, self._stride, *(column.tobytes() for column in columns)]
