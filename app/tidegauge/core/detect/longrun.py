"""How far chance moves the mean of a stream: its long-run variance.

Panes of a real stream resemble their neighbours (one storm delays a whole day's flights), so their
mean wanders far more than independent samples would let it, and thresholds in naive standard errors
would raise alarms all day. The variance of long sums is estimated by batch means at doubling batch
lengths, each corrected for the correlation ``r`` left between neighbouring batches by
``(1 + r) / (1 - r)``, as for a first-order autoregression; the largest estimate is taken.

References: P. D. Welch, "The statistical analysis of simulation results", 1983 (batch means);
D. Andrews and J. Monahan, "An improved heteroskedasticity and autocorrelation consistent covariance
matrix estimator", Econometrica 60, 1992 (prewhitening).
"""

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

MIN_BATCHES = 12
MAX_CORRELATION = 0.8


def long_run_variance(means: Sequence[tuple[int, int, float]]) -> tuple[float, float]:
    """The variance of sums of samples, per sample.

    Args:
        means: Index in time, number of samples and their mean, around 0, for each bucket in order.

    Returns:
        The variance of sums over one bucket, and of sums over many. Without correlation both are
        the variance of one sample.
    """
    batches = _batches(means, 1)
    short = long = _variance(batches)
    length = 1
    while len(batches) >= MIN_BATCHES:
        long = max(long, _variance(batches) * _correction(batches))
        length *= 2
        batches = _batches(means, length)
    return short, long


def _batches(means: Sequence[tuple[int, int, float]], length: int) -> list[tuple[int, float]]:
    """Index and sum over the root of the count, for each batch of ``length`` buckets."""
    batches: list[tuple[int, float]] = []
    for index, group in groupby(means, key=lambda bucket: bucket[0] // length):
        members = list(group)
        count = sum(n for _, n, _ in members)
        total = math.fsum(n * mean for _, n, mean in members)
        batches.append((index, total / math.sqrt(count)))
    return batches


def _variance(batches: Sequence[tuple[int, float]]) -> float:
    return math.fsum(x * x for _, x in batches) / len(batches)


def _correction(batches: Sequence[tuple[int, float]]) -> float:
    """What correlation between neighbouring batches adds to the variance of long sums."""
    squares = math.fsum(x * x for _, x in batches)
    if squares == 0.0:
        return 1.0
    products = math.fsum(x * y for (i, x), (j, y) in pairwise(batches) if j == i + 1)
    correlation = max(0.0, min(MAX_CORRELATION, products / squares))
    return (1.0 + correlation) / (1.0 - correlation)
