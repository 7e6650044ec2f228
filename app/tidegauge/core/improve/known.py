"""What a subscriber knows of one model: its longest windows, alerts and deployments."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.config import DAY, ModelKind
from tidegauge.core.improve.segments import Errors
from tidegauge.core.improve.shift import Shift, shift
from tidegauge.core.records import DeploymentKind, DeploymentRecord, MetricRecord, WindowState

ENOUGH_COVERAGE = 0.5
"""A window is judged when at least this share of its predictions has a label."""
STILL_RUNNING = 3
"""A version without predictions in so many of the newest windows has ended."""
BASELINE_WINDOWS = 28
"""At most so many windows before an alert say what was usual."""


class Known(NamedTuple):
    """The newest record of each key of one model, in any order.

    Attributes:
        windows: of any size.
        alerts: of the model.
        deployments: of the model.
        now_ms: its watermark.
    """

    windows: Sequence[MetricRecord]
    alerts: Sequence[AlertRecord]
    deployments: Sequence[DeploymentRecord]
    now_ms: int

    def longest(self) -> list[MetricRecord]:
        """The closed windows of the longest size in order of time."""
        return self._of_size(_longest(self._sizes()))

    def daily(self) -> list[MetricRecord]:
        """Those of the longest size up to a day, to tell before from after."""
        return self._of_size(_daily(self._sizes()))

    def _sizes(self) -> set[int]:
        return {window.end_ms - window.start_ms for window in self.windows}

    def _of_size(self, size: int) -> list[MetricRecord]:
        closed = (
            window
            for window in self.windows
            if window.end_ms - window.start_ms == size and window.state is not WindowState.OPEN
        )
        return sorted(closed, key=_order)

    def whole(self) -> dict[str, list[MetricRecord]]:
        """Of each version that still runs, its own longest windows."""
        found: dict[str, list[MetricRecord]] = {}
        for window in self.longest():
            if window.segment_field is None:
                found.setdefault(window.version, []).append(window)
        newest = max((windows[-1].end_ms for windows in found.values()), default=0)
        return {
            version: windows
            for version, windows in sorted(found.items())
            if newest - windows[-1].end_ms
            < STILL_RUNNING * (windows[-1].end_ms - windows[-1].start_ms)
        }

    def first_seen(self, version: str) -> int:
        """The event time of a version's first prediction, as far as it is known."""
        times = [
            mark.time_ms
            for mark in self.deployments
            if mark.kind is DeploymentKind.VERSION and mark.value == version
        ]
        return min(times, default=0)


def sizes_used(sizes: Collection[int]) -> set[int]:
    """Of the sizes of windows that there are, in ms, those that advice rests on."""
    return {_longest(sizes), _daily(sizes)} & set(sizes)


def _longest(sizes: Collection[int]) -> int:
    return max(sizes, default=0)


def _daily(sizes: Collection[int]) -> int:
    return max((size for size in sizes if size <= DAY), default=min(sizes, default=0))


def judged(windows: Iterable[MetricRecord]) -> MetricRecord | None:
    """Of windows in order of time the newest that has enough labels to say what is better."""
    told = [window for window in windows if window.improvement is not None]
    covered = [w for w in told if (w.label_coverage or 0.0) >= ENOUGH_COVERAGE]
    return next(reversed(covered or told), None)


def change_since(windows: Sequence[MetricRecord], time_ms: int) -> Shift | None:
    """How the errors of a model changed at a time; None unless it has windows before and after.

    Args:
        windows: the closed windows of one size of its versions and their segments.
        time_ms: when an alert began; the window that it lies in belongs to neither side, unless
            there is none after it.
    """
    ended = sorted({window.end_ms for window in windows if window.end_ms <= time_ms})
    usual = set(ended[-BASELINE_WINDOWS:])
    before = [window for window in windows if window.end_ms in usual]
    after = [window for window in windows if window.start_ms >= time_ms] or [
        window for window in windows if window.start_ms < time_ms < window.end_ms
    ]
    was, now = (merged(w for w in side if w.segment_field is None) for side in (before, after))
    if not was.labelled or not now.labelled:
        return None
    fields = {w.segment_field for w in windows if w.segment_field is not None}
    split = {field: (_groups(before, field), _groups(after, field)) for field in fields}
    return shift(was, now, split)


def merged(windows: Iterable[MetricRecord]) -> Errors:
    """The errors of several windows together."""
    parts = [part for part in map(errors_of, windows) if part.labelled]
    n = sum(part.labelled for part in parts)
    if not n:
        return Errors(0, 0.0, 0.0)
    return Errors(
        n,
        math.fsum(part.labelled * part.mean for part in parts) / n,
        math.fsum(part.labelled * part.mean_square for part in parts) / n,
    )


def errors_of(window: MetricRecord) -> Errors:
    """The errors of one window."""
    n = window.labelled
    if window.kind is ModelKind.REGRESSION:
        root = window.regression.root_mean_squared_error or 0.0
        return Errors(n, window.regression.mean_absolute_error or 0.0, root * root)
    rate = (window.quality.errors or 0) / n if n else 0.0
    return Errors(n, rate, rate)


def _groups(windows: Iterable[MetricRecord], field: str) -> dict[str, Errors]:
    by_value: dict[str, list[MetricRecord]] = {}
    for window in windows:
        if window.segment_field == field:
            by_value.setdefault(window.segment_value or "", []).append(window)
    return {value: merged(parts) for value, parts in by_value.items()}


def _order(window: MetricRecord) -> tuple[int, str, str, str]:
    segment = window.segment_field or "", window.segment_value or ""
    return (window.start_ms, window.version, *segment)
