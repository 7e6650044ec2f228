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
    figures += ["specificity", "balanced_accuracy", "matthews_correlation"]
    figures += ["auc", "auc_error", "average_precision", "average_precision_error"]
    figures += ["lift_top_decile", "lift_top_decile_error", "log_loss", "brier", "ece"]
    figures += ["roc_curve", "calibration_curve"]
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


def test_the_figures_of_a_confusion_matrix_are_what_they_are_by_hand() -> None:
    rows = [(0.9, 1, 1)] * 6 + [(0.9, 1, 0)] * 4 + [(0.1, 0, 0)] * 24 + [(0.1, 0, 1)] * 6
    quality = binary_quality(fold(rows))
    assert quality.specificity == 24 / 28
    assert quality.balanced_accuracy == pytest.approx((6 / 12 + 24 / 28) / 2)
    correlation = (6 * 24 - 4 * 6) / (10 * 12 * 28 * 30) ** 0.5
    assert quality.matthews_correlation == pytest.approx(correlation)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_of_labels_has_no_balanced_accuracy_and_no_correlation(label: int) -> None:
    quality = binary_quality(fold([(0.1, 0, label), (0.9, 1, label)]))
    assert (quality.balanced_accuracy, quality.matthews_correlation) == (None, None)
    assert (quality.specificity, quality.recall)[label] == 0.5
    assert (quality.recall, quality.specificity)[label] is None


def test_one_class_of_predictions_has_no_correlation() -> None:
    quality = binary_quality(fold([(0.1, 0, 0), (0.2, 0, 1)]))
    assert (quality.balanced_accuracy, quality.matthews_correlation) == (0.5, None)


def test_the_correlation_of_a_perfect_model_is_one_and_of_its_reverse_minus_one() -> None:
    perfect = [(0.9, 1, 1)] * 7 + [(0.1, 0, 0)] * 331
    assert binary_quality(fold(perfect)).matthews_correlation == 1.0
    reverse = [(score, predicted, 1 - label) for score, predicted, label in perfect]
    assert binary_quality(fold(reverse)).matthews_correlation == -1.0


def test_curves_and_areas_read_the_scored_rows_only() -> None:
    rows = [(0.9, 1, 1), (0.1, 0, 0)]
    scored, mixed = (binary_quality(fold(r)) for r in (rows, [*rows, (np.nan, 1, 0)]))
    assert (mixed.roc_curve, mixed.calibration_curve) == (
        scored.roc_curve,
        scored.calibration_curve,
    )
    assert (mixed.average_precision, mixed.lift_top_decile, mixed.auc) == (1.0, 2.0, 1.0)


def test_the_wire_form_reads_back() -> None:
    counts = fold([(0.4, 0, 1), (0.9, 1, 1)])
    assert LabelCounts.from_wire(counts.to_wire()) == counts
