"""Whether scores are probabilities: how often a score comes true, from a histogram by label."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.scorebins import LOWER, MIDDLE

CALIBRATION_BINS = 10
"""Bins of equal width, whose edges are score bin edges too."""
CALIBRATION_ERROR = 0.005
"""Bound of the error of a mean score: half a score bin, as scores count as the middle of it."""

_BIN = (LOWER * CALIBRATION_BINS + 1e-9).astype(np.intp)


class CalibrationBin(NamedTuple):
    """The scored labels of one bin that has any."""

    mean_score: float
    """At most `CALIBRATION_ERROR` from the mean of the scores themselves."""
    positive_share: float
    rows: int


def calibration_curve(
    negatives: NDArray[np.int64], positives: NDArray[np.int64]
) -> tuple[CalibrationBin, ...] | None:
    """Mean score and share of positives by ascending bin; bins without rows are left out.

    The reliability diagram (Niculescu-Mizil and Caruana, "Predicting good probabilities with
    supervised learning", 2005), as scikit-learn's ``calibration_curve`` with uniform bins.

    Args:
        negatives: Rows whose label is the negative class, by score bin.
        positives: Rows whose label is the positive class, by score bin.

    Returns:
        At most `CALIBRATION_BINS` points; None without rows.
    """
    rows = negatives + positives
    columns = zip(
        *(
            np.bincount(_BIN, column, CALIBRATION_BINS).tolist()
            for column in (rows * MIDDLE, positives, rows)
        ),
        strict=True,
    )
    points = tuple(CalibrationBin(s / n, p / n, int(n)) for s, p, n in columns if n)
    return points or None


def expected_calibration_error(curve: tuple[CalibrationBin, ...] | None) -> float | None:
    """Mean distance of mean score and share of positives over the bins, weighted by rows.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
    2015. Its error is at most `CALIBRATION_ERROR`; None without rows.
    """
    if curve is None:
        return None
    gaps = math.fsum(point.rows * abs(point.mean_score - point.positive_share) for point in curve)
    return gaps / sum(point.rows for point in curve)
