"""From sums to published figures: what is passed on, and what is undefined."""

from typing import Any

import msgspec
import numpy as np
import pytest

from tidegauge.core.config import SECOND, ModelKind, ReferenceConfig
from tidegauge.core.monitor.figures import Figures, figures
from tidegauge.core.monitor.quality import Labelled
from tidegauge.core.records import CalibrationPoint, RocPoint
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.classes import OTHER, ClassCounts
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


def shown(
    sums: SlotSums, reference: ReferenceProfile | None = None, kind: ModelKind = ModelKind.BINARY
) -> Figures:
    return figures(sums, SECOND, reference, kind, 20)


def traffic_change(traffic: TrafficCounts, reference: ReferenceProfile | None) -> Any:
    return shown(SlotSums(traffic), reference).traffic.predicted_positive_rate_change


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
    quality = shown(SlotSums(labels=counts)).labelled.quality
    assert quality.roc_curve == (
        RocPoint(None, 0.0, 0.0),
        RocPoint(0.9, 0.0, 1.0),
        RocPoint(0.1, 1.0, 1.0),
    )
    assert quality.calibration_curve == (
        CalibrationPoint(pytest.approx(0.105), 0.0, 1),
        CalibrationPoint(pytest.approx(0.905), 1.0, 1),
    )
    figures_ = msgspec.structs.asdict(quality)
    undefined = {name for name, figure in figures_.items() if figure is None}
    assert undefined == {"macro_precision", "macro_recall", "macro_f1"}


def test_answers_of_more_classes_than_the_limit_are_shown_as_one() -> None:
    answers = AnswerCounts({f"c{n:02}": n for n in range(1, 31)})
    classes = ClassCounts({("c01", "c02"): 3})
    sums = SlotSums(TrafficCounts(predictions=465), answers=answers, classes=classes)
    stats = shown(sums, kind=ModelKind.MULTICLASS).labelled.classes
    assert len(stats) == 21
    assert (stats["c01"].predictions, stats["c30"].predictions) == (1, 30)
    assert stats[OTHER].predictions == sum(range(3, 13))
    assert sum(one.predictions for one in stats.values()) == 465


def test_without_labels_no_figure_of_quality_is_defined() -> None:
    assert shown(SlotSums(TrafficCounts(predictions=3))).labelled == Labelled()
