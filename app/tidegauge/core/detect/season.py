"""The part of a stream's level that the calendar explains: hour of the day and day of the week.

A season is taken out only where the data shows it: the mean square that its cells explain, in
units of what chance moves a cell's mean (the long-run variance of what remains), is compared with a
quantile of Fisher's F, since that variance is an estimate, too. A season that is not there would
only add the noise of its estimate, and hide how much the stream varies.

Reference: E. Paulson, "An approximate normalization of the analysis of variance distribution",
Annals of Mathematical Statistics 13, 1942.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tidegauge.core.config import DAY, HOUR
from tidegauge.core.detect.longrun import LongRun

HOURS = 24
WEEKDAYS = 7
DAILY_AFTER_MS = 3 * DAY
WEEKLY_AFTER_MS = 14 * DAY
SIGNIFICANT = 3.1
"""The normal quantile that the statistic must exceed; chance passes it once in a thousand."""
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


LongRunOf: TypeAlias = Callable[[Sequence[Stretch], int], LongRun]
"""The variance of long sums of stretches in order, over so many ms at least."""


def fit(
    stretches: Sequence[Stretch], span_ms: int, long_run: LongRunOf
) -> tuple[Season, list[Stretch]]:
    """Find the season of a stream.

    Args:
        stretches: the stream in order, as deviations from its mean.
        span_ms: the event time that they cover.
        long_run: how far chance moves them.

    Returns:
        The season, and the stretches without it.
    """
    days = span_ms / DAY
    hourly: tuple[float, ...] = ()
    weekly: tuple[float, ...] = ()
    left = list(stretches)
    if span_ms >= WEEKLY_AFTER_MS:
        weekly, left = _fitted(left, _WEEK, days / WEEKDAYS, long_run)
    if span_ms >= DAILY_AFTER_MS:
        hourly, left = _fitted(left, _DAY, days, long_run)
    season = Season(hourly, weekly)
    return season, [s._replace(excess=s.excess - season.at(s.middle_ms)) for s in stretches]


class _Cells(NamedTuple):
    """How a season cuts up time."""

    size: int
    of: Callable[[int], int]
    width_ms: int
    """Of one: chance that moves all of it alike is told from sums that are as long."""


_WEEK = _Cells(WEEKDAYS, weekday, DAY)
_DAY = _Cells(HOURS, hour, HOUR)


def _fitted(
    stretches: list[Stretch], kind: _Cells, rounds: float, long_run: LongRunOf
) -> tuple[tuple[float, ...], list[Stretch]]:
    size = kind.size
    cells = np.array([kind.of(s.middle_ms) for s in stretches])
    counts = np.array([s.samples for s in stretches], np.float64)
    weights = np.bincount(cells, counts, size)
    sums = np.bincount(cells, counts * [s.excess for s in stretches], size)
    means = np.divide(sums, weights, out=np.zeros(size), where=weights > 0.0)
    left = [
        s._replace(excess=s.excess - float(means[c])) for s, c in zip(stretches, cells, strict=True)
    ]
    freedom = int((weights > 0.0).sum()) - 1
    # the means took away as much of the variance as they have degrees of freedom
    spread = long_run(left, kind.width_ms)
    chance = spread.variance * rounds / (rounds - 1.0)
    explained = float((weights * means**2).sum())
    if not _is_large(explained, chance * freedom, freedom, spread.batches * (1.0 - 1.0 / rounds)):
        return (), stretches
    # as much as chance alone would explain is not taken for season (James and Stein, 1961)
    shrunk = means * (1.0 - freedom * chance / explained)
    return tuple(shrunk.tolist()), [
        s._replace(excess=s.excess - float(shrunk[c]))
        for s, c in zip(stretches, cells, strict=True)
    ]


def _is_large(explained: float, chance: float, freedom: int, chance_freedom: float) -> bool:
    """Whether the ratio of two sums of squares is too large for chance (Paulson's approximation).

    Args:
        explained: what the cells explain.
        chance: what chance would make of it.
        freedom: the cells' degrees of freedom.
        chance_freedom: those of the estimate of chance.
    """
    if freedom < 1 or chance_freedom <= 1.0:
        return False
    if chance <= 0.0:
        return explained > 0.0
    root = (explained / chance) ** (1.0 / 3.0)
    own, other = 2.0 / (9.0 * freedom), 2.0 / (9.0 * chance_freedom)
    normal: float = ((1.0 - other) * root - (1.0 - own)) / math.sqrt(other * root * root + own)
    return normal > SIGNIFICANT
