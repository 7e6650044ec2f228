"""The words in which people are told of an alert."""

from typing import NamedTuple
from urllib.parse import quote

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, Role
from tidegauge.wire.plain import plain
from tidegauge.wire.public import rfc3339

_MAX_CAUSES = 3
_MAX_SUBJECT = 150
_LABELS_IN_THE_SUBJECT = ("alertname", "model", "subject")


class Message(NamedTuple):
    """A subject of one line, and a few lines more."""

    subject: str
    body: str


def message_of(alert: AlertRecord, link: str | None) -> Message:
    """What is wrong, what it belongs to, why, what to do, since when, and where to look."""
    summary = alert.annotations.get("summary", "")
    why, advice = map(_because, _causes(alert)), alert.annotations.get("advice", "")
    lines = [summary, _belongs(alert, summary), *why, advice, _when(alert)]
    where = alert.generator_url or linked(link, alert)
    shown = [plain(line) for line in (*lines, where) if line]
    subject = f"[{_word(alert)}] {_subject(alert)}"
    return Message(plain(subject)[:_MAX_SUBJECT], "\n".join(shown))


def linked(link: str | None, alert: AlertRecord) -> str:
    """The configured address, with the alert's model and fingerprint put in."""
    if link is None:
        return ""
    model = quote(alert.model, safe="")
    return link.replace("{model}", model).replace("{fingerprint}", alert.fingerprint)


def causes_line(alert: AlertRecord) -> str:
    """The first causes on one line."""
    return "; ".join(cause.summary for cause in alert.causes[:_MAX_CAUSES] if cause.summary)


def _belongs(alert: AlertRecord, summary: str) -> str:
    incident = alert.incident
    if incident is None:
        return ""
    if incident.role is Role.ROOT and incident.summary == summary:
        return f"Root of incident {incident.id}"
    return f"{incident.role.value.capitalize()} of incident {incident.id}: {incident.summary}"


def _word(alert: AlertRecord) -> str:
    return alert.severity.upper() if alert.status is AlertStatus.FIRING else alert.status.upper()


def _subject(alert: AlertRecord) -> str:
    labels = alert.labels
    rest = [f"{k}={v}" for k, v in labels.items() if k not in _LABELS_IN_THE_SUBJECT]
    return " ".join([f"{alert.model}: {labels.get('alertname', 'alert')}", *rest])


def _causes(alert: AlertRecord) -> tuple[Cause, ...]:
    return alert.causes[:_MAX_CAUSES] if alert.status is AlertStatus.FIRING else ()


def _because(cause: Cause) -> str:
    share = "" if cause.contribution is None else f" ({cause.contribution:.0%} of the change)"
    return f"- {cause.summary}{share}" if cause.summary else ""


def _when(alert: AlertRecord) -> str:
    since = f"Since {_time(alert.starts_at_ms)} UTC"
    if alert.status is AlertStatus.RETRACTED:
        reason = alert.annotations.get("retracted", "it should not have fired")
        return f"{since}. Taken back: {reason}."
    if alert.ends_at_ms is not None:
        return f"{since} until {_time(alert.ends_at_ms)} UTC"
    again = f", told for the {alert.revision + 1}. time" if alert.revision else ""
    return f"{since}{again}"


def _time(time_ms: int) -> str:
    return rfc3339(time_ms)[:16].replace("T", " ")
