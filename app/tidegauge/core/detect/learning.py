"""Learning a baseline from a stream's first closed panes.

Panes are summed in *buckets* of event time, so that memory stays bounded however narrow panes are.
The daily season is the mean per hour of the day, shrunk towards the overall mean where few days
were seen. How far chance moves a mean is the long-run variance of what then remains
(`tidegauge.core.detect.longrun`). Buckets with a wild mean are left out, so a few broken events do
not make the stream blind.
"""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

import msgspec

from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND
from tidegauge.core.detect.baseline import HOURS, Baseline, hour_of_day
from tidegauge.core.detect.longrun import long_run_variance
from tidegauge.core.detect.verdict import PaneInput, StreamKind

BUCKET_WIDTHS = (SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
MAX_BUCKETS = 400
MIN_BUCKETS = 24
SEASON_MS = 3 * DAY
MAD = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""
WILD = 20.0
"""A bucket whose mean is so many robust deviations off is left out."""
RELATIVE_RESOLUTION = 1e-9
"""Deviations below this part of the mean are taken for rounding, not for spread."""
SMALLEST_DEVIATION = 1e-12


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """The panes of one stretch of event time: moments of the single values in them."""

    index: int
    """Start over width."""
    count: int
    mean: float
    spread: float
    """Sum of squared differences from ``mean``."""

    def merged(self, other: "Bucket") -> "Bucket":
        """Both together (Chan, Golub and LeVeque, 1979)."""
        count = self.count + other.count
        gap = other.mean - self.mean
        return Bucket(
            self.index,
            count,
            self.mean + gap * other.count / count,
            self.spread + other.spread + gap * gap * self.count * other.count / count,
        )


def bucket_width(learn_ms: int) -> int:
    """The narrowest width that cuts ``learn_ms`` into at most `MAX_BUCKETS`, or one hour."""
    return next((w for w in BUCKET_WIDTHS if w * MAX_BUCKETS >= learn_ms), HOUR)


class Learner:
    """The buckets of one stream, until there are enough."""

    def __init__(self, learn_ms: int, learn_samples: int, state: Sequence[Any] = ()) -> None:
        """Start, or go on from ``state``.

        Args:
            learn_ms: Event time that is learned from, at least.
            learn_samples: Samples that are learned from, at least.
            state: As `to_state` gave it.
        """
        self._learn_ms = learn_ms
        self._learn_samples = learn_samples
        self._width = bucket_width(learn_ms)
        first_ms, last_ms, panes, samples, buckets = state or (0, 0, 0, 0, ())
        self._first_ms: int = first_ms
        self._last_ms: int = last_ms
        self._panes: int = panes
        self._samples: int = samples
        self._buckets = [Bucket(*bucket) for bucket in buckets]

    def add(self, pane: PaneInput, mean: float, spread: float) -> None:
        """Take a pane of at least one sample.

        Args:
            pane: The pane.
            mean: The mean of its samples.
            spread: The sum of their squared differences from it.
        """
        if not self._panes:
            self._first_ms = pane.start_ms
        self._last_ms = pane.end_ms
        self._panes += 1
        self._samples += pane.count
        bucket = Bucket(pane.start_ms // self._width, pane.count, mean, spread)
        if self._buckets and self._buckets[-1].index == bucket.index:
            self._buckets[-1] = self._buckets[-1].merged(bucket)
        else:
            self._buckets.append(bucket)

    @property
    def ready(self) -> bool:
        """Whether there is enough to learn from."""
        return (
            self._last_ms - self._first_ms >= self._learn_ms
            and self._samples >= self._learn_samples
            and len(self._buckets) >= MIN_BUCKETS
        )

    def baseline(self, kind: StreamKind, block_samples: int) -> Baseline:
        """What was learned.

        Args:
            kind: A rate is bounded, so no bucket of it is wild.
            block_samples: The smallest number of samples that is judged together.
        """
        kept = _without_wild(self._buckets) if kind is StreamKind.MEAN else self._buckets
        whole = kept[0]
        for bucket in kept[1:]:
            whole = whole.merged(bucket)
        deviation = max(
            math.sqrt(whole.spread / whole.count),
            RELATIVE_RESOLUTION * abs(whole.mean),
            SMALLEST_DEVIATION,
        )
        hourly = _hourly(kept, self._width, whole.mean)
        residuals = [
            (b.index, b.count, (b.mean - self._level(hourly, whole.mean, b.index)) / deviation)
            for b in kept
        ]
        short, long = long_run_variance(residuals)
        if hourly:
            # one mean per hour was fitted, which took away as much of the variance
            days = (kept[-1].index - kept[0].index + 1) * self._width / DAY
            long *= days / (days - 1.0)
        block = max(float(block_samples), self._samples / self._panes)
        blocks_per_bucket = whole.count / len(kept) / block
        wander = long / short if short > 0.0 else 1.0
        group = max(1, round(blocks_per_bucket * wander))
        return Baseline(whole.mean, hourly, deviation, max(1.0, long), block, group, whole.count)

    def _level(self, hourly: Sequence[float], mean: float, index: int) -> float:
        if not hourly:
            return mean
        return hourly[hour_of_day(index * self._width, (index + 1) * self._width)]

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        buckets = [list(msgspec.structs.astuple(bucket)) for bucket in self._buckets]
        return [self._first_ms, self._last_ms, self._panes, self._samples, buckets]


def _without_wild(buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    middle = median(b.mean for b in buckets)
    spread = MAD * median(abs(b.mean - middle) for b in buckets)
    if spread == 0.0:
        return buckets
    return [b for b in buckets if abs(b.mean - middle) <= WILD * spread]


def _hourly(buckets: Sequence[Bucket], width_ms: int, mean: float) -> tuple[float, ...]:
    if (buckets[-1].index - buckets[0].index + 1) * width_ms < SEASON_MS:
        return ()
    counts = [0] * HOURS
    sums = [0.0] * HOURS
    days: list[set[int]] = [set() for _ in range(HOURS)]
    for bucket in buckets:
        start = bucket.index * width_ms
        hour = hour_of_day(start, start + width_ms)
        counts[hour] += bucket.count
        sums[hour] += bucket.count * (bucket.mean - mean)
        days[hour].add(start // DAY)
    return tuple(
        mean + total / count * len(seen) / (len(seen) + 1) if count else mean
        for count, total, seen in zip(counts, sums, days, strict=True)
    )
