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

import numpy as np
from numpy.typing import NDArray

MIN_BATCHES = 12
MAX_CORRELATION = 0.8
SIGNIFICANT = 2.5
"""Standard errors by which the variance of longer batches must exceed that of shorter ones."""


def long_run_variance(
    index: NDArray[np.int64], counts: NDArray[np.float64], means: NDArray[np.float64]
) -> float:
    """The variance of long sums of samples, per sample; without correlation, that of one sample.

    Args:
        index: time of each bucket in widths of a bucket, ascending.
        counts: samples in it.
        means: their mean, around 0.
    """
    found = 0.0
    length = size = 1
    while length == 1 or size >= MIN_BATCHES:
        places, starts = np.unique(index // length, return_index=True)
        size = len(places)
        sums = np.add.reduceat(counts * means, starts) / np.sqrt(np.add.reduceat(counts, starts))
        estimate = float(np.mean(sums**2)) * _correction(places, sums)
        if length == 1 or estimate > found * (1.0 + SIGNIFICANT * math.sqrt(2.0 / size)):
            found = estimate
        length *= 2
    return found


def _correction(places: NDArray[np.int64], sums: NDArray[np.float64]) -> float:
    """What correlation between neighbouring batches adds to the variance of long sums."""
    squares = float((sums**2).sum())
    neighbours = np.diff(places) == 1
    correlation = float((sums[1:] * sums[:-1])[neighbours].sum()) / squares if squares else 0.0
    if correlation < SIGNIFICANT / math.sqrt(len(sums)):
        return 1.0
    correlation = min(MAX_CORRELATION, correlation)
    return (1.0 + correlation) / (1.0 - correlation)
