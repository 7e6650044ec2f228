"""Quality figures of a regression model, read from exact sums.

Means and R2 are correctly rounded; quantiles state their error.
"""

import math

import msgspec

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.logbins import Bar, number_of, octaves, quantile_bins
from tidegauge.core.stats.numbers import NumberCounts

QUANTILES = (0.5, 0.9, 0.99)


class RegressionQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How far off the labelled predictions are; a figure that is undefined is None.

    An error is prediction minus label. Definitions are scikit-learn's.
    """

    n: int
    mean_absolute_error: float | None
    root_mean_squared_error: float | None
    bias: float | None
    """Mean error: above 0, the model answers too much."""
    r2: float | None
    """Coefficient of determination; None unless labels differ, and below any float64."""
    median_error: float | None
    absolute_error_p50: float | None
    """Quantiles of the magnitude of errors are within
    `tidegauge.core.stats.logbins.RELATIVE_ERROR`."""
    absolute_error_p90: float | None
    absolute_error_p99: float | None
    errors: tuple[Bar, ...]
    """Errors by powers of two, ascending; bins without any are left out."""


def regression_quality(counts: NumberCounts) -> RegressionQuality:
    """Read every figure from the total counts of a window, which has no negative cells."""
    squared = exactsum.mean(counts.n, counts.squares)
    magnitudes: dict[int, int] = {}
    for cell, count in counts.bins.items():
        magnitudes[abs(cell)] = magnitudes.get(abs(cell), 0) + count
    p50, p90, p99 = (_value(cell) for cell in quantile_bins(magnitudes, QUANTILES))
    (median,) = quantile_bins(counts.bins, (0.5,))
    return RegressionQuality(
        n=counts.n,
        mean_absolute_error=exactsum.mean(counts.n, counts.absolute),
        root_mean_squared_error=None if squared is None else math.sqrt(squared),
        bias=exactsum.mean(counts.n, counts.errors),
        r2=_r2(counts),
        median_error=_value(median),
        absolute_error_p50=p50,
        absolute_error_p90=p90,
        absolute_error_p99=p99,
        errors=octaves(counts.bins),
    )


def _value(cell: int | None) -> float | None:
    return None if cell is None else number_of(cell)


def _r2(counts: NumberCounts) -> float | None:
    # both sums of squares, times n and in units of 2**-2148
    spread = counts.n * (counts.label_squares << exactsum.FRACTION_BITS) - counts.labels**2
    rest = counts.n * (counts.squares << exactsum.FRACTION_BITS)
    if spread <= 0:
        return None
    try:
        return 1.0 - rest / spread
    except OverflowError:  # labels that hardly differ, and errors that are astronomical
        return None
