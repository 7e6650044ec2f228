"""What a stream does once it has its baseline: it watches, and it fires.

**Watching.** Each pane is compared with the baseline and fed to ADWIN and Page-Hinkley
(`tidegauge.core.detect.feed`). A detection *counts*, and opens an alert, if the effect since the
most likely onset of the change reaches the minimum. One that does not leaves no trace: the detector
starts anew, so a change that is still too small is found again when it has grown.

**Firing.** The alert resolves when the change over the latest panes has *faded* and stayed so until
none of these panes is older than that. It has faded when the effect is below half the minimum in
its first direction and below the minimum in the other: a rate near zero that gets a little better
than its baseline is well, a feature that swings from far below to far above is not. Where only one
direction is a change that counts, the other is none here either. Until it has
resolved the stream opens no other: one cause, one alert. The detectors rest, and start fresh after
the resolve, so a reopening needs a new detection.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.detectors import Detection
from tidegauge.core.detect.effect import cohen_d, cohen_h, min_effect, relative
from tidegauge.core.detect.feed import Feed
from tidegauge.core.detect.recent import RecentPane, RecentPanes
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Target, Verdict

RESOLVE_PART = 0.5
"""Part of the minimum effect below which an alert resolves."""


class _Change(NamedTuple):
    """The ground of the alert that is firing."""

    detectors: tuple[str, ...]
    statistic: float | None
    threshold: float | None
    firing_since_ms: int

    @classmethod
    def of(cls, found: Sequence[Detection], onset_ms: int) -> Self:
        names = tuple(dict.fromkeys(detection.detector for detection in found))
        return cls(names, found[0].statistic, found[0].threshold, onset_ms)


class Watcher:
    """A stream that has its baseline; see the module for how it decides."""

    def __init__(
        self,
        kind: StreamKind,
        config: DetectionConfig,
        baseline: Baseline,
        target: Target | None = None,
    ) -> None:
        self._kind = kind
        self._config = config
        self._target = target
        self.baseline = baseline
        self._feed = Feed(baseline)
        self._recent = self._no_panes()
        self._change: _Change | None = None
        self._direction = 0.0
        self._calm_since_ms: int | None = None

    def step(self, pane: PaneInput, mean: float) -> Verdict:
        """Take the next pane, of at least one sample, with the mean of its samples."""
        expected = self.baseline.level(pane.start_ms, pane.end_ms)
        watched = RecentPane(pane.start_ms, pane.end_ms, pane.count, mean, expected)
        self._recent.add(watched)
        if self._change is not None:
            return self._track()
        found = self._feed.push(watched)
        return self._judge(found) if found else self.verdict()

    def verdict(self) -> Verdict:
        """Where the stream stands."""
        firing = self._change is not None
        verdict = Verdict(
            Phase.FIRING if firing else Phase.WATCHING,
            min_effect=self._min_effect,
            deviation=self.baseline.deviation,
            baseline_samples=self.baseline.samples,
        )
        if self._change is not None:
            verdict = verdict._replace(**self._change._asdict())
        return self._over(verdict, self._recent.whole()) if self._recent.count else verdict

    def _over(self, verdict: Verdict, panes: RecentPane) -> Verdict:
        return verdict._replace(
            baseline=panes.expected,
            current=panes.mean,
            effect=self._effect(panes),
            samples=panes.count,
            window_start_ms=panes.start_ms,
            window_end_ms=panes.end_ms,
        )

    def effect(self, current: float, expected: float) -> float:
        """The change from an expected figure to another, signed: Cohen's h or d, or relative."""
        if self._target is not None:
            return relative(current, expected, self._target.value)
        if self._kind.is_rate:
            return cohen_h(current, expected)
        if self._kind is StreamKind.COUNT:
            return relative(current, expected, max(1.0, expected))
        return cohen_d(current, expected, self.baseline.deviation)

    def dismiss(self) -> None:
        """What fires has lost its ground: watch again, with fresh detectors."""
        self._change = self._calm_since_ms = None
        self._direction = 0.0
        self._feed = Feed(self.baseline)
        self._recent.forget()

    def confirm(self, found: Verdict, change: float) -> Verdict:
        """Judge what was found in a part of what this stream is fed, after a pane that it took.

        It counts as a detection if what that part changes is worth an alert, and what changed
        altogether since its onset is not below where an alert resolves: chance, or a calm day, may
        hide some of it.

        Args:
            found: in the part; it fires.
            change: by how much that part moves the mean of all.
        """
        if self._change is not None or not self._recent.count:
            return self.verdict()
        changed = self._recent.since(found.firing_since_ms or 0)
        part = self.effect(changed.expected + change, changed.expected)
        whole = math.copysign(1.0, part) * self._effect(changed)
        if not self._matters(part) or whole < RESOLVE_PART * self._min_effect:
            return self.verdict()
        names = [Detection(name, found.statistic, found.threshold) for name in found.detectors]
        return self._opened(names, changed)

    def _judge(self, found: Sequence[Detection]) -> Verdict:
        changed = self._recent.changed()
        if not self._matters(self._effect(changed)):
            return self.verdict()
        return self._opened(found, changed)

    def _opened(self, found: Sequence[Detection], changed: RecentPane) -> Verdict:
        self._change = _Change.of(found, changed.start_ms)
        self._direction = math.copysign(1.0, self._effect(changed))
        return self._over(self.verdict(), changed)._replace(opened=True)

    def _matters(self, effect: float) -> bool:
        if self._kind.only_falls:
            return -effect > self._min_effect
        if self._only_rises:
            return effect > self._min_effect
        return abs(effect) >= self._min_effect

    def _faded(self, effect: float) -> bool:
        """Whether an effect is none any more, positive in the direction of the alert."""
        one_sided = self._kind.only_falls or self._only_rises
        other = one_sided or effect > -self._min_effect
        return other and effect < RESOLVE_PART * self._min_effect

    def _track(self) -> Verdict:
        if not self._faded(self._direction * self._effect(self._recent.whole())):
            self._calm_since_ms = None
            return self.verdict()
        if self._calm_since_ms is None:
            self._calm_since_ms = self._recent.end_ms
        if self._recent.start_ms < self._calm_since_ms:
            return self.verdict()
        verdict = self.verdict()._replace(phase=Phase.WATCHING, resolved=True)
        self.dismiss()
        return verdict

    def _no_panes(self, state: Sequence[Any] = ()) -> RecentPanes:
        samples = 1 if self._kind is StreamKind.COUNT else self._config.min_samples
        return RecentPanes(self._config.resolve_panes, samples, state)

    @property
    def _only_rises(self) -> bool:
        return self._target is not None or self._kind is StreamKind.FAULTS

    @property
    def _min_effect(self) -> float:
        if self._target is not None:
            return self._target.margin
        return min_effect(self._kind, self._config)

    def _effect(self, panes: RecentPane) -> float:
        return self.effect(panes.mean, panes.expected)

    def to_state(self) -> list[Any]:
        """Plain lists, numbers, strings and None."""
        return [
            self.baseline.to_state(),
            self._feed.to_state(),
            self._recent.to_state(),
            None if self._change is None else [list(self._change.detectors), *self._change[1:]],
            self._direction,
            self._calm_since_ms,
        ]

    @classmethod
    def from_state(
        cls,
        kind: StreamKind,
        config: DetectionConfig,
        state: Sequence[Any],
        target: Target | None = None,
    ) -> Self:
        """The watcher that gave ``state``; the other arguments are those it was built with."""
        learned, feed, recent, change, direction, calm_since_ms = state
        baseline = Baseline.from_state(learned)
        if target is not None:
            baseline = baseline.held_to(target.value, kind)
        watcher = cls(kind, config, baseline, target)
        watcher._feed = Feed(baseline, feed)
        watcher._recent = watcher._no_panes(recent)
        watcher._change = None if change is None else _Change(tuple(change[0]), *change[1:])
        watcher._direction = direction
        watcher._calm_since_ms = calm_since_ms
        return watcher
