"""Errors of numbers: summed without rounding, merged and retracted; figures as scikit-learn's."""

from collections.abc import Sequence

import numpy as np
import pytest
from countlaws import check_laws
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tidegauge.core.stats.logbins import RELATIVE_ERROR
from tidegauge.core.stats.numbers import NumberCounts, fold_numbers, with_small
from tidegauge.core.stats.regression import regression_quality

N_GROUPS = 2
NUMBERS = st.one_of(st.floats(-1e100, 1e100), st.integers(-9, 9).map(float))
ROWS = st.lists(
    st.tuples(NUMBERS, NUMBERS, st.sampled_from([1, -1, 2]), st.integers(0, N_GROUPS - 1)),
    max_size=30,
)
Row = tuple[float, float, int, int]


def fold(rows: Sequence[Row]) -> list[NumberCounts]:
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    signs, groups = table[:, 2:].astype(np.int64).T
    return fold_numbers(table[:, 0], table[:, 1], signs, groups=groups, n_groups=N_GROUPS)


@given(ROWS, st.randoms())
def test_they_add_up_are_retracted_and_stored(rows: list[Row], random) -> None:
    check_laws(NumberCounts, fold, rows, random)


@given(ROWS)
def test_whatever_the_numbers_the_figures_are_finite_or_undefined(rows: list[Row]) -> None:
    for counts in fold([(x, y, 1, group) for x, y, _, group in rows]):
        quality = regression_quality(counts)
        figures = (quality.mean_absolute_error, quality.bias, quality.r2, quality.median_error)
        assert all(figure is None or np.isfinite(figure) for figure in figures)
        assert sum(bar.rows for bar in quality.errors) == quality.n == counts.n


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("01"), st.sampled_from("01")), st.integers(1, 9), min_size=1
    )
)
def test_zeros_and_ones_are_told_by_their_counts_as_classes(
    confusion: dict[tuple[str, str], int],
) -> None:
    rows = [(float(p), float(label), n, 0) for (p, label), n in confusion.items()]
    other = {("x", "1"): 3, ("2", "1"): 4, ("true", "0"): 5}
    assert with_small(NumberCounts(), confusion | other) == fold(rows)[0]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e12])
def test_figures_agree_with_scikit_learn(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 400
    labels = scale * rng.gamma(2, 20, n)
    predicted = labels + scale * rng.normal(3, 10, n)
    ones = np.ones(n, np.int64)
    (counts,) = fold_numbers(predicted, labels, ones, groups=ones * 0, n_groups=1)
    quality = regression_quality(counts)
    errors = predicted - labels
    exact = {"rel": 1e-12, "abs": 0}
    assert quality.n == n
    assert quality.mean_absolute_error == pytest.approx(
        metrics.mean_absolute_error(labels, predicted), **exact
    )
    assert quality.root_mean_squared_error == pytest.approx(
        metrics.root_mean_squared_error(labels, predicted), **exact
    )
    assert quality.r2 == pytest.approx(metrics.r2_score(labels, predicted), **exact)
    assert quality.bias == pytest.approx(errors.mean(), **exact)
    ordered = np.sort(np.abs(errors))
    for q, found in (
        (0.5, quality.absolute_error_p50),
        (0.9, quality.absolute_error_p90),
        (0.99, quality.absolute_error_p99),
    ):
        rank = int(np.ceil(q * n)) - 1
        assert found == pytest.approx(ordered[rank], rel=RELATIVE_ERROR, abs=0)
    assert quality.median_error == pytest.approx(
        np.sort(errors)[n // 2 - 1], rel=RELATIVE_ERROR, abs=0
    )
    for bar in quality.errors:
        assert bar.rows == np.sum((errors >= bar.lower) & (errors < bar.upper))


def test_labels_that_do_not_differ_have_no_r2() -> None:
    one = np.ones(3)
    counts = fold_numbers(one * 2.5, one * 1.5, np.array([1, 1, 1]), groups=one > 1, n_groups=1)
    quality = regression_quality(counts[0])
    assert (quality.mean_absolute_error, quality.bias, quality.r2) == (1.0, 1.0, None)
