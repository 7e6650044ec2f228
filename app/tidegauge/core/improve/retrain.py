"""Whether to retrain: only for a concept shift that lasts, and never before faults are mended.

Retraining teaches a model what the world is like now. It helps where the same inputs have come to
mean something else (concept shift). It does not where there are only more of the cases that were
hard before (mix shift), and it does harm where the inputs are broken: the model would learn the
fault.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, CauseKind, Effect
from tidegauge.core.config import DAY
from tidegauge.core.improve.shift import Shift
from tidegauge.core.improvement import Retrain

LASTING_MS = DAY
"""How long errors must have been more frequent before retraining is advised, in event time."""
CONCEPT_SHARE = 0.5
"""The part of the change that must be concept shift."""
FAULTS = frozenset(
    {
        *(Effect.MISSING, Effect.UNSEEN, Effect.OUT_OF_RANGE, Effect.WRONG_TYPE, Effect.STALE),
        *(Effect.UNIT_CHANGE, Effect.SWAPPED),
    }
)
"""Causes that say that the data of a feature is broken, not the world changed."""
FROZEN = "FeatureConstant"
"""Name of the alert that says so without a cause of its own."""
ERROR_ALERTS = frozenset({"ErrorRateChanged", "AbsoluteErrorChanged"})
"""Names of the alerts that say that errors changed."""


class Retraining(NamedTuple):
    """The verdict, and what it rests on."""

    verdict: Retrain
    alert: AlertRecord | None
    """The error alert that has fired longest; None when only data is broken."""
    faults: tuple[AlertRecord, ...]
    shift: Shift | None
    lasting_ms: int
    """How long the error alert has fired."""


def error_alert(alerts: Iterable[AlertRecord]) -> AlertRecord | None:
    """Of the alerts that fire, the error alert that began first."""
    found = [alert for alert in _firing(alerts) if alert.labels.get("alertname") in ERROR_ALERTS]
    return min(found, key=lambda alert: (alert.starts_at_ms, alert.fingerprint), default=None)


def retraining(
    alerts: Sequence[AlertRecord], change: Shift | None, now_ms: int
) -> Retraining | None:
    """Judge the alerts of a model; None if nothing calls for a decision.

    Args:
        alerts: the newest record of each of its alerts.
        change: how its errors changed since the error alert began; None while that is not known.
        now_ms: its watermark.
    """
    alert = error_alert(alerts)
    faults = tuple(a for a in _firing(alerts) if is_fault(a))
    if alert is None and not faults:
        return None
    lasting = 0 if alert is None else max(0, now_ms - alert.starts_at_ms)
    verdict = Retrain.FIX_DATA if faults else _of_change(change, lasting)
    return None if verdict is None else Retraining(verdict, alert, faults, change, lasting)


def _of_change(change: Shift | None, lasting_ms: int) -> Retrain | None:
    if change is None:
        return Retrain.WAIT
    rise = change.after.mean - change.before.mean
    if rise <= 0:
        return None  # errors became rarer
    if change.concept.value < CONCEPT_SHARE * rise:
        return Retrain.HARDER_CASES
    if lasting_ms < LASTING_MS or change.concept.low <= 0:
        return Retrain.WAIT
    return Retrain.RETRAIN


def _firing(alerts: Iterable[AlertRecord]) -> list[AlertRecord]:
    return [alert for alert in alerts if alert.status is AlertStatus.FIRING]


def is_fault(alert: AlertRecord) -> bool:
    """Whether an alert says that the data of a feature is broken, by first cause or kind."""
    first = alert.causes[:1]
    broken = any(c.kind is CauseKind.FEATURE and c.effect in FAULTS for c in first)
    return broken or alert.labels.get("alertname") == FROZEN
