"""What is normal for a stream: its level, its spread, and how far chance moves it."""

from typing import Any, NamedTuple, Self

from tidegauge.core.config import HOUR

HOURS = 24


class Baseline(NamedTuple):
    """What a stream learned; fixed for as long as the stream lives."""

    mean: float
    hourly: tuple[float, ...]
    """Mean by hour of the day (UTC): 24 of them, or none if the daily season was not learned."""
    deviation: float
    """Standard deviation of single values; positive."""
    inflation: float
    """Long-run variance over ``deviation ** 2``: how many samples tell as much as one independent
    sample would. At least 1."""
    block_samples: float
    """Samples of an average block (see `tidegauge.core.detect.feeds`)."""
    group: int
    """Blocks after which what neighbours have in common has mostly faded."""
    samples: int
    """Samples learned from."""

    def level(self, start_ms: int, end_ms: int) -> float:
        """The mean expected in a pane."""
        return self.hourly[hour_of_day(start_ms, end_ms)] if self.hourly else self.mean

    def to_state(self) -> list[Any]:
        """Plain lists and numbers."""
        return [self.mean, list(self.hourly), *self[2:]]

    @classmethod
    def from_state(cls, state: list[Any]) -> Self:
        """The inverse of `to_state`."""
        mean, hourly, *rest = state
        return cls(mean, tuple(hourly), *rest)


def hour_of_day(start_ms: int, end_ms: int) -> int:
    """The hour (UTC) in which the middle of a pane lies."""
    return (start_ms + end_ms) // 2 // HOUR % HOURS
