import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from tidegauge.core.stats import drift

PAIRS = st.integers(1, 12).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 10**6), min_size=size, max_size=size).filter(any)] * 2
    )
)


@given(PAIRS)
def test_js_equals_scipy(pair: tuple) -> None:
    # near zero the root magnifies the rounding of the divergence
    assert drift.js_distance(*pair) == pytest.approx(jensenshannon(*pair, base=2), abs=1e-7)


@given(PAIRS)
def test_psi_equals_numpy(pair: tuple) -> None:
    expected, actual = np.array(pair)[:, np.any(pair, axis=0)] + 0.5
    p, q = expected / expected.sum(), actual / actual.sum()
    assert drift.psi(*pair) == pytest.approx(np.sum((q - p) * np.log(q / p)), abs=1e-12)


@given(PAIRS)
def test_distances_are_symmetric_and_bounded(pair: tuple) -> None:
    expected, actual = pair
    assert drift.psi(expected, actual) == pytest.approx(drift.psi(actual, expected), abs=1e-12)
    assert drift.psi(expected, actual) >= 0.0
    assert 0.0 <= drift.js_distance(expected, actual) <= 1.0


def test_psi_without_change_has_the_stated_mean() -> None:
    rng = np.random.default_rng(7)
    share = np.full(10, 0.1)
    samples = [
        drift.psi(rng.multinomial(5000, share).tolist(), rng.multinomial(500, share).tolist())
        for _ in range(400)
    ]
    assert np.mean(samples) == pytest.approx(9 * (1 / 5000 + 1 / 500), rel=0.1)
