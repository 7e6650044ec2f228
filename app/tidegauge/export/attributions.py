"""Attributions: how much each feature moved the answers of a window."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from tidegauge.core.records import FeatureAttribution, MetricRecord
from tidegauge.export.page import Metric, Row
from tidegauge.export.windows import window_text

LABELS = ("model", "version", "window")
FEATURE_LABELS = (*LABELS, "feature")
Read = Callable[[Any], float | None]

PREDICTIONS = Metric(
    "tidegauge_attributed_predictions",
    "Predictions of the window that carry attributions.",
    LABELS,
)
DRIFT = Metric(
    "tidegauge_attribution_drift_ratio",
    "Total variation of the features' shares of the attribution from the version's first period.",
    LABELS,
)


def _feature(name: str, help_: str, read: Read) -> tuple[Metric, Read]:
    return Metric(f"tidegauge_feature_attribution_{name}", help_, FEATURE_LABELS), read


def _difference(stats: FeatureAttribution) -> float | None:
    if stats.wrong_share is None or stats.right_share is None:
        return None
    return stats.wrong_share - stats.right_share


FIGURES = (
    _feature("mean_absolute", "Mean absolute attribution.", attrgetter("mean_absolute")),
    _feature(
        "share_ratio",
        "Share of the feature in the mean absolute attributions of all features.",
        attrgetter("share"),
    ),
    _feature(
        "error_difference",
        "Mean share of the feature in wrong answers less that in right ones.",
        _difference,
    ),
)
METRICS = (PREDICTIONS, DRIFT, *(metric for metric, _ in FIGURES))


def attribution_rows(record: MetricRecord) -> Iterator[Row]:
    """How many predictions of one window carry attributions, and whether these moved."""
    if record.attributions is not None:
        yield Row(PREDICTIONS, _labels(record), record.attributions.count)
        yield Row(DRIFT, _labels(record), record.attributions.drift)


def feature_rows(record: MetricRecord) -> Iterator[tuple[Row, ...]]:
    """The attributions of each feature in one window."""
    if record.attributions is not None:
        for name, feature in record.attributions.features.items():
            labels = (*_labels(record), name)
            yield tuple(Row(metric, labels, read(feature)) for metric, read in FIGURES)


def _labels(record: MetricRecord) -> tuple[str, str, str]:
    return record.model, record.version, window_text(record.end_ms - record.start_ms)
