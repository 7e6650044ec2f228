"""Alerts and deployments in a few words: how bad, what, since when, and the first reason."""

from collections.abc import Sequence
from typing import Final

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, Effect, Role, Severity
from tidegauge.core.records import DeploymentKind, DeploymentRecord

STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFO: "",
}
MARKS: Final = {Severity.CRITICAL: "CRIT", Severity.WARNING: "WARN", Severity.INFO: "INFO"}
_ORDER: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_SHOWN_ELSEWHERE: Final = ("alertname", "model", "subject")

_NEW: Final = {
    DeploymentKind.VERSION: "version",
    DeploymentKind.CODE_VERSION: "code",
    DeploymentKind.DATA_VERSION: "data",
}

EFFECTS: Final = {
    Effect.DATA_DRIFT: "input moved",
    Effect.PREDICTION_DRIFT: "answers moved",
    Effect.MIX_SHIFT: "harder cases",
    Effect.CONCEPT_SHIFT: "more errors",
    Effect.MISSING: "missing",
    Effect.UNSEEN: "unseen values",
    Effect.OUT_OF_RANGE: "out of range",
    Effect.WRONG_TYPE: "wrong type",
    Effect.UNIT_CHANGE: "another unit",
    Effect.SWAPPED: "swapped",
    Effect.BELOW_TARGET: "below target",
    Effect.NEW_VERSION: "new version",
    Effect.SLOWER: "slower",
    Effect.SILENCE: "silence",
    Effect.STALE: "stale",
}
"""The effects in plain words."""


def rank(alert: AlertRecord) -> int:
    """0 for the worst severity."""
    return _ORDER.index(alert.severity)


def worst(firing: Sequence[AlertRecord]) -> Severity | None:
    """The highest severity among alerts; None without any."""
    return min((alert.severity for alert in firing), key=_ORDER.index, default=None)


def by_weight(firing: Sequence[AlertRecord]) -> list[AlertRecord]:
    """The worst first; of equal ones what explains the others: no symptom, and what began first."""
    return sorted(firing, key=lambda a: (rank(a), _symptom(a), a.starts_at_ms, a.fingerprint))


def _symptom(alert: AlertRecord) -> bool:
    return alert.incident is not None and alert.incident.role is Role.SYMPTOM


def mark(alert: AlertRecord) -> tuple[str, str]:
    """A word for severity or end of an alert, and its style."""
    if alert.status is AlertStatus.RESOLVED:
        return "over", "green"
    if alert.status is AlertStatus.RETRACTED:
        return "void", "blue"
    return MARKS[alert.severity], STYLES[alert.severity]


def subject(alert: AlertRecord) -> str:
    """What is wrong, and with what."""
    labels = alert.labels
    about = [
        value if name == "feature" else f"{name}={value}"
        for name, value in labels.items()
        if name not in _SHOWN_ELSEWHERE
    ]
    return " ".join([labels.get("alertname", "alert"), *about])


def deployed(mark: DeploymentRecord) -> str:
    """What is new with a deployment."""
    return f"{_NEW[mark.kind]} {mark.value}"


def advice(alert: AlertRecord) -> str:
    """What to do, as far as the alert itself tells; empty where it does not."""
    return alert.annotations.get("advice", "")


def because(alert: AlertRecord) -> str:
    """The largest cause as a sentence; the alert's own summary where there is none."""
    if alert.causes:
        return reason(alert.causes[0])
    return alert.annotations.get("summary", "")


def reason(cause: Cause) -> str:
    """One cause as a sentence."""
    if cause.summary:
        return cause.summary
    return f"{cause.kind} {name(cause)}: {EFFECTS[cause.effect]}"


def name(cause: Cause) -> str:
    """What a cause points at."""
    return cause.name if cause.value is None else f"{cause.name}={cause.value}"
