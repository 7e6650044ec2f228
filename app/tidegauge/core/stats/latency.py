"""Latencies in bins of bounded relative width, and quantiles read from them.

Each power of two is cut into 20 equal parts, as HdrHistogram does. Edges come from the binary form
of the number, never from a logarithm, so every machine bins alike.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

STEPS = 20
"""Bins to each power of two."""
RELATIVE_ERROR = 1.0 / (2 * STEPS + 1)
"""A quantile is at most 2.44 % away from the latency of that rank, from 1 us to 12 days."""
MIN_EXPONENT = -20
MAX_EXPONENT = 20
FASTEST = 2.0**MIN_EXPONENT
"""Bin 0 holds what is faster, about a microsecond; it reads as half of this."""
N_BINS = 1 + (MAX_EXPONENT - MIN_EXPONENT) * STEPS
NO_LATENCY = N_BINS
"""The bin of a prediction that reports no latency."""


def bin_latencies(seconds: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the bin of each latency; `NO_LATENCY` for NaN.

    Latencies from 2**20 s, about 12 days, share the last bin.
    """
    known = np.where(np.isnan(seconds), 0.0, seconds)
    mantissa, exponent = np.frexp(known)
    step = ((2.0 * mantissa - 1.0) * STEPS).astype(np.intp)
    bins = 1 + (exponent - 1 - MIN_EXPONENT) * STEPS + step
    bins = np.where(known < FASTEST, 0, np.minimum(bins, N_BINS - 1))
    bins[np.isnan(seconds)] = NO_LATENCY
    return bins


def latency_of(latency_bin: int) -> float:
    """Return the latency in seconds that stands for a bin: equally far, relatively, from its edges.

    That is the harmonic mean of the edges.
    """
    if latency_bin == 0:
        return FASTEST / 2
    octave, step = divmod(latency_bin - 1, STEPS)
    unit = 2.0 ** (octave + MIN_EXPONENT) / STEPS
    lower, upper = (STEPS + step) * unit, (STEPS + step + 1) * unit
    return 2.0 * lower * upper / (lower + upper)


def quantiles(counts: Mapping[int, int], qs: Sequence[float]) -> list[float | None]:
    """Return the latency in seconds at each quantile: of rank ``ceil(q * n)``, at least 1.

    Args:
        counts: Count by latency bin; `NO_LATENCY` is passed over.
        qs: Quantiles from 0 to 1.

    Returns:
        One latency per quantile, within `RELATIVE_ERROR`; None where there are no latencies.
    """
    bins = sorted(latency_bin for latency_bin in counts if latency_bin != NO_LATENCY)
    below = np.cumsum([counts[latency_bin] for latency_bin in bins], dtype=np.int64)
    if not bins or below[-1] <= 0:
        return [None] * len(qs)
    ranks = np.maximum(np.ceil(np.array(qs) * below[-1]), 1)
    return [latency_of(bins[place]) for place in np.searchsorted(below, ranks).tolist()]
