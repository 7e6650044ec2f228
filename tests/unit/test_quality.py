import numpy as np
import pytest

from tidegauge.core.stats.binary import binary_quality
from tidegauge.core.stats.quality import LabelCounts, fold_labels
from tidegauge.core.stats.scorebins import NO_SCORE


def fold(rows: list[tuple[float, int, int]]) -> LabelCounts:
    scores, predicted, labels = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows), dtype=np.int64)
    return fold_labels(scores, predicted, labels, ones, groups=ones * 0, n_groups=1)[0]


def test_an_empty_window_is_empty_and_never_zero() -> None:
    quality = binary_quality(LabelCounts())
    assert (quality.n, quality.positives, quality.scored, quality.tp) == (0, 0, 0, 0)
    figures = ["accuracy", "error_rate", "precision", "recall", "f1", "positive_rate_predicted"]
    figures += ["auc", "auc_error", "log_loss", "brier", "ece"]
    assert [getattr(quality, name) for name in figures] == [None] * len(figures)


def test_one_class_has_no_auc_and_no_predicted_positive_no_precision() -> None:
    quality = binary_quality(fold([(0.1, 0, 0), (0.2, 0, 0)]))
    assert (quality.accuracy, quality.auc, quality.precision, quality.f1) == (1.0, None, None, None)
    assert quality.brier == pytest.approx(0.025, abs=2**-20)


def test_missing_every_positive_is_a_recall_of_zero() -> None:
    quality = binary_quality(fold([(0.4, 0, 1)]))
    assert (quality.recall, quality.f1, quality.precision) == (0.0, 0.0, None)


def test_a_row_without_a_score_counts_for_classes_only() -> None:
    counts = fold([(np.nan, 1, 1), (0.9, 1, 1)])
    assert (NO_SCORE * 2 + 1) * 2 + 1 in counts.cells
    quality = binary_quality(counts)
    assert (quality.n, quality.scored, quality.tp) == (2, 1, 2)
    assert quality.brier == pytest.approx(0.01, abs=2**-20)


def test_two_scores_in_one_bin_are_tied_and_the_error_says_so() -> None:
    quality = binary_quality(fold([(0.501, 1, 0), (0.509, 1, 1)]))
    assert (quality.auc, quality.auc_error) == (0.5, 0.5)


def test_scores_below_one_hundredth_keep_their_ranking() -> None:
    quality = binary_quality(fold([(0.0001, 0, 0), (0.001, 0, 1), (0.0003, 0, 0)]))
    assert (quality.auc, quality.auc_error) == (1.0, 0.0)


def test_calibration_error_weighs_bins_by_their_rows() -> None:
    rows = [(0.055, 0, 0)] * 3 + [(0.955, 1, 1)]
    assert binary_quality(fold(rows)).ece == pytest.approx((3 * 0.055 + 0.045) / 4)


def test_the_wire_form_reads_back() -> None:
    counts = fold([(0.4, 0, 1), (0.9, 1, 1)])
    assert LabelCounts.from_wire(counts.to_wire()) == counts
