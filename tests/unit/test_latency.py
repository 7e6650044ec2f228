import numpy as np
import pytest

from tidegauge.core.stats import latency
from tidegauge.core.stats.latency import FASTEST, N_BINS, NO_LATENCY
from tidegauge.core.stats.logbins import STEPS


def bins(*seconds: float) -> list[int]:
    return latency.bin_latencies(np.array(seconds)).tolist()


def test_the_stated_error_is_at_most_two_and_a_half_percent() -> None:
    assert latency.RELATIVE_ERROR <= 0.025


def test_powers_of_two_start_a_bin() -> None:
    assert bins(FASTEST, 2 * FASTEST, 4 * FASTEST) == [1, 1 + STEPS, 1 + 2 * STEPS]


def test_zero_missing_and_endless_have_bins() -> None:
    assert bins(0.0, np.nan, 1e6, 1e9) == [0, NO_LATENCY, N_BINS - 2, N_BINS - 1]


def test_no_latencies_have_no_quantiles() -> None:
    assert latency.quantiles({}, [0.5, 0.99]) == [None, None]
    assert latency.quantiles({NO_LATENCY: 9}, [0.5]) == [None]


def test_faster_than_the_clock_reads_as_half_a_microsecond() -> None:
    assert latency.quantiles({0: 1}, [0.5]) == [pytest.approx(0.48e-6, rel=0.01)]
