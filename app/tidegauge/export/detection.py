"""Change detectors and the alerts that fire."""

from collections.abc import Iterator, Mapping

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.export.page import Metric, Row
from tidegauge.export.view import DetectorView

_STREAM = ("model", "version", "stream", "feature", "detector")
_ALERT = (
    "alertname",
    "model",
    "version",
    "feature",
    "class",
    "category",
    "segment_field",
    "segment_value",
    "detector",
    "severity",
    "fingerprint",
)

_NAMED = ("alertname", "model", "feature", "fingerprint")
_CAUSE = (*_NAMED, "kind", "name", "value", "effect")
SHOWN = 5
"""Causes, and dimensions by which a change is split, of one alert that have series."""

STATISTIC = Metric("tidegauge_detector_statistic", "What the detector compares.", _STREAM)
THRESHOLD = Metric(
    "tidegauge_detector_threshold", "The statistic at which the detector fires.", _STREAM
)
BASELINE = Metric("tidegauge_detector_baseline", "Mean of the stream before.", _STREAM)
CURRENT = Metric("tidegauge_detector_current", "Mean of the stream lately.", _STREAM)
LEARNED = Metric(
    "tidegauge_detector_learned_ratio",
    "Part of what a stream has to learn from that has come; 1 once it is watched.",
    _STREAM,
)
FIRING = Metric(
    "tidegauge_alert_firing",
    "1 for each alert that fires, with the incident that it belongs to.",
    (*_ALERT, "incident"),
)
STARTED = Metric(
    "tidegauge_alert_start_timestamp_seconds", "Event time since which the alert fires.", _ALERT
)
EVENTS = Metric(
    "tidegauge_alert_events_total",
    "Alert records written since the worker started: opened, updated, resolved, retracted.",
    ("model", "alertname", "event"),
    kind="counter",
)
INCIDENT = Metric(
    "tidegauge_alert_incident_info",
    "1, with the incident that a firing alert belongs to, and whether it is its root or a symptom.",
    (*_NAMED, "incident", "role"),
)
ADVICE = Metric(
    "tidegauge_alert_advice_info",
    "1, with what to do about the more errors that an alert tells: fix_data, retrain, wait or "
    "harder_cases.",
    (*_NAMED, "advice"),
)
CAUSE = Metric(
    "tidegauge_alert_cause_rank",
    "Causes of a firing alert by likelihood: 1 for the likeliest.",
    _CAUSE,
)
CONTRIBUTION = Metric(
    "tidegauge_alert_cause_contribution_ratio",
    "Part of the change that the cause accounts for.",
    _CAUSE,
)
BEFORE = Metric(
    "tidegauge_alert_cause_before", "The figure of the cause before the change.", _CAUSE
)
AFTER = Metric("tidegauge_alert_cause_after", "The figure of the cause now.", _CAUSE)
SPLIT = Metric(
    "tidegauge_alert_split_ratio",
    "Part of a change in errors that is mix shift, concept shift or neither, by how it is cut.",
    (*_NAMED, "kind", "name", "part"),
)
METRICS = (
    STATISTIC,
    THRESHOLD,
    BASELINE,
    CURRENT,
    LEARNED,
    FIRING,
    STARTED,
    EVENTS,
    INCIDENT,
    ADVICE,
    CAUSE,
    CONTRIBUTION,
    BEFORE,
    AFTER,
    SPLIT,
)


def detector_rows(view: DetectorView) -> Iterator[Row]:
    """The present of one detector."""
    labels = (view.model, view.version, view.stream, view.feature, view.detector)
    yield Row(STATISTIC, labels, view.statistic)
    yield Row(THRESHOLD, labels, view.threshold)
    yield Row(BASELINE, labels, view.baseline)
    yield Row(CURRENT, labels, view.current)
    yield Row(LEARNED, labels, view.learned)


def event_rows(counts: Mapping[tuple[str, str, str], int]) -> Iterator[tuple[Row]]:
    """What became of alerts, the most frequent first."""
    for event, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield (Row(EVENTS, event, count),)


def cause_rows(record: AlertRecord) -> Iterator[Row]:
    """Why an alert fires: its likeliest causes, and how the change in errors splits."""
    of_alert = tuple(
        (record.labels | {"model": record.model, "fingerprint": record.fingerprint}).get(name, "")
        for name in _NAMED
    )
    if record.incident is not None:
        yield Row(INCIDENT, (*of_alert, record.incident.id, record.incident.role.value), 1)
    if record.retraining is not None:
        yield Row(ADVICE, (*of_alert, record.retraining.value), 1)
    told = set()
    for rank, cause in enumerate(record.causes[:SHOWN], start=1):
        labels = (*of_alert, cause.kind.value, cause.name, cause.value or "", cause.effect.value)
        if labels not in told:
            told.add(labels)
            yield Row(CAUSE, labels, rank)
            yield Row(CONTRIBUTION, labels, cause.contribution)
            yield Row(BEFORE, labels, cause.before)
            yield Row(AFTER, labels, cause.after)
    for split in record.splits[:SHOWN]:
        parts = (("mix", split.mix), ("concept", split.concept), ("neither", split.remainder))
        for part, share in parts:
            yield Row(SPLIT, (*of_alert, split.kind.value, split.name, part), share)


def alert_rows(record: AlertRecord) -> Iterator[Row]:
    """One alert that fires; the labels are those of the alert record."""
    known = record.labels | {
        "model": record.model,
        "detector": record.detector,
        "severity": record.severity,
        "fingerprint": record.fingerprint,
    }
    labels = tuple(known.get(name, "") for name in _ALERT)
    yield Row(FIRING, (*labels, record.incident.id if record.incident else ""), 1)
    yield Row(STARTED, labels, record.starts_at_ms / 1000)
