"""One stream of one model's figures, from its first pane to its alerts.

**Learning.** The first panes make the baseline (`tidegauge.core.detect.learning`) and calibrate the
detectors (`tidegauge.core.detect.calibrate`); no alarm.

**Watching** and **firing**: see `tidegauge.core.detect.watcher`.

A stream that is held to a *target* learns how its figure varies, and its season, but not its level:
that is the target, and the only change that counts is a figure above it.

**The baseline never adapts**, neither while an alert lasts nor after it: what was learned stays the
normal of this stream, and a change that lasts fires for as long as it lasts. Making a new level
normal is a decision (a new reference, a new version), which starts a new stream.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

from tidegauge.core.config import DAY, DetectionConfig
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.effect import rate_change
from tidegauge.core.detect.learning import Learner
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Target, Verdict
from tidegauge.core.detect.watcher import Watcher
from tidegauge.core.events import MAX_NUMBER

WEEK = 7 * DAY


class DetectorStream:
    """Watches one figure of one model; see the module for how."""

    def __init__(
        self, kind: StreamKind, config: DetectionConfig, target: Target | None = None
    ) -> None:
        """Start learning.

        Args:
            kind: What the panes' figures are.
            config: What is learned from and which detections count.
            target: What the figure is held to; None: to what is learned.
        """
        self._kind = kind
        self._config = config
        self._target = target
        self._learner: Learner | None = self._nothing_learned()
        self._watcher: Watcher | None = None
        self._last_ms: int | None = None

    @property
    def last_ms(self) -> int | None:
        """End of the last pane that held anything; None before the first."""
        return self._last_ms

    def step(self, pane: PaneInput, alarms_per_week: Callable[[], float]) -> Verdict:
        """Take the next closed pane; one of count 0 changes nothing.

        Args:
            pane: The pane.
            alarms_per_week: Asked once, when the stream has learned enough: how many false alarms
                it may raise per week of event time.

        Raises:
            ValueError: The pane begins before the one before ended, or its figures are impossible.
        """
        self._check(pane)
        if pane.count:
            self._last_ms = pane.end_ms
            if self._watcher is not None:
                return self._watcher.step(pane, self._mean(pane))
            if self._learner is not None:
                self._learn(self._learner, pane, alarms_per_week)
        return self.verdict()

    @property
    def baseline(self) -> Baseline | None:
        """What was learned; None while learning."""
        return None if self._watcher is None else self._watcher.baseline

    def verdict(self) -> Verdict:
        """Where the stream stands."""
        if self._watcher is not None:
            return self._watcher.verdict()
        learned = 0.0 if self._learner is None else self._learner.learned
        return Verdict(Phase.LEARNING, learned=learned)

    def effect(self, current: float, expected: float) -> float:
        """The standardised change from an expected mean to another; 0 without a baseline."""
        return 0.0 if self._watcher is None else self._watcher.effect(current, expected)

    def confirm(self, found: Verdict, change: float) -> Verdict:
        """See `tidegauge.core.detect.watcher.Watcher.confirm`."""
        return self.verdict() if self._watcher is None else self._watcher.confirm(found, change)

    def dismiss(self) -> None:
        """The alert that fires has lost its ground: watch as if it had not been."""
        if self._watcher is not None:
            self._watcher.dismiss()

    def to_state(self) -> list[Any]:
        """All of the state as plain lists, numbers, strings and None."""
        return [
            self._last_ms,
            None if self._learner is None else self._learner.to_state(),
            None if self._watcher is None else self._watcher.to_state(),
        ]

    @classmethod
    def from_state(
        cls,
        kind: StreamKind,
        config: DetectionConfig,
        state: Sequence[Any],
        target: Target | None = None,
    ) -> Self:
        """The stream that gave ``state``; the other arguments are those it was built with."""
        stream = cls(kind, config, target)
        stream._last_ms, learner, watcher = state
        stream._learner = None if learner is None else stream._nothing_learned(learner)
        if watcher is not None:
            stream._watcher = Watcher.from_state(kind, config, watcher, target)
        return stream

    def _check(self, pane: PaneInput) -> None:
        if self._last_ms is not None and pane.start_ms < self._last_ms:
            raise ValueError(
                f"the pane from {pane.start_ms} begins before {self._last_ms}, where the last one "
                "ended: a stream takes panes in the order of event time, each once"
            )
        impossible = (
            pane.end_ms <= pane.start_ms
            or pane.count < 0
            or not abs(pane.total) <= MAX_NUMBER
            # two values as far apart as can be deviate by sqrt(2) times the largest
            or not 0.0 <= pane.deviation <= 2.0 * MAX_NUMBER
            or (self._kind.is_rate and not 0 <= pane.total <= pane.count)
        )
        if impossible:
            raise ValueError(
                f"{pane} cannot be a pane of a {self._kind.value}: figures are finite and at "
                f"most {MAX_NUMBER} in magnitude, a rate's total lies between 0 and count"
            )

    def _mean(self, pane: PaneInput) -> float:
        return pane.total / pane.count if self._kind.is_rate else float(pane.total)

    def _learn(
        self, learner: Learner, pane: PaneInput, alarms_per_week: Callable[[], float]
    ) -> None:
        mean = self._mean(pane)
        if self._kind.is_rate:
            spread = pane.count * mean * (1.0 - mean)
        else:
            spread = pane.deviation * pane.deviation * (pane.count - 1)
        learner.add(pane, mean, spread)
        if learner.learned >= 1.0:
            alarms_per_ms = alarms_per_week() / WEEK
            baseline = learner.baseline(self._kind, self._smallest_change, alarms_per_ms)
            if self._target is not None:
                baseline = baseline.held_to(self._target.value, self._kind)
            self._watcher = Watcher(self._kind, self._config, baseline, self._target)
            self._learner = None

    def _smallest_change(self, mean: float, deviation: float) -> float:
        """The smallest change worth an alert, in the unit of the figure."""
        if self._target is not None:
            return self._target.value * self._target.margin
        if self._kind.is_rate:
            return abs(rate_change(mean, self._config.min_rate_effect))
        if self._kind is StreamKind.COUNT:
            return self._config.min_loss * max(1.0, mean)
        return self._config.min_effect * deviation

    def _nothing_learned(self, state: Sequence[Any] = ()) -> Learner:
        # a pane is one sample of a count: panes are enough where they are enough to calibrate by
        samples = 1 if self._kind is StreamKind.COUNT else self._config.learn_samples
        return Learner(self._config.learn_ms, samples, state)
