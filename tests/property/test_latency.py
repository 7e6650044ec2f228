import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.stats import latency
from tidegauge.core.stats.counts import count_cells

QS = [0.0, 0.25, 0.5, 0.9, 0.99, 1.0]
LATENCIES = st.lists(st.floats(latency.FASTEST, 1e6), min_size=1, max_size=100).map(np.array)


@given(LATENCIES)
def test_bins_keep_the_order_of_latencies(seconds: np.ndarray) -> None:
    assert (np.diff(latency.bin_latencies(np.sort(seconds))) >= 0).all()


@given(LATENCIES)
def test_quantiles_are_within_the_stated_error(seconds: np.ndarray) -> None:
    bins = latency.bin_latencies(seconds)
    counts = count_cells(bins, bins * 0, 1, latency.NO_LATENCY + 1)[0]
    exact = np.quantile(seconds, QS, method="inverted_cdf")
    found = latency.quantiles(counts, QS)
    assert found == pytest.approx(exact.tolist(), rel=latency.RELATIVE_ERROR * (1 + 1e-12))
