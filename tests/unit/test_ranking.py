import numpy as np
import pytest

from tidegauge.core.stats.ranking import ROC_POINTS, Bounded, Ranking, RocVertex
from tidegauge.core.stats.scorebins import N_BINS, bin_scores


def ranking(rows: list[tuple[float, int]]) -> Ranking:
    scores, labels = (np.array(column) for column in zip(*rows, strict=True))
    bins = bin_scores(scores)
    return Ranking(*(np.bincount(bins[labels == label], minlength=N_BINS) for label in (0, 1)))


def test_each_figure_of_a_small_ranking_is_what_it_is_by_hand() -> None:
    made = ranking([(0.905, 1), (0.805, 0), (0.705, 1), (0.605, 0)])
    assert made.roc_auc() == Bounded(0.75, 0.0)
    assert made.average_precision().value == pytest.approx((1 / 1 + 2 / 3) / 2)
    # of the top 0.4 rows all are positive, of all rows one half
    assert made.lift_top_decile() == Bounded(2.0, 0.0)
    assert made.roc_curve() == (
        RocVertex(None, 0.0, 0.0),
        RocVertex(0.9, 0.0, 0.5),
        RocVertex(0.8, 0.5, 0.5),
        RocVertex(0.7, 0.5, 1.0),
        RocVertex(0.6, 1.0, 1.0),
    )


def test_without_rows_every_figure_is_undefined() -> None:
    empty = Ranking(*np.zeros((2, N_BINS), dtype=np.int64))
    figures = [empty.roc_auc(), empty.average_precision(), empty.lift_top_decile()]
    assert figures == [Bounded()] * 3
    assert empty.roc_curve() is None


def test_without_positives_every_figure_is_undefined() -> None:
    made = ranking([(0.2, 0), (0.8, 0)])
    assert [made.roc_auc(), made.average_precision(), made.lift_top_decile()] == [Bounded()] * 3
    assert made.roc_curve() is None


def test_without_negatives_only_what_compares_with_them_is_undefined() -> None:
    made = ranking([(0.2, 1), (0.8, 1)])
    assert made.average_precision() == Bounded(1.0, 0.0)
    assert made.lift_top_decile() == Bounded(1.0, 0.0)
    assert made.roc_auc() == Bounded()
    assert made.roc_curve() is None


def test_scores_of_one_bin_are_tied_and_the_bounds_say_what_that_can_hide() -> None:
    made = ranking([(0.501, 0), (0.509, 1)])
    assert made.roc_auc() == Bounded(0.5, 0.5)
    assert made.average_precision().value == 0.5
    assert made.average_precision().error == 0.5
    # the top tenth of two rows can be all of one label
    assert made.lift_top_decile() == Bounded(1.0, 1.0)


def test_the_rows_at_the_cut_of_the_top_decile_count_in_part() -> None:
    rows = [(0.95, 1), (0.85, 1), (0.85, 0), (0.85, 0), (0.85, 0), *[(0.1, 0)] * 15]
    # the top 2 of 20 rows: the first, and one of four of which one is positive
    assert ranking(rows).lift_top_decile().value == pytest.approx((1 + 1 / 4) / 2 / (2 / 20))


def test_a_perfect_ranking_of_rare_events_has_the_highest_lift() -> None:
    rows = [(0.9, 1)] * 10 + [(0.1, 0)] * 90
    assert ranking(rows).lift_top_decile() == Bounded(10.0, 0.0)


def test_a_long_curve_is_thinned_evenly_and_keeps_its_ends() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(5000) < 0.05
    scores = np.clip(rng.beta(1, 6, 5000) + 0.2 * labels, 0, 1)
    curve = ranking(
        list(zip(scores.tolist(), labels.astype(int).tolist(), strict=True))
    ).roc_curve()
    assert curve is not None
    assert len(curve) == ROC_POINTS
    assert (curve[0], curve[-1][1:]) == (RocVertex(None, 0.0, 0.0), (1.0, 1.0))
    along = [vertex.false_positive_rate + vertex.true_positive_rate for vertex in curve]
    assert max(np.diff(along)) < 2 * 2 / (ROC_POINTS - 1)


def test_counts_of_any_size_do_not_overflow() -> None:
    negatives, positives = np.zeros((2, N_BINS), dtype=np.int64)
    negatives[[20, 60]] = 3 * 2**50
    positives[[60, 90]] = 2**50
    made = Ranking(negatives, positives)
    assert made.roc_auc().value == pytest.approx(1 - 1 / 8)
    # the top 0.8 of 8 parts is inside the highest bin, and a quarter of all is positive
    assert made.lift_top_decile() == Bounded(4.0, 0.0)
