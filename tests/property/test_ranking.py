"""Ranking figures and curves of binned scores against those of the scores themselves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve as sklearn_curve
from sklearn.metrics import average_precision_score, roc_auc_score

from tidegauge.core.stats.calibration import (
    CALIBRATION_BINS,
    CALIBRATION_ERROR,
    calibration_curve,
)
from tidegauge.core.stats.ranking import ROC_POINTS, Ranking
from tidegauge.core.stats.scorebins import N_BINS, bin_scores

ROUNDING = 1e-12
# few distinct bins, so that many scores share one; and any score, tied or not
SCORES = st.one_of(
    st.floats(0.5, 0.53),
    st.sampled_from([0.0, 0.505, 0.507, 1.0]),
    st.floats(0, 0.01),
    st.floats(0, 1),
)
BOTH_CLASSES = st.lists(st.tuples(SCORES, st.integers(0, 1)), min_size=2, max_size=80).filter(
    lambda rows: len({label for _, label in rows}) == 2
)


def columns(rows: list[tuple[float, int]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    scores, labels = zip(*rows, strict=True)
    return np.array(scores), np.array(labels)


def histograms(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    bins = bin_scores(scores)
    return [np.bincount(bins[labels == label], minlength=N_BINS) for label in (0, 1)]


@given(BOTH_CLASSES)
def test_areas_lie_within_their_error_of_scikit_learns(rows: list[tuple[float, int]]) -> None:
    scores, labels = columns(rows)
    ranking = Ranking(*histograms(scores, labels))
    auc = ranking.roc_auc()
    assert abs(auc.value - roc_auc_score(labels, scores)) <= auc.error + ROUNDING
    precision = ranking.average_precision()
    exact = average_precision_score(labels, scores)
    assert abs(precision.value - exact) <= precision.error + ROUNDING


@given(st.lists(st.tuples(st.integers(0, N_BINS - 1), st.integers(0, 1)), min_size=2, max_size=80))
def test_the_areas_of_scores_that_share_a_bin_only_when_equal_are_scikit_learns(
    rows: list[tuple[int, int]],
) -> None:
    bins, labels = columns(rows)
    ranking = Ranking(*(np.bincount(bins[labels == y], minlength=N_BINS) for y in (0, 1)))
    if labels.any():
        exact = average_precision_score(labels, bins)
        assert abs(ranking.average_precision().value - exact) <= ROUNDING
        if not labels.all():
            assert abs(ranking.roc_auc().value - roc_auc_score(labels, bins)) <= ROUNDING


@given(BOTH_CLASSES)
def test_the_lift_lies_within_its_error_of_any_order_of_the_tied(
    rows: list[tuple[float, int]],
) -> None:
    scores, labels = columns(rows)
    lift = Ranking(*histograms(scores, labels)).lift_top_decile()
    n = len(rows)
    for tied_first in (1, -1):
        descending = labels[np.lexsort((-tied_first * labels, -scores))]
        # the row at the cut counts in part
        weights = np.clip(n / 10 - np.arange(n), 0, 1)
        exact = (descending @ weights) / (n / 10) / labels.mean()
        assert abs(lift.value - exact) <= lift.error + ROUNDING
    assert 0 <= lift.value <= 10


@given(BOTH_CLASSES)
def test_the_points_of_a_roc_curve_are_exact_at_their_thresholds(
    rows: list[tuple[float, int]],
) -> None:
    scores, labels = columns(rows)
    curve = Ranking(*histograms(scores, labels)).roc_curve()
    assert 2 <= len(curve) <= ROC_POINTS
    for threshold, *rates in curve:
        called = scores >= (np.inf if threshold is None else threshold)
        assert rates == [called[labels == label].mean() for label in (0, 1)]
    assert [list(vertex[1:]) for vertex in (curve[0], curve[-1])] == [[0, 0], [1, 1]]
    assert sorted(curve[1:], reverse=True) == list(curve[1:])


@given(
    st.lists(
        st.tuples(st.integers(0, 99).map(lambda step: (step + 0.3) / 100), st.integers(0, 1)),
        min_size=1,
    )
)
def test_a_calibration_curve_is_scikit_learns(rows: list[tuple[float, int]]) -> None:
    scores, labels = columns(rows)
    negatives, positives = histograms(scores, labels)
    curve = calibration_curve(negatives, positives)
    assert sum(point.rows for point in curve) == len(rows)
    if len(set(labels.tolist())) == 2:  # scikit-learn refuses a single class
        shares, means = sklearn_curve(labels, scores, n_bins=CALIBRATION_BINS)
        np.testing.assert_allclose([point.positive_share for point in curve], shares, rtol=1e-14)
        binned = [point.mean_score for point in curve]
        np.testing.assert_allclose(binned, means, atol=CALIBRATION_ERROR + ROUNDING)
