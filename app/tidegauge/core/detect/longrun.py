"""How far chance moves the mean of a stream over long times: its long-run variance.

Panes of a real stream resemble their neighbours (one storm delays a whole day's flights), so their
mean wanders far more than independent samples would let it. The variance of long sums is estimated
by batch means at doubling batch lengths, each corrected for the correlation ``r`` left between
neighbouring batches by ``(1 + r) / (1 - r)``, as for a first-order autoregression. With every
doubling fewer batches are left and the estimate is noisier, so a longer batch only counts where it
says significantly more.

References: P. D. Welch, "The statistical analysis of simulation results", 1983 (batch means);
D. Andrews and J. Monahan, "An improved heteroskedasticity and autocorrelation consistent covariance
matrix estimator", Econometrica 60, 1992 (prewhitening).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MIN_BATCHES = 12
MAX_CORRELATION = 0.8
SIGNIFICANT = 2.5
"""Standard errors by which the variance of longer batches must exceed that of shorter ones."""


class LongRun(NamedTuple):
    """The variance of long sums of samples, per sample; without correlation, that of one sample."""

    variance: float
    error: float
    """Relative standard error of ``variance``."""
    batches: int
    """It was estimated from."""


def long_run_variance(
    index: NDArray[np.int64],
    counts: NDArray[np.float64],
    means: NDArray[np.float64],
    shortest: int = 1,
) -> LongRun:
    """Estimate the variance of long sums.

    Args:
        index: time of each bucket in widths of a bucket, ascending.
        counts: samples in it.
        means: their mean, around 0.
        shortest: buckets of the shortest batches.
    """
    found = LongRun(0.0, 0.0, 0)
    length, size = shortest, 0
    while length == shortest or size >= MIN_BATCHES:
        places, starts = np.unique(index // length, return_index=True)
        size = len(places)
        sums = np.add.reduceat(counts * means, starts) / np.sqrt(np.add.reduceat(counts, starts))
        correlation = _correlation(places, sums)
        estimate = float(np.mean(sums**2)) * _for_correlation(correlation)
        significant = 1.0 + SIGNIFICANT * math.sqrt(2.0 / size)
        if length == shortest or estimate > found.variance * significant:
            error = 2.0 / (1.0 - correlation**2) if correlation else 0.0
            found = LongRun(estimate, math.sqrt((2.0 + error**2) / size), size)
        length *= 2
    return found


def batch_variance(persistence: float, panes: int, batches: int) -> float:
    """What `long_run_variance` says of a first-order autoregression of variance 1, on average.

    Sums of such panes are no such autoregression any more (T. Amemiya and R. Wu, "The effect of
    aggregation on prediction in the autoregressive model", Journal of the American Statistical
    Association 67, 1972), so where neighbouring batches are correlated it says a little too much.

    Args:
        persistence: first-order autocorrelation of panes, between -1 and 1.
        panes: of a batch.
        batches: that it reads.
    """
    left = 1.0 - persistence**panes
    within = (1.0 + persistence) / (1.0 - persistence) - (
        2.0 * persistence * left / (1.0 - persistence) ** 2 / panes
    )
    between = persistence * left**2 / (1.0 - persistence) ** 2 / panes
    return within * _for_correlation(_seen(between / within, batches))


def _for_correlation(correlation: float) -> float:
    """By how much the correlation left between batches raises the variance of their sums."""
    return (1.0 + correlation) / (1.0 - correlation)


def _correlation(places: NDArray[np.int64], sums: NDArray[np.float64]) -> float:
    """The correlation between neighbouring batches, 0 where there is none to be seen."""
    squares = float((sums**2).sum())
    neighbours = np.diff(places) == 1
    correlation = float((sums[1:] * sums[:-1])[neighbours].sum()) / squares if squares else 0.0
    return _seen(correlation, len(sums))


def _seen(correlation: float, batches: int) -> float:
    """A correlation between batches, 0 where it is none to be seen."""
    if correlation < SIGNIFICANT / math.sqrt(batches):
        return 0.0
    return min(MAX_CORRELATION, correlation)
