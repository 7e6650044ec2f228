"""Alertmanager: what fires, posted again and again, and what has ended.

An alert of Alertmanager is identified by its labels, and is taken for resolved once its ``endsAt``
has passed. As Prometheus does, what fires is posted with an end that lies some repetitions ahead.
Its times are those of the clock, while Tidegauge's are event time, so an end is told as "now", and
the event time of it as an annotation.

Severity is a label, for routes need it, and so is the incident, for groups do. An alert of which
one changes is another one to Alertmanager, so the former is ended in the same request.

Reference: Alertmanager's API v2, ``api/v2/openapi.yaml``.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.notify.channel import Delivered, Event, Outcome
from tidegauge.notify.message import causes_line, linked, message_of
from tidegauge.notify.post import post
from tidegauge.notify.secrets import Address
from tidegauge.wire.public import rfc3339

_PATH = "/api/v2/alerts"
_REPEATS_MISSED = 4
"""An alert that was not posted for so many repetitions is resolved."""
_AT_ONCE = 500
"""Alerts in one request, at most."""


class Alertmanager:
    """Posts alerts to one Alertmanager.

    Args:
        address: the address before ``/api/v2``.
        timeout: seconds to wait for an answer.
        repeat: seconds between repetitions.
        link: where alerts without an address of their own point to.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        address: Address,
        timeout: float,
        repeat: float,
        link: str | None,
        clock: Callable[[], float],
    ) -> None:
        self._address = address
        self._url = address.url.rstrip("/").removesuffix(_PATH) + _PATH
        self._timeout = timeout
        self._lasts_ms = int(repeat * 1_000) * _REPEATS_MISSED
        self._link = link
        self._clock = clock

    @property
    def shown(self) -> str:
        """See `Channel.shown`."""
        return self._address.redacted(self._url)

    def send(self, event: Event) -> Outcome:
        """See `Channel.send`."""
        return self._post(self._alerts(event), event.alert.id)

    def repeat(self, firing: Sequence[AlertRecord]) -> Outcome:
        """See `Channel.repeat`."""
        now = self._now()
        for first in range(0, len(firing), _AT_ONCE):
            some = [self._alert(alert, now) for alert in firing[first : first + _AT_ONCE]]
            outcome = self._post(some)
            if not isinstance(outcome, Delivered):
                return outcome
        return Delivered()

    def preview(self, event: Event) -> str:
        """See `Channel.preview`."""
        return json.dumps(self._alerts(event), indent=2, ensure_ascii=False)

    def _now(self) -> int:
        return int(self._clock() * 1_000)

    def _alerts(self, event: Event) -> list[dict[str, Any]]:
        now = self._now()
        alerts = [self._alert(event.alert, now)]
        before = event.before
        if (
            before is not None
            and before.status is AlertStatus.FIRING
            and _labels(before) != _labels(event.alert)
        ):
            alerts.insert(0, self._alert(before, now) | {"endsAt": rfc3339(now)})
        return alerts

    def _alert(self, alert: AlertRecord, now: int) -> dict[str, Any]:
        fires = alert.status is AlertStatus.FIRING
        return {
            "labels": _labels(alert),
            "annotations": self._annotations(alert),
            "startsAt": rfc3339(min(alert.starts_at_ms, now)),
            "endsAt": rfc3339(now + self._lasts_ms if fires else now),
            "generatorURL": alert.generator_url or linked(self._link, alert),
        }

    def _annotations(self, alert: AlertRecord) -> dict[str, str]:
        told = {
            "retracted": "true" if alert.status is AlertStatus.RETRACTED else "",
            **alert.annotations,
            "message": message_of(alert, None).body,
            "role": "" if alert.incident is None else alert.incident.role.value,
            "root_cause": "" if alert.incident is None else alert.incident.summary,
            "causes": causes_line(alert),
            "tidegauge_id": alert.id,
            "tidegauge_fingerprint": alert.fingerprint,
            "ended": "" if alert.ends_at_ms is None else rfc3339(alert.ends_at_ms),
        }
        return {name: value for name, value in told.items() if value}

    def _post(self, alerts: list[dict[str, Any]], key: str | None = None) -> Outcome:
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        body = json.dumps(alerts).encode()
        return post(self._address, self._url, body, headers, self._timeout)


def _labels(alert: AlertRecord) -> dict[str, str]:
    incident = {} if alert.incident is None else {"incident": alert.incident.id}
    own = {"severity": alert.severity.value, "fingerprint": alert.fingerprint}
    return {**alert.labels, **own, **incident}
