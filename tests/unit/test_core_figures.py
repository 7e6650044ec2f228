"""From sums to published figures: what is passed on, and what is undefined."""

from typing import Any

import msgspec
import numpy as np
import pytest

from tidegauge.core.config import SECOND, ReferenceConfig
from tidegauge.core.monitor.figures import figures
from tidegauge.core.records import CalibrationPoint, Quality, RocPoint
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.quality import fold_labels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import SlotSums, TrafficCounts


def profile(predicted: list[int]) -> ReferenceProfile:
    return build_reference(
        [{} for _ in predicted],
        np.full(len(predicted), 0.5),
        np.array(predicted, dtype=np.int64),
        names=[],
        config=ReferenceConfig(),
        model="a",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


def traffic_change(traffic: TrafficCounts, reference: ReferenceProfile | None) -> Any:
    shown = figures(SlotSums(traffic), SECOND, reference).traffic
    return shown.predicted_positive_rate_change


def test_the_positive_rate_is_compared_with_the_references() -> None:
    traffic = TrafficCounts(predictions=8, classes=8, positives=2)
    assert traffic_change(traffic, profile([1, 0])) == -0.25
    assert traffic_change(traffic, profile([0])) == 0.25


@pytest.mark.parametrize("reference", [None, profile([])])
def test_without_a_references_positive_rate_there_is_no_change(
    reference: ReferenceProfile | None,
) -> None:
    traffic = TrafficCounts(predictions=8, classes=8, positives=2)
    assert traffic_change(traffic, reference) is None


def test_without_predicted_classes_there_is_no_change() -> None:
    assert traffic_change(TrafficCounts(predictions=8), profile([1])) is None


def test_curves_come_with_the_quality_of_labelled_predictions() -> None:
    scores, labels = np.array([0.905, 0.105]), np.array([1, 0])
    ones = np.ones(2, dtype=np.int64)
    (counts,) = fold_labels(scores, labels, labels, ones, groups=ones * 0, n_groups=1)
    quality = figures(SlotSums(labels=counts), SECOND, None).quality
    assert quality.roc_curve == (
        RocPoint(None, 0.0, 0.0),
        RocPoint(0.9, 0.0, 1.0),
        RocPoint(0.1, 1.0, 1.0),
    )
    assert quality.calibration_curve == (
        CalibrationPoint(pytest.approx(0.105), 0.0, 1),
        CalibrationPoint(pytest.approx(0.905), 1.0, 1),
    )
    assert None not in msgspec.structs.astuple(quality), "every figure is defined here"


def test_without_labels_no_figure_of_quality_is_defined() -> None:
    assert figures(SlotSums(TrafficCounts(predictions=3)), SECOND, None).quality == Quality()
