"""What is normal for a stream, and how its panes become scores and its scores alarms."""

import math
from typing import Any, NamedTuple, Self

from tidegauge.core.detect.season import Season
from tidegauge.core.detect.verdict import StreamKind


class Scoring(NamedTuple):
    """How residuals become scores: independent, about standard normal while nothing changes."""

    typical: float
    """Samples of a typical pane; one with more is trusted no more."""
    middle: float
    width: float
    """Standardised residuals farther than this from ``middle`` count by their logarithm."""
    centre: float
    """Mean of the tempered residuals."""
    persistence: float
    """First-order autocorrelation of neighbouring panes."""
    spread: float
    """Long-run standard deviation of what the pane before does not explain."""

    def tempered(self, residual: float) -> float:
        """The residual with its tails drawn in, so that one wild pane does not decide."""
        off = residual - self.middle
        if abs(off) <= self.width:
            return residual
        return self.middle + math.copysign(
            self.width * (1.0 + math.log(abs(off) / self.width)), off
        )


class Thresholds(NamedTuple):
    """What the detectors are told so that they keep to the stream's share of the budget."""

    page_hinkley: tuple[tuple[float, float], ...]
    """For each Page-Hinkley test the deviation of one score that is tolerated, and the accumulated
    deviation that is a change. The first is for small changes, the second for large ones."""
    adwin: float | None
    """ADWIN's confidence; None: it does not read this stream."""
    limit: float
    """Scores are cut at this magnitude: what is larger than all that was learned from does not
    raise an alarm alone."""


class Baseline(NamedTuple):
    """What a stream learned; fixed for as long as the stream lives."""

    mean: float
    season: Season
    deviation: float
    """Standard deviation of single values; positive."""
    samples: int
    """Samples learned from."""
    scoring: Scoring
    thresholds: Thresholds

    def level(self, start_ms: int, end_ms: int) -> float:
        """The mean expected in a pane."""
        return self.mean + self.season.at((start_ms + end_ms) // 2)

    def held_to(self, value: float, kind: StreamKind) -> Self:
        """The same spread and season around another level, which is not to be exceeded.

        A rate at the target varies as much as its trials do, even if what was learned from had
        fewer errors.
        """
        deviation = self.deviation
        if kind.is_rate:
            deviation = max(deviation, math.sqrt(value * (1.0 - value)))
        return self._replace(mean=value, deviation=deviation)

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        tests, *others = self.thresholds
        return [
            *(self.mean, self.deviation, self.samples),
            [list(part) for part in self.season],
            list(self.scoring),
            [[list(test) for test in tests], *others],
        ]

    @classmethod
    def from_state(cls, state: list[Any]) -> Self:
        """The inverse of `to_state`."""
        mean, deviation, samples, season, scoring, thresholds = state
        return cls(
            mean,
            Season(*(tuple(part) for part in season)),
            deviation,
            samples,
            Scoring(*scoring),
            Thresholds(tuple((a, h) for a, h in thresholds[0]), *thresholds[1:]),
        )
