"""Latencies in bins of bounded relative width, and quantiles read from them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import logbins
from tidegauge.core.stats.logbins import LogBins, quantile_bins

RELATIVE_ERROR = logbins.RELATIVE_ERROR
"""A quantile is at most 2.44 % away from the latency of that rank, from 1 us to 12 days."""
BINS = LogBins(-20, 20)
"""Seconds; bin 0 holds what is faster than about a microsecond, and reads as half of that."""
FASTEST = 2.0**BINS.min_exponent
N_BINS = BINS.size
NO_LATENCY = N_BINS
"""The bin of a prediction that reports no latency."""


def bin_latencies(seconds: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the bin of each latency; `NO_LATENCY` for NaN.

    Latencies from 2**20 s, about 12 days, share the last bin.
    """
    absent = np.isnan(seconds)
    bins = BINS.bin(np.where(absent, 0.0, seconds))
    bins[absent] = NO_LATENCY
    return bins


def latency_of(latency_bin: int) -> float:
    """Return the latency in seconds that stands for a bin."""
    return BINS.value(latency_bin)


def quantiles(counts: Mapping[int, int], qs: Sequence[float]) -> list[float | None]:
    """Return the latency in seconds at each quantile: of rank ``ceil(q * n)``, at least 1.

    Args:
        counts: Count by latency bin; `NO_LATENCY` is passed over.
        qs: Quantiles from 0 to 1.

    Returns:
        One latency per quantile, within `RELATIVE_ERROR`; None where there are no latencies.
    """
    known = {number: count for number, count in counts.items() if number != NO_LATENCY}
    found = quantile_bins(known, qs)
    return [None if number is None else latency_of(number) for number in found]
