"""Learning a baseline from a stream's first closed panes.

Panes are summed in *buckets* of event time, so that memory stays bounded however narrow panes are;
a sample of single panes is kept on a *tape*. From the buckets follow level, season and long-run
variance, from the tape what the detectors are fed and when they sound
(`tidegauge.core.detect.calibrate`). Buckets with a wild mean are left out, so a few broken events
do not make the stream blind.
"""

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, TypeAlias

import msgspec
import numpy as np

from tidegauge.core.config import HOUR, MINUTE, SECOND
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.calibrate import MAD, MAX_WILD, WILD, Learned, calibrate
from tidegauge.core.detect.longrun import LongRun, long_run_variance
from tidegauge.core.detect.season import Season, Stretch, fit
from tidegauge.core.detect.tape import Tape
from tidegauge.core.detect.verdict import PaneInput, StreamKind

BUCKET_WIDTHS = (SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
MAX_BUCKETS = 400
MIN_BUCKETS = 24
MIN_PANES = 30
"""Fewer say too little about how a pane depends on the one before it."""
RELATIVE_RESOLUTION = 1e-9
"""Deviations below this part of the mean are taken for rounding, not for spread."""
SMALLEST_DEVIATION = 1e-12


SmallestChange: TypeAlias = Callable[[float, float], float]


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
        first_ms, last_ms, panes, samples, buckets, tape = state or (0, 0, 0, 0, (), ())
        self._first_ms: int = first_ms
        self._last_ms: int = last_ms
        self._panes: int = panes
        self._samples: int = samples
        self._buckets = [Bucket(*bucket) for bucket in buckets]
        self._tape = Tape(tape)

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
        self._tape.add((pane.start_ms + pane.end_ms) // 2, pane.count, mean)
        bucket = Bucket(pane.start_ms // self._width, pane.count, mean, spread)
        if self._buckets and self._buckets[-1].index == bucket.index:
            self._buckets[-1] = self._buckets[-1].merged(bucket)
        else:
            self._buckets.append(bucket)

    @property
    def learned(self) -> float:
        """Part of what is needed that has come, by what lacks most; from 1 on it is enough."""
        return min(
            (self._last_ms - self._first_ms) / self._learn_ms,
            self._samples / self._learn_samples,
            len(self._buckets) / MIN_BUCKETS,
            self._panes / MIN_PANES,
        )

    def baseline(
        self, kind: StreamKind, smallest_change: SmallestChange, alarms_per_ms: float
    ) -> Baseline:
        """What was learned.

        Args:
            kind: A rate is bounded, so no bucket of it is wild.
            smallest_change: Smallest change worth an alert, of a mean with a standard deviation.
            alarms_per_ms: False alarms that the stream may raise, per ms of event time.
        """
        kept = _without_wild(self._buckets) if kind is StreamKind.MEAN else self._buckets
        whole = kept[0]
        for bucket in kept[1:]:
            whole = whole.merged(bucket)
        spread = whole.spread
        if kind.is_rate:
            # what was never seen may still come (Laplace's rule of succession)
            rate = (whole.count * whole.mean + 1.0) / (whole.count + 2.0)
            spread = max(spread, whole.count * rate * (1.0 - rate))
        deviation = max(
            math.sqrt(spread / whole.count),
            RELATIVE_RESOLUTION * abs(whole.mean),
            SMALLEST_DEVIATION,
        )
        season, long_run = self._season(kept, whole.mean, deviation)
        learned = Learned(whole.mean, season, deviation, long_run, self._panes, self._samples)
        scoring, thresholds = calibrate(
            kind,
            learned,
            self._tape.panes(),
            smallest=smallest_change(whole.mean, deviation),
            rate=alarms_per_ms * (self._last_ms - self._first_ms) / self._panes,
        )
        return Baseline(whole.mean, season, deviation, whole.count, scoring, thresholds)

    def _season(
        self, kept: Sequence[Bucket], mean: float, deviation: float
    ) -> tuple[Season, LongRun]:
        """The season, and the long-run variance without it in units of ``deviation`` squared."""
        width = self._width
        places = np.array([bucket.index for bucket in kept], np.int64)
        counts = np.array([bucket.count for bucket in kept], np.float64)

        def long_run(stretches: Sequence[Stretch], over_ms: int) -> LongRun:
            excess = np.array([stretch.excess for stretch in stretches])
            return long_run_variance(places, counts, excess, max(1, over_ms // width))

        stretches = [
            Stretch(b.index * width + width // 2, b.count, (b.mean - mean) / deviation)
            for b in kept
        ]
        span = (kept[-1].index - kept[0].index + 1) * width
        season, left = fit(stretches, span, long_run)
        return season.times(deviation), long_run(left, width)

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        buckets = [list(msgspec.structs.astuple(bucket)) for bucket in self._buckets]
        return [
            self._first_ms,
            self._last_ms,
            self._panes,
            self._samples,
            buckets,
            self._tape.to_state(),
        ]


def _without_wild(buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    """The buckets whose mean is not `WILD` robust deviations off, if that leaves few out."""
    middle = median(b.mean for b in buckets)
    spread = MAD * median(abs(b.mean - middle) for b in buckets)
    if spread == 0.0:
        return buckets
    kept = [b for b in buckets if abs(b.mean - middle) <= WILD * spread]
    return kept if len(kept) >= (1.0 - MAX_WILD) * len(buckets) else buckets
