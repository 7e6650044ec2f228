"""Quality figures of a binary classifier, read from label counts.

Counts and what follows from them are exact. Log loss and Brier score are exact to 2**-21 per row.
Figures that need the ranking or the mean of scores within a bin state their error.
"""

import math

import msgspec

from tidegauge.core.stats.calibration import (
    CalibrationBin,
    calibration_curve,
    expected_calibration_error,
)
from tidegauge.core.stats.counts import table
from tidegauge.core.stats.quality import N_CELLS, LabelCounts
from tidegauge.core.stats.ranking import Ranking, RocVertex
from tidegauge.core.stats.scorebins import N_BINS, UNITS


class BinaryQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the labelled predictions are; a figure that is undefined is None.

    Names and definitions are scikit-learn's, except that nothing undefined becomes 0. Figures of
    scores read the scored rows only.
    """

    n: int
    """Labelled predictions."""
    positives: int
    """Of them, those whose label is the positive class."""
    scored: int
    """Of them, those with a score."""
    tp: int
    fp: int
    tn: int
    fn: int
    accuracy: float | None
    error_rate: float | None
    precision: float | None
    """``tp / (tp + fp)``; None when nothing was predicted positive."""
    recall: float | None
    """``tp / (tp + fn)``; None when nothing was positive."""
    specificity: float | None
    """``tn / (tn + fp)``; None when nothing was negative."""
    f1: float | None
    """``2 tp / (2 tp + fp + fn)``; None when nothing was positive or predicted so."""
    balanced_accuracy: float | None
    """``(recall + specificity) / 2`` (Brodersen, Ong, Stephan and Buhmann, "The balanced accuracy
    and its posterior distribution", 2010); None for a single class."""
    matthews_correlation: float | None
    """Correlation of prediction and label, from -1 to 1 (Matthews, "Comparison of the predicted and
    observed secondary structure of T4 phage lysozyme", 1975): ``(tp tn - fp fn) / sqrt((tp + fp)
    (tp + fn) (tn + fp) (tn + fn))``; None where either is of a single class."""
    positive_rate_predicted: float | None
    auc: float | None
    """Area under the ROC curve; two scores in one bin count as tied. None for a single class."""
    auc_error: float | None
    """The area from unbinned scores is at most this far from ``auc``."""
    average_precision: float | None
    """Area under the precision-recall curve, see `Ranking.average_precision`; None when nothing was
    positive."""
    average_precision_error: float | None
    """Its bound, as ``auc_error``."""
    lift_top_decile: float | None
    """See `Ranking.lift_top_decile`; None when nothing was positive."""
    lift_top_decile_error: float | None
    """Its bound, as ``auc_error``."""
    log_loss: float | None
    """Mean, in nats."""
    brier: float | None
    ece: float | None
    """Expected calibration error, see `expected_calibration_error`."""
    roc_curve: tuple[RocVertex, ...] | None
    """See `Ranking.roc_curve`; None for a single class."""
    calibration_curve: tuple[CalibrationBin, ...] | None


def binary_quality(counts: LabelCounts) -> BinaryQuality:
    """Read every figure from the total counts of a window, which has no negative cells."""
    cells = table(counts.cells, N_CELLS).reshape(-1, 2, 2)
    (tn, fn), (fp, tp) = cells.sum(axis=0).tolist()
    n = tn + fn + fp + tp
    negatives, positives = cells[:N_BINS].sum(axis=1).T
    ranking = Ranking(negatives, positives)
    auc, average_precision = ranking.roc_auc(), ranking.average_precision()
    lift = ranking.lift_top_decile()
    calibration = calibration_curve(negatives, positives)
    return BinaryQuality(
        n=n,
        positives=tp + fn,
        scored=counts.scored,
        tp=tp,
        fp=fp,
        tn=tn,
        fn=fn,
        accuracy=_ratio(tp + tn, n),
        error_rate=_ratio(fp + fn, n),
        precision=_ratio(tp, tp + fp),
        recall=_ratio(tp, tp + fn),
        specificity=_ratio(tn, tn + fp),
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
        balanced_accuracy=_ratio(tp * (tn + fp) + tn * (tp + fn), 2 * (tp + fn) * (tn + fp)),
        matthews_correlation=_matthews_correlation(tp, fp, tn, fn),
        positive_rate_predicted=_ratio(tp + fp, n),
        auc=auc.value,
        auc_error=auc.error,
        average_precision=average_precision.value,
        average_precision_error=average_precision.error,
        lift_top_decile=lift.value,
        lift_top_decile_error=lift.error,
        log_loss=_ratio(counts.log_loss, counts.scored * UNITS),
        brier=_ratio(counts.brier, counts.scored * UNITS),
        ece=expected_calibration_error(calibration),
        roc_curve=ranking.roc_curve(),
        calibration_curve=calibration,
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _matthews_correlation(tp: int, fp: int, tn: int, fn: int) -> float | None:
    square = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    if not square:
        return None
    # rounding can leave the range by the last bit
    return min(max((tp * tn - fp * fn) / math.sqrt(square), -1.0), 1.0)
