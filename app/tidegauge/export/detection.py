"""Change detectors and the alerts that fire."""

from collections.abc import Iterator

from tidegauge.core.records import AlertRecord
from tidegauge.export.page import Metric, Row
from tidegauge.export.view import DetectorView

_STREAM = ("model", "version", "stream", "feature", "detector")
_ALERT = (
    "alertname",
    "model",
    "version",
    "feature",
    "class",
    "segment_field",
    "segment_value",
    "detector",
    "severity",
    "fingerprint",
)

STATISTIC = Metric("tidegauge_detector_statistic", "What the detector compares.", _STREAM)
THRESHOLD = Metric(
    "tidegauge_detector_threshold", "The statistic at which the detector fires.", _STREAM
)
BASELINE = Metric("tidegauge_detector_baseline", "Mean of the stream before.", _STREAM)
CURRENT = Metric("tidegauge_detector_current", "Mean of the stream lately.", _STREAM)
FIRING = Metric("tidegauge_alert_firing", "1 for each alert that fires.", _ALERT)
STARTED = Metric(
    "tidegauge_alert_start_timestamp_seconds", "Event time since which the alert fires.", _ALERT
)
METRICS = (STATISTIC, THRESHOLD, BASELINE, CURRENT, FIRING, STARTED)


def detector_rows(view: DetectorView) -> Iterator[Row]:
    """The present of one detector."""
    labels = (view.model, view.version, view.stream, view.feature, view.detector)
    yield Row(STATISTIC, labels, view.statistic)
    yield Row(THRESHOLD, labels, view.threshold)
    yield Row(BASELINE, labels, view.baseline)
    yield Row(CURRENT, labels, view.current)


def alert_rows(record: AlertRecord) -> Iterator[Row]:
    """One alert that fires; the labels are those of the alert record."""
    known = record.labels | {
        "model": record.model,
        "detector": record.detector,
        "severity": record.severity,
        "fingerprint": record.fingerprint,
    }
    labels = tuple(known.get(name, "") for name in _ALERT)
    yield Row(FIRING, labels, 1)
    yield Row(STARTED, labels, record.starts_at_ms / 1000)
