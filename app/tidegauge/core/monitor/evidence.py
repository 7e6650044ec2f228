"""What an alert about errors rests on, as corrected labels leave it."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.watcher import RESOLVE_PART
from tidegauge.core.monitor.streams import StreamKey, Streams
from tidegauge.core.stats.corrections import ErrorCounts

EvidenceState = tuple[int, int, float, float, list[Any]]


class Evidence(msgspec.Struct):
    """The errors in the window of an alert.

    Detectors read first labels, and their past never changes. The evidence does: a correction, and
    a label that came too late for its pane, counts in it.
    """

    start_ms: int
    end_ms: int
    """Exclusive."""
    expected: float
    """The mean error that was normal in the window."""
    direction: float
    """1 where the errors rose, -1 where they fell."""
    counts: ErrorCounts

    def take(self, changes: Mapping[int, ErrorCounts]) -> bool:
        """Apply changes by pane of the first label; whether one of them was in the window."""
        mine = [change for start, change in changes.items() if self.start_ms <= start < self.end_ms]
        for change in mine:
            self.counts.add(change)
        return bool(mine)

    def holds(self, key: StreamKey, streams: Streams, kind: ModelKind) -> bool:
        """Whether the change in errors is still there: not below half of the minimum effect.

        That is where an alert that fires resolves, so that no single correction takes back an alert
        that opened just over the minimum.
        """
        mean = self.counts.mean_error(kind)
        if mean is None:
            return False
        effect = self.direction * streams.effect(key, mean, self.expected)
        return effect >= RESOLVE_PART * streams.verdicts[key].min_effect

    def to_state(self) -> EvidenceState:
        """Plain values for msgpack."""
        return self.start_ms, self.end_ms, self.expected, self.direction, self.counts.to_wire()

    @classmethod
    def from_state(cls, state: EvidenceState) -> Self:
        """The inverse of `to_state`."""
        start_ms, end_ms, expected, direction, counts = state
        return cls(start_ms, end_ms, expected, direction, ErrorCounts.from_wire(counts))
