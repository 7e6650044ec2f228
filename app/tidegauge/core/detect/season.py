"""The part of a stream's level that the calendar explains: hour of the day and day of the week.

A season is taken out only where the data shows it: the sum of squares that its cells explain, in
units of what chance moves a cell's mean (the long-run variance of what remains), is compared with a
chi-squared quantile. A season that is not there would only add the noise of its estimate.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.config import DAY, HOUR

HOURS = 24
WEEKDAYS = 7
DAILY_AFTER_MS = 3 * DAY
WEEKLY_AFTER_MS = 14 * DAY
SIGNIFICANT = 4.0
"""How many standard deviations above its mean the chi-squared statistic of a season must be; 4 is
passed by chance about once in a thousand streams."""
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; weeks begin on Monday."""


class Season(NamedTuple):
    """Deviations from the overall mean; empty where none were found."""

    hourly: tuple[float, ...] = ()
    """By hour of the day (UTC), at the middle of the hour; between two of them it is linear."""
    weekly: tuple[float, ...] = ()
    """By day of the week (UTC), from Monday."""

    def at(self, middle_ms: int) -> float:
        """The deviation expected at a time."""
        deviation = self.weekly[weekday(middle_ms)] if self.weekly else 0.0
        if self.hourly:
            place = (middle_ms % DAY) / HOUR - 0.5
            hour = math.floor(place)
            part = place - hour
            before, after = self.hourly[hour % HOURS], self.hourly[(hour + 1) % HOURS]
            deviation += before + (after - before) * part
        return deviation

    def times(self, factor: float) -> "Season":
        """The same season in another unit."""
        return Season(*(tuple(factor * deviation for deviation in part) for part in self))

    @property
    def cells(self) -> int:
        """How many means were fitted."""
        return 1 + len(self.hourly) + len(self.weekly)


def weekday(time_ms: int) -> int:
    """The day of the week of a time (UTC), 0 for Monday."""
    return (time_ms // DAY + _EPOCH_WEEKDAY) % WEEKDAYS


def hour(time_ms: int) -> int:
    """The hour of the day of a time (UTC)."""
    return time_ms // HOUR % HOURS


class Stretch(NamedTuple):
    """Some event time of a stream: its middle, how many samples, and how far their mean is off."""

    middle_ms: int
    samples: int
    excess: float


def fit(
    stretches: Sequence[Stretch], span_ms: int, long_run: Callable[[Sequence[Stretch]], float]
) -> tuple[Season, list[Stretch]]:
    """Find the season of a stream.

    Args:
        stretches: the stream in order, as deviations from its mean.
        span_ms: the event time that they cover.
        long_run: variance of long sums per sample, of stretches in order.

    Returns:
        The season, and the stretches without it.
    """
    days = span_ms / DAY
    hourly: tuple[float, ...] = ()
    weekly: tuple[float, ...] = ()
    left = list(stretches)
    if span_ms >= WEEKLY_AFTER_MS:
        weekly, left = _fitted(left, WEEKDAYS, weekday, days / WEEKDAYS, long_run)
    if span_ms >= DAILY_AFTER_MS:
        hourly, left = _fitted(left, HOURS, hour, days, long_run)
    season = Season(hourly, weekly)
    return season, [s._replace(excess=s.excess - season.at(s.middle_ms)) for s in stretches]


def _fitted(
    stretches: list[Stretch],
    size: int,
    cell_of: Callable[[int], int],
    rounds: float,
    long_run: Callable[[Sequence[Stretch]], float],
) -> tuple[tuple[float, ...], list[Stretch]]:
    cells = np.array([cell_of(s.middle_ms) for s in stretches])
    counts = np.array([s.samples for s in stretches], np.float64)
    weights = np.bincount(cells, counts, size)
    sums = np.bincount(cells, counts * [s.excess for s in stretches], size)
    means = np.divide(sums, weights, out=np.zeros(size), where=weights > 0.0)
    left = [
        s._replace(excess=s.excess - float(means[c])) for s, c in zip(stretches, cells, strict=True)
    ]
    freedom = int((weights > 0.0).sum()) - 1
    # the means took away as much of the variance as they have degrees of freedom
    chance = long_run(left) * rounds / (rounds - 1.0)
    explained = float((weights * means**2).sum())
    needed = freedom + SIGNIFICANT * math.sqrt(2.0 * freedom) if freedom > 0 else math.inf
    if explained <= needed * chance:
        return (), stretches
    # as much as chance alone would explain is not taken for season (James and Stein, 1961)
    shrunk = means * (1.0 - freedom * chance / explained)
    return tuple(shrunk.tolist()), [
        s._replace(excess=s.excess - float(shrunk[c]))
        for s, c in zip(stretches, cells, strict=True)
    ]
