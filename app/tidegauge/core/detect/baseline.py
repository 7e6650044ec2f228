"""What is normal for a stream, and how its panes become scores and its scores alarms."""

from typing import Any, NamedTuple, Self

from tidegauge.core.detect.season import Season


class Scoring(NamedTuple):
    """How residuals become scores: independent, about standard normal while nothing changes."""

    typical: float
    """Samples of a typical pane; one with more is trusted no more."""
    low: float
    high: float
    """Standardised residuals are cut here, so that no single pane raises an alarm."""
    centre: float
    """Mean of the cut residuals."""
    persistence: float
    """First-order autocorrelation of neighbouring panes."""
    spread: float
    """Long-run standard deviation of what the pane before does not explain."""


class Thresholds(NamedTuple):
    """What the detectors are told so that they keep to the stream's share of the budget."""

    allowance: float
    """Page-Hinkley: deviation of one score that is tolerated."""
    page_hinkley: float
    """Page-Hinkley: accumulated deviation that is a change."""
    adwin: float
    """ADWIN's confidence."""


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

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        parts = ([list(part) for part in self.season], list(self.scoring), list(self.thresholds))
        return [self.mean, self.deviation, self.samples, *parts]

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
            Thresholds(*thresholds),
        )
