"""How long nothing has come, or a figure has been the same: the staleness of a stream.

The figure is an *age*: the event time since events last came, or since the numbers of a feature
last changed. It is no mean of a pane, and what is normal for it lies in its extremes alone: the
nights and pauses that were learned.

**Learning.** Each *pause*, from one renewal to the next, is a sample. With the ``k`` longest of
``n`` pauses in a time ``T``, their mean excess ``m`` over the next longest ``u``, and excesses that
fall exponentially (peaks over a threshold: A. C. Davison and R. L. Smith, "Models for exceedances
over high thresholds", 1990), a pause beyond ``u + y`` comes at the rate
``k / T (1 + y / (k m)) ** -k``, where the error of ``m`` is averaged over. The limit is ``u`` and
the ``y`` for which that is what the stream may spend of the budget of false alarms; at least twice
the longest pause that was learned, since nights and weekends are no exponential tail; and at least
the shortest that is worth an alert (``min_silence``).

**Firing.** An alert opens when the age reaches the limit, is critical at three times that, and
resolves with the next renewal.
"""

import math
from bisect import insort
from collections.abc import Callable, Sequence
from operator import neg
from typing import Any, Self

from tidegauge.core.config import HOUR, DetectionConfig
from tidegauge.core.detect.stream import WEEK
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict

MIN_PAUSES = 10
"""Fewer say nothing of how long the longest may be."""
LONGEST = 64
"""At most so many of the longest pauses tell the tail."""
TAIL = 4
"""One of so many pauses is of the tail."""
TIMES_LONGEST = 2
"""The limit is at least so many times the longest pause that was learned."""
CRITICAL = 3
"""Times the limit at which silence is told to be critical."""


def limit_ms(pauses: Sequence[int], over_ms: int, alarms_per_ms: float, width_ms: int) -> int:
    """The age that pauses exceed at the rate that is allowed.

    Args:
        pauses: the longest that were learned, in order, at least two.
        over_ms: in how long.
        alarms_per_ms: the rate.
        width_ms: of a pane; pauses are told no finer.
    """
    k = len(pauses) - 1
    tail = pauses[k]
    mean = max(sum(pause - tail for pause in pauses[:k]) / k, float(width_ms))
    often = k / (over_ms * alarms_per_ms)
    beyond = k * mean * max(0.0, math.pow(often, 1 / k) - 1.0)
    return max(TIMES_LONGEST * pauses[0], round(tail + beyond))


class AgeStream:
    """Watches how old the newest of something is.

    Args:
        kind: `StreamKind.SILENCE`: a pane with a count renews, and all time that passes without is
            silence; `StreamKind.STILL`: a pane renews whose numbers differ among themselves or from
            those before, and only panes with numbers count as time.
        config: how long is learned, and what is worth an alert.
    """

    def __init__(self, kind: StreamKind, config: DetectionConfig) -> None:
        self._silence = kind is StreamKind.SILENCE
        self._config = config
        self._since_ms: int | None = None
        """End of the last renewal, or start of the first pane after it."""
        self._age_ms = 0
        self._samples = 0
        self._value: float | None = None
        """Of a pane whose numbers were all the same."""
        self._firing = 0
        """1: it fires; 2: it is critical."""
        self._width_ms = 0
        self._limit_ms: int | None = None
        self._pauses: list[int] = []
        """The longest that were learned, in order."""
        self._learned = 0
        self._learned_ms = 0

    @property
    def due_ms(self) -> int | None:
        """End of the next pane that is to be fed even if nothing comes; None: none is."""
        if not self._silence or self._since_ms is None or self._limit_ms is None:
            return None
        if self._firing > 1:
            return None
        age = (CRITICAL if self._firing else 1) * self._limit_ms
        return self._since_ms + -(-age // self._width_ms) * self._width_ms

    def step(self, pane: PaneInput, alarms_per_week: Callable[[], float]) -> bool:
        """Take the next pane; whether that changed the state.

        Args:
            pane: the pane.
            alarms_per_week: as in `tidegauge.core.detect.stream.DetectorStream.step`.
        """
        if self._silence:
            renewed, moved = pane.count > 0, False
        else:
            value = None if pane.deviation else float(pane.total)
            renewed, moved = value is None or value != self._value, value != self._value
            self._value = value
        return (self._renew(pane, alarms_per_week) if renewed else self._grow(pane)) or moved

    def verdict(self, pane: PaneInput, before: int) -> Verdict:
        """Where the stream stands after a pane, and what `firing` was before it."""
        if self._limit_ms is None:
            return Verdict(Phase.LEARNING, learned=self._part_learned)
        usual = max(self._pauses[0], self._width_ms)
        return Verdict(
            Phase.FIRING if self._firing else Phase.WATCHING,
            opened=self._firing > 0 and not before,
            resolved=not self._firing and before > 0,
            firing_since_ms=self._since_ms,
            detectors=("age",),
            statistic=self._age_ms / HOUR,
            threshold=self._limit_ms / HOUR,
            baseline=usual / HOUR,
            current=self._age_ms / HOUR,
            effect=self._age_ms / self._limit_ms,
            min_effect=1.0,
            samples=self._samples,
            baseline_samples=self._learned,
            window_start_ms=self._since_ms if self._age_ms else pane.start_ms,
            window_end_ms=pane.end_ms,
        )

    @property
    def _part_learned(self) -> float:
        """As `tidegauge.core.detect.learning.Learner.learned`."""
        return min(self._learned / MIN_PAUSES, self._learned_ms / self._config.learn_ms)

    @property
    def firing(self) -> int:
        """0: it does not; 1: it does; 2: it is critical."""
        return self._firing

    def _grow(self, pane: PaneInput) -> bool:
        if self._silence:
            self._age_ms = pane.end_ms - (self._since_ms or 0)
        else:
            if not self._age_ms:
                self._since_ms, self._samples = pane.start_ms, 0
            self._age_ms += pane.end_ms - pane.start_ms
            self._samples += pane.count
        if self._limit_ms is not None and self._age_ms >= self._limit_ms:
            self._firing = 2 if self._age_ms >= CRITICAL * self._limit_ms else 1
        return True

    def _renew(self, pane: PaneInput, alarms_per_week: Callable[[], float]) -> bool:
        was = self._age_ms
        if self._silence and self._since_ms is not None:
            was = pane.start_ms - self._since_ms
        learning = self._limit_ms is None
        if learning:
            self._learn(pane, was, alarms_per_week)
        self._age_ms = self._firing = 0
        if self._silence:
            self._since_ms = pane.end_ms
        return self._silence or was > 0 or learning

    def _learn(self, pane: PaneInput, pause: int, alarms_per_week: Callable[[], float]) -> None:
        self._width_ms = pane.end_ms - pane.start_ms
        self._learned += 1
        self._learned_ms += pause + self._width_ms
        insort(self._pauses, pause, key=neg)
        del self._pauses[LONGEST + 1 :]
        if self._part_learned >= 1.0:
            tail = self._pauses[: min(LONGEST, self._learned // TAIL) + 1]
            rate = alarms_per_week() / WEEK
            found = limit_ms(tail, self._learned_ms, rate, self._width_ms)
            self._limit_ms = max(found, self._config.min_silence_ms)
            del self._pauses[1:]

    def to_state(self) -> list[Any]:
        """Plain lists, numbers and None."""
        return [
            *(self._since_ms, self._age_ms, self._samples, self._value, self._firing),
            *(self._width_ms, self._limit_ms, self._learned, self._learned_ms),
            list(self._pauses),
        ]

    @classmethod
    def from_state(cls, kind: StreamKind, config: DetectionConfig, state: Sequence[Any]) -> Self:
        """The stream that gave ``state``; the other arguments are those it was built with."""
        stream = cls(kind, config)
        stream._since_ms, stream._age_ms, stream._samples, stream._value, stream._firing = state[:5]
        stream._width_ms, stream._limit_ms, stream._learned, stream._learned_ms = state[5:9]
        stream._pauses = list(state[9])
        return stream
