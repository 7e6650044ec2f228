import numpy as np
import pytest

from tidegauge.core.stats.calibration import (
    CALIBRATION_BINS,
    CalibrationBin,
    calibration_curve,
    expected_calibration_error,
)
from tidegauge.core.stats.scorebins import N_BINS, bin_scores

NONE = np.zeros(N_BINS, dtype=np.int64)


def histogram(*scores: float) -> np.ndarray:
    return np.bincount(bin_scores(np.array(scores)), minlength=N_BINS)


def test_a_curve_has_a_point_for_each_bin_that_holds_labels() -> None:
    curve = calibration_curve(histogram(0.055, 0.055, 0.055), histogram(0.075, 0.955))
    assert curve == (
        CalibrationBin(pytest.approx((3 * 0.055 + 0.075) / 4), 0.25, 4),
        CalibrationBin(pytest.approx(0.955), 1.0, 1),
    )


def test_the_error_is_the_mean_gap_of_the_curve_weighted_by_rows() -> None:
    curve = calibration_curve(histogram(0.055, 0.055, 0.055), histogram(0.955))
    assert expected_calibration_error(curve) == pytest.approx((3 * 0.055 + 0.045) / 4)


def test_without_labels_there_is_no_curve_and_no_error() -> None:
    assert calibration_curve(NONE, NONE) is None
    assert expected_calibration_error(None) is None


def test_every_score_bin_lies_in_one_bin_of_the_curve() -> None:
    curve = calibration_curve(NONE, NONE + 1)
    assert curve is not None
    assert len(curve) == CALIBRATION_BINS
    assert sum(point.rows for point in curve) == N_BINS
    tenths = [int(point.mean_score * CALIBRATION_BINS) for point in curve]
    assert tenths == list(range(CALIBRATION_BINS))
