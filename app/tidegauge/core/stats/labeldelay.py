"""How long first labels take after their predictions: bins of bounded relative width."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.logbins import LogBins, quantile_bins

BINS = LogBins(-4, 25)
"""Seconds; bin 0 holds what is sooner than 1/16 s, the last one what is later than about a year."""
N_BINS = BINS.size


def bin_delays(delays_ms: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the bin of each delay in ms, which is from 0."""
    return BINS.bin(delays_ms / 1000)


def quantiles(counts: Mapping[int, int], qs: Sequence[float]) -> list[float | None]:
    """Return the delay in seconds at each quantile: of rank ``ceil(q * n)``, at least 1.

    Args:
        counts: Count by bin.
        qs: Quantiles from 0 to 1.

    Returns:
        One delay per quantile, at most 2.44 % off; None where nothing is counted.
    """
    found = quantile_bins(counts, qs)
    return [None if number is None else BINS.value(number) for number in found]
