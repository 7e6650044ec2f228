"""What a stream does once it has its baseline: it watches, and it fires.

**Watching.** Each pane is compared with the baseline and fed to ADWIN and Page-Hinkley
(`tidegauge.core.detect.feeds`). A detection *counts* once the effect over the latest panes reaches
the minimum; since a change just begun is diluted by what came before, it has until those panes
are all later than the detection. It then opens an alert. A detection that does not count leaves
no trace: Page-Hinkley starts anew from the baseline, so a change that is still too small is found
again when it has grown.

**Firing.** The alert resolves when the change over the latest panes has *faded* and stayed so until
none of these panes is older than that. It has faded when the effect is below half the minimum in
its first direction and below the minimum in the other: a rate near zero that gets a little better
than its baseline is well, a feature that swings from far below to far above is not. Until it has
resolved the stream opens no other: one cause, one alert. The detectors rest, and start fresh after
the resolve, so a reopening needs a new detection.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.detectors import Detection
from tidegauge.core.detect.effect import cohen_d, cohen_h
from tidegauge.core.detect.feeds import Feed, MeanFeed, RateFeed
from tidegauge.core.detect.recent import RecentPane, RecentPanes
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict

RESOLVE_PART = 0.5
"""Part of the minimum effect below which an alert resolves."""


class _Change(NamedTuple):
    """What the detectors found: not yet judged, or the ground of the alert that is firing."""

    detectors: tuple[str, ...]
    statistic: float | None
    threshold: float | None

    @classmethod
    def of(cls, found: Sequence[Detection]) -> Self:
        names = tuple(detection.detector for detection in found)
        return cls(names, found[0].statistic, found[0].threshold)


class Watcher:
    """A stream that has its baseline; see the module for how it decides."""

    def __init__(self, kind: StreamKind, config: DetectionConfig, baseline: Baseline) -> None:
        self._kind = kind
        self._config = config
        self._baseline = baseline
        self._feed = self._fresh_feed()
        self._recent = RecentPanes(config.resolve_panes, config.min_samples)
        self._change: _Change | None = None
        self._found_ms = 0
        self._firing_since_ms: int | None = None
        self._direction = 0.0
        self._calm_since_ms: int | None = None

    def step(self, pane: PaneInput, mean: float) -> Verdict:
        """Take the next pane, of at least one sample, with the mean of its samples."""
        expected = self._baseline.level(pane.start_ms, pane.end_ms)
        watched = RecentPane(pane.start_ms, pane.end_ms, pane.count, mean, expected)
        self._recent.add(watched)
        if self._firing_since_ms is not None:
            return self._track()
        found = self._feed.push(watched)
        return self._judge(found)

    def verdict(self) -> Verdict:
        """Where the stream stands."""
        firing = self._firing_since_ms is not None
        verdict = Verdict(
            Phase.FIRING if firing else Phase.WATCHING,
            min_effect=self._min_effect,
            baseline_samples=self._baseline.samples,
        )
        if firing and self._change is not None:
            verdict = verdict._replace(
                firing_since_ms=self._firing_since_ms, **self._change._asdict()
            )
        if self._recent.count == 0:
            return verdict
        current, expected = self._recent.means()
        return verdict._replace(
            baseline=expected,
            current=current,
            effect=self.effect(current, expected),
            samples=self._recent.count,
            window_start_ms=self._recent.start_ms,
            window_end_ms=self._recent.end_ms,
        )

    def effect(self, current: float, expected: float) -> float:
        """The standardised change from an expected mean to another: Cohen's h or d, signed."""
        if self._kind is StreamKind.RATE:
            return cohen_h(current, expected)
        return cohen_d(current, expected, self._baseline.deviation)

    def dismiss(self) -> None:
        """What fires has lost its ground: watch again, with fresh detectors."""
        self._change = self._firing_since_ms = self._calm_since_ms = None
        self._direction = 0.0
        self._feed = self._fresh_feed()

    def _judge(self, found: Sequence[Detection]) -> Verdict:
        if found:
            self._change = _Change.of(found)
            self._found_ms = self._recent.end_ms
        elif self._recent.full and self._recent.start_ms >= self._found_ms:
            self._change = None
        if self._change is None or not self._recent.full:
            return self.verdict()
        effect = self.effect(*self._recent.means())
        if abs(effect) < self._min_effect:
            return self.verdict()
        self._firing_since_ms = self._recent.start_ms
        self._direction = math.copysign(1.0, effect)
        return self.verdict()._replace(opened=True)

    def _track(self) -> Verdict:
        effect = self._direction * self.effect(*self._recent.means())
        if not -self._min_effect < effect < RESOLVE_PART * self._min_effect:
            self._calm_since_ms = None
            return self.verdict()
        if self._calm_since_ms is None:
            self._calm_since_ms = self._recent.end_ms
        if self._recent.start_ms < self._calm_since_ms:
            return self.verdict()
        verdict = self.verdict()._replace(phase=Phase.WATCHING, resolved=True)
        self.dismiss()
        return verdict

    @property
    def _min_effect(self) -> float:
        rate = self._kind is StreamKind.RATE
        return self._config.min_rate_effect if rate else self._config.min_effect

    def _fresh_feed(self, state: Sequence[Any] = ()) -> Feed:
        feed = RateFeed if self._kind is StreamKind.RATE else MeanFeed
        return feed(self._config, self._baseline, state)

    def to_state(self) -> list[Any]:
        """Plain lists, numbers, strings and None."""
        return [
            self._baseline.to_state(),
            self._feed.to_state(),
            self._recent.to_state(),
            None if self._change is None else [list(self._change.detectors), *self._change[1:]],
            self._found_ms,
            self._firing_since_ms,
            self._direction,
            self._calm_since_ms,
        ]

    @classmethod
    def from_state(cls, kind: StreamKind, config: DetectionConfig, state: Sequence[Any]) -> Self:
        """The watcher that gave ``state``; the other arguments are those it was built with."""
        baseline, feed, recent, change, found_ms, firing_since_ms, direction, calm_since_ms = state
        watcher = cls(kind, config, Baseline.from_state(baseline))
        watcher._feed = watcher._fresh_feed(feed)
        watcher._recent = RecentPanes(config.resolve_panes, config.min_samples, recent)
        watcher._change = None if change is None else _Change(tuple(change[0]), *change[1:])
        watcher._found_ms = found_ms
        watcher._firing_since_ms = firing_since_ms
        watcher._direction = direction
        watcher._calm_since_ms = calm_since_ms
        return watcher
