"""Quality figures of a binary classifier, read from label counts.

Counts and what follows from them are exact. Log loss and Brier score are exact to 2**-21 per row.
Figures that need the ranking or the mean of scores within a bin state their error.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.counts import dense
from tidegauge.core.stats.quality import N_CELLS, LabelCounts
from tidegauge.core.stats.scorebins import LOWER, MIDDLE, N_BINS, UNITS

ECE_BINS = 10
"""Bins of the expected calibration error: equal widths, whose edges are score bin edges too."""
ECE_ERROR = 0.005
"""Bound of the error of ``ece``: half a score bin, as scores count as the middle of their bin."""

_ECE_BIN = (LOWER * ECE_BINS + 1e-9).astype(np.intp)


class BinaryQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the labelled predictions are; a figure that is undefined is None.

    Names and definitions are scikit-learn's, except that nothing undefined becomes 0.
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
    """None when nothing was predicted positive."""
    recall: float | None
    """None when nothing was positive."""
    f1: float | None
    """None when nothing was positive or predicted so."""
    positive_rate_predicted: float | None
    auc: float | None
    """Area under the ROC curve; two scores in one bin count as tied. None for a single class."""
    auc_error: float | None
    """The area from unbinned scores is at most this far from ``auc``."""
    log_loss: float | None
    """Mean, in nats."""
    brier: float | None
    ece: float | None
    """Expected calibration error (Naeini, Cooper and Hauskrecht, 2015) over `ECE_BINS` bins: the
    mean distance between mean score and share of positives, weighted by rows."""


def binary_quality(counts: LabelCounts) -> BinaryQuality:
    """Read every figure from the total counts of a window, which has no negative cells."""
    table = np.array(dense(counts.cells, range(N_CELLS)), dtype=np.int64).reshape(-1, 2, 2)
    (tn, fn), (fp, tp) = table.sum(axis=0).tolist()
    n = tn + fn + fp + tp
    by_label = table[:N_BINS].sum(axis=1)
    auc, auc_error = _auc(by_label[:, 0], by_label[:, 1])
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
        f1=_ratio(2 * tp, 2 * tp + fp + fn),
        positive_rate_predicted=_ratio(tp + fp, n),
        auc=auc,
        auc_error=auc_error,
        log_loss=_ratio(counts.log_loss, counts.scored * UNITS),
        brier=_ratio(counts.brier, counts.scored * UNITS),
        ece=_calibration_error(by_label[:, 0], by_label[:, 1]),
    )


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _auc(
    negatives: NDArray[np.int64], positives: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Share of (positive, negative) pairs in the right order, ties as half (Mann-Whitney)."""
    n_negative, n_positive = int(negatives.sum()), int(positives.sum())
    if n_negative <= 0 or n_positive <= 0:
        return None, None
    below = np.cumsum(negatives) - negatives
    # Python integers: the number of pairs can pass 2**63
    ordered = sum(int(p) * int(b) for p, b in zip(positives, below, strict=True))
    tied = sum(int(p) * int(n) for p, n in zip(positives, negatives, strict=True))
    pairs = n_negative * n_positive
    return (2 * ordered + tied) / (2 * pairs), tied / (2 * pairs)


def _calibration_error(negatives: NDArray[np.int64], positives: NDArray[np.int64]) -> float | None:
    rows = negatives + positives
    n = int(rows.sum())
    if n <= 0:
        return None
    expected = np.bincount(_ECE_BIN, rows * MIDDLE, ECE_BINS)
    observed = np.bincount(_ECE_BIN, positives, ECE_BINS)
    return math.fsum(np.abs(expected - observed).tolist()) / n
