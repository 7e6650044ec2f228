"""A message that says that a target can be reached."""

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.notify.channel import Event
from tidegauge.wire.alerts import cloud_event, encode_alert

_FINGERPRINT = "0" * 16


def trial_event(now_ms: int) -> Event:
    """An alert event about nothing, at this time."""
    alert = AlertRecord(
        id=f"test-{now_ms}",
        fingerprint=_FINGERPRINT,
        status=AlertStatus.FIRING,
        severity=Severity.INFO,
        model="tidegauge",
        time_ms=now_ms,
        starts_at_ms=now_ms,
        labels={"alertname": "TidegaugeTest", "model": "tidegauge", "subject": "test"},
        annotations={
            "summary": "This is a test of tidegauge notify: nothing is wrong",
            "description": "Alerts of Tidegauge reach this place.",
        },
        detector="none",
        window_start_ms=now_ms,
        window_end_ms=now_ms,
        predictions=0,
        labelled=0,
    )
    message = encode_alert(alert)
    return Event(alert, cloud_event(message.value, message.headers))
