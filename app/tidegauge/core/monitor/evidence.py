"""What an alert rests on that corrected or late labels, or late predictions, can take back.

Of an alert about *errors* these are the errors in the window that it told. Of an alert about a
*loss* of predictions or labels it is how many came in the panes since the loss began: what came
late for its pane was not lost. All other figures rest on predictions that came, which are never
changed, or are read only when nothing can change them any more.
"""

import math
from collections.abc import Mapping
from typing import Any, Self

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import StreamKind, Verdict
from tidegauge.core.detect.watcher import RESOLVE_PART
from tidegauge.core.monitor.streams import StreamKey, Streams
from tidegauge.core.stats.corrections import ErrorCounts

SURE = 2.0
"""Standard errors from which on a change that is left is told from chance."""

EvidenceState = tuple[int, int, float, float, float, list[Any]]


class Evidence(msgspec.Struct):
    """The figures in the window of an alert.

    Detectors read first labels, and their past never changes. The evidence does: a correction, and
    what came too late for its pane, counts in it.
    """

    start_ms: int
    end_ms: int
    """Exclusive."""
    expected: float
    """The mean that was normal in the window."""
    direction: float
    """1 where it rose, -1 where it fell."""
    told: float
    """Magnitude of the effect that the alert told."""
    counts: ErrorCounts
    """Of a loss the panes as trials, and all that came in them as errors."""

    def take(self, changes: Mapping[int, ErrorCounts]) -> bool:
        """Apply changes by pane of the first label; whether one of them was in the window."""
        mine = [change for start, change in changes.items() if self.start_ms <= start < self.end_ms]
        for change in mine:
            self.counts.add(change)
        return bool(mine)

    def grow(self, end_ms: int, expected: float, number: float) -> None:
        """One pane more of a loss, in which so many came."""
        self.end_ms = end_ms
        self.counts.add(ErrorCounts(1, round(number)))
        self.expected += (expected - self.expected) / self.counts.trials

    def holds(self, key: StreamKey, streams: Streams, kind: ModelKind) -> bool:
        """Whether the change is still there.

        It is if at least half of what was told is left. What is left of less must not be below half
        of the minimum effect, which is where an alert that fires resolves, and must be told from
        chance: an alert whose errors are all taken back keeps those that are always there, and in
        few labels these are often some more than usual.
        """
        verdict = streams.verdicts[key]
        if key.kind is StreamKind.COUNT:
            kind = ModelKind.BINARY
        mean, samples = self.counts.mean_error(kind), self.counts.samples(kind)
        if mean is None or not verdict.deviation:
            return False
        effect = self.direction * streams.effect(key, mean, self.expected)
        if effect >= RESOLVE_PART * self.told:
            return True
        off = self.direction * (mean - self.expected) / verdict.deviation * math.sqrt(samples)
        return effect >= RESOLVE_PART * verdict.min_effect and off >= SURE

    def now(self, verdict: Verdict, counts: ErrorCounts) -> "Evidence":
        """What a verdict on the present says of the same change: nothing has been told of it."""
        start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
        expected = verdict.baseline or 0.0
        return Evidence(start, end, expected, self.direction, math.inf, counts)

    def to_state(self) -> EvidenceState:
        """Plain values for msgpack."""
        wire = self.counts.to_wire()
        return self.start_ms, self.end_ms, self.expected, self.direction, self.told, wire

    @classmethod
    def from_state(cls, state: EvidenceState) -> Self:
        """The inverse of `to_state`."""
        start_ms, end_ms, expected, direction, told, counts = state
        held = ErrorCounts.from_wire(counts)
        return cls(start_ms, end_ms, expected, direction, told, held)
