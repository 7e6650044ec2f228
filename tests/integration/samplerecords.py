"""Records as the worker writes them; a test says what matters to it."""

from typing import Any

from msgspec.structs import replace

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.core.records import MetricRecord, Traffic, WindowState

MINUTE = 60_000
HOUR = 60 * MINUTE
T = 1_357_034_400_000
"""2013-01-01T10:00:00Z."""


def alert_at(time_ms: int, **changes: Any) -> AlertRecord:
    """An alert that fires since a minute, on an hour without labels."""
    alert = AlertRecord(
        id="a",
        fingerprint="0123456789abcdef",
        status=AlertStatus.FIRING,
        severity=Severity.WARNING,
        model="delay",
        time_ms=time_ms,
        starts_at_ms=time_ms - MINUTE,
        labels={"alertname": "FeatureDrift", "model": "delay", "feature": "wind"},
        annotations={"summary": "wind moved"},
        detector="adwin",
        window_start_ms=time_ms - HOUR,
        window_end_ms=time_ms,
        predictions=1200,
        labelled=0,
    )
    return replace(alert, **changes)


def window_from(start_ms: int, size_ms: int = HOUR, **changes: Any) -> MetricRecord:
    """A final window in which nothing but predictions and labels is counted."""
    count = changes.get("predictions", 100)
    window = MetricRecord(
        model="delay",
        version="1",
        start_ms=start_ms,
        end_ms=start_ms + size_ms,
        state=WindowState.FINAL,
        revision=0,
        predictions=count,
        labelled=count,
        label_coverage=1.0,
        traffic=Traffic(predictions=count),
    )
    return replace(window, **changes)
