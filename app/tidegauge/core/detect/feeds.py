"""How the panes of a stream become updates of its detectors.

Updates are counted in *independent* samples: of ``n`` samples with inflation ``f`` (see `Baseline`)
as many as ``n / f`` tell something of their own. The sums of what is fed are kept exact: what
rounding leaves over goes to the next pane.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.detectors import AdaptiveWindow, Detection, Detector, TwoSidedPageHinkley
from tidegauge.core.detect.recent import RecentPane
from tidegauge.core.detect.ring import RingDetector

CUT = 5.0
"""Residuals are cut at so many standard deviations: no single pane can raise an alarm."""
UNITS = 25
"""Ring units of one standard deviation."""
SCALE_OF_EFFECT = 0.25
"""A residual's scale is at least this part of the minimum effect: however many samples show it, a
change too small to matter is then too small to be detected."""
SMALLEST_RATE_DEVIATION = 0.1
"""Of one trial: keeps a few errors from being a change where there were none before."""


class Feed(Protocol):
    """Takes panes, tells what the detectors found."""

    def push(self, pane: RecentPane) -> list[Detection]:
        """Feed the next pane; at most one detection per detector."""

    def to_state(self) -> list[Any]:
        """Plain lists and numbers, as the constructor takes them."""


class RateFeed:
    """Errors spread evenly over trials.

    Each pane gives as many updates as it has independent trials, at most ``updates_per_pane``, and
    as many errors among them as its rate calls for, after the daily season is taken out.
    """

    def __init__(
        self, config: DetectionConfig, baseline: Baseline, state: Sequence[Any] = ()
    ) -> None:
        self._cap = config.updates_per_pane
        self._baseline = baseline
        updates_due, errors_due, adwin, page_hinkley = state or (0.0, 0.0, (), ())
        self._updates_due: float = updates_due
        self._errors_due: float = errors_due
        rate = baseline.mean
        deviation = max(math.sqrt(rate * (1.0 - rate)), SMALLEST_RATE_DEVIATION)
        self._adwin = RingDetector(
            partial(AdaptiveWindow, config.adwin_delta),
            epoch=config.epoch_panes,
            ring=adwin,
        )
        self._page_hinkley = RingDetector(
            _page_hinkley(config, baseline, baseline.inflation),
            epoch=config.epoch_panes,
            scale=1.0 / deviation,
            offset=-rate / deviation,
            ring=page_hinkley,
        )

    def push(self, pane: RecentPane) -> list[Detection]:
        """See `Feed.push`."""
        fresh = min(float(self._cap), pane.count / self._baseline.inflation)
        self._updates_due += fresh
        self._errors_due += fresh * (pane.mean - pane.expected + self._baseline.mean)
        updates = math.floor(self._updates_due)
        if updates == 0:
            return []
        errors = max(0, min(updates, round(self._errors_due)))
        self._updates_due -= updates
        # an hour better than its season allows would owe negative errors without end
        self._errors_due = max(-1.0, min(1.0, self._errors_due - errors))
        return _detections((self._page_hinkley, self._adwin), updates, errors)

    def to_state(self) -> list[Any]:
        """See `Feed.to_state`."""
        rings = [self._adwin.ring, self._page_hinkley.ring]
        return [self._updates_due, self._errors_due, *rings]


class MeanFeed:
    """Standardised residuals of blocks.

    A *block* is the fewest panes that hold ``block_samples``. Page-Hinkley reads the residual of
    each block in long-run standard deviations; ADWIN, which takes its inputs for independent, reads
    the sum over each group of blocks that resemble each other.
    """

    def __init__(
        self, config: DetectionConfig, baseline: Baseline, state: Sequence[Any] = ()
    ) -> None:
        self._block_samples = config.block_samples
        self._smallest_scale = SCALE_OF_EFFECT * config.min_effect * baseline.deviation
        self._baseline = baseline
        sums, adwin, page_hinkley = state or ((0, 0.0, 0.0, 0.0, 0), (), ())
        self._sums = _Sums(*sums)
        self._adwin = RingDetector(
            partial(AdaptiveWindow, config.adwin_delta),
            epoch=config.epoch_panes,
            scale=1.0 / UNITS,
            ring=adwin,
        )
        self._page_hinkley = RingDetector(
            _page_hinkley(config, baseline, baseline.block_samples),
            epoch=config.epoch_panes,
            scale=1.0 / UNITS,
            ring=page_hinkley,
        )

    def push(self, pane: RecentPane) -> list[Detection]:
        """See `Feed.push`."""
        sums = self._sums
        sums.count += pane.count
        sums.excess += pane.count * (pane.mean - pane.expected)
        if sums.count < self._block_samples:
            return []
        residual = self._residual(sums.excess / sums.count, sums.count)
        sums.count, sums.excess = 0, 0.0
        sums.owed += residual * UNITS
        units = round(sums.owed)
        sums.owed -= units
        found = _detections((self._page_hinkley,), 1, units)
        sums.group += residual
        sums.group_size += 1
        if sums.group_size == self._baseline.group:
            together = _cut(sums.group / math.sqrt(sums.group_size))
            sums.group, sums.group_size = 0.0, 0
            found += _detections((self._adwin,), 1, round(together * UNITS))
        return found

    def _residual(self, excess: float, count: int) -> float:
        baseline = self._baseline
        # common causes do not average out, so a block larger than usual is trusted no more
        samples = min(float(count), baseline.block_samples)
        scale = baseline.deviation * math.sqrt(baseline.inflation / samples)
        return _cut(excess / max(scale, self._smallest_scale))

    def to_state(self) -> list[Any]:
        """See `Feed.to_state`."""
        sums = list(msgspec.structs.astuple(self._sums))
        return [sums, self._adwin.ring, self._page_hinkley.ring]


class _Sums(msgspec.Struct, gc=False):
    """What a mean's feed carries from pane to pane."""

    count: int
    """Of the block that is being filled."""
    excess: float
    """Sum of the samples' deviations from what was expected, of the same block."""
    owed: float
    """What rounding to ring units left over."""
    group: float
    """Sum of the residuals of the group that is being filled."""
    group_size: int


def _page_hinkley(
    config: DetectionConfig, baseline: Baseline, samples_per_update: float
) -> Callable[[], Detector]:
    # the baseline is itself a mean of finitely many updates: it may be off by its standard error
    error = math.sqrt(samples_per_update / baseline.samples)
    delta = config.page_hinkley_delta + error
    return partial(TwoSidedPageHinkley, config.page_hinkley_threshold, delta)


def _cut(deviations: float) -> float:
    return max(-CUT, min(CUT, deviations))


def _detections(detectors: Sequence[RingDetector], updates: int, units: int) -> list[Detection]:
    found = [detector.push(updates, units) for detector in detectors]
    return [detection for detection in found if detection is not None]
