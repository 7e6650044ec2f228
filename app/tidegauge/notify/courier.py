"""What one target is told, when it is tried again, and what it has been told already.

A pure machine but for the channel: it is given records and the time, and asked to work. The records
of the topic are its queue; it holds one at a time, and is done with it when the target has it or
has refused it for good.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import NamedTuple, Protocol

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.notify.channel import Channel, Delivered, Event, Failed, Outcome, Refused
from tidegauge.notify.status import TargetStatus

MAX_KNOWN = 10_000
"""Alerts whose newest event is remembered; of more, the oldest that do not fire are forgotten."""
REFUSALS = 3
"""Times that a message is offered to a target which refuses it."""
_SEVERITIES = list(Severity)


class Wants(NamedTuple):
    """Which alerts a target is told."""

    min_severity: Severity = Severity.INFO
    models: tuple[str, ...] | None = None

    def __call__(self, alert: AlertRecord) -> bool:
        """Whether this one is among them."""
        severe = _SEVERITIES.index(alert.severity) >= _SEVERITIES.index(self.min_severity)
        named = self.models is None or any(fnmatchcase(alert.model, m) for m in self.models)
        return severe and named


class Pauses(NamedTuple):
    """Seconds between attempts."""

    shortest: float
    longest: float
    repeat: float
    """Between repetitions of what fires."""

    def after(self, failures: int) -> float:
        """The pause after so many failures in a row: it doubles, without chance."""
        return min(self.longest, self.shortest * 2.0 ** min(failures - 1, 32))


class Log(Protocol):
    """Where it is written what became of events."""

    def __call__(self, event: str, **fields: object) -> None:
        """Write one line."""


class Courier:
    """Tells one target.

    Args:
        channel: how it is told.
        wants: what it is told.
        pauses: between attempts.
        clock: seconds since any moment.
        status: where it is counted.
        log: where it is written.
    """

    def __init__(
        self,
        channel: Channel,
        wants: Wants,
        pauses: Pauses,
        *,
        clock: Callable[[], float],
        status: TargetStatus,
        log: Log,
    ) -> None:
        self._channel = channel
        self._wants = wants
        self._pauses = pauses
        self._clock = clock
        self._log = log
        self._known: dict[str, AlertRecord] = {}
        self._event: Event | None = None
        self._failures = 0
        self._refusals = 0
        self._next = clock()
        self._repeat_next = clock()
        self.status = status

    def recall(self, alert: AlertRecord) -> None:
        """An event that was told before this program was started."""
        self._known.pop(alert.fingerprint, None)
        self._known[alert.fingerprint] = alert
        if len(self._known) > MAX_KNOWN:
            ended = (f for f, a in self._known.items() if a.status is not AlertStatus.FIRING)
            self._known.pop(next(ended, next(iter(self._known))))

    @property
    def busy(self) -> bool:
        """Whether an event is still to be told."""
        return self._event is not None

    def offer(self, alert: AlertRecord, cloud_event: bytes, appended: float) -> None:
        """Take the next event; only while it is not `busy`.

        Args:
            alert: the event.
            cloud_event: the event as it stands in the topic, in JSON format.
            appended: when it was written there, in seconds since the epoch.
        """
        before = self._known.get(alert.fingerprint)
        # an alert that still fires is sent again under its id, for the sake of the topic
        if not self._wants(alert) or (before is not None and before.id == alert.id):
            self.recall(alert)
            return
        if before is not None and not self._wants(before):
            before = None
        self._event = Event(alert, cloud_event, before)
        self._refusals = 0
        self._next = self._clock()
        self.status.undelivered_since = appended

    def drop(self) -> None:
        """Somebody else tells the event from now on."""
        self._event = None
        self._done()

    def forget(self) -> None:
        """Somebody else repeats what fires from now on."""
        self._known = {}
        self.drop()

    def work(self) -> float:
        """Do what is due; the seconds until something is again."""
        now = self._clock()
        if self._event is not None and now >= self._next:
            self._send(self._event)
        elif self._event is None and now >= self._repeat_next:
            self._repeat()
        due = self._repeat_next if self._event is None else self._next
        return max(0.0, due - self._clock())

    def _send(self, event: Event) -> None:
        outcome = self._channel.send(event)
        if isinstance(outcome, Refused):
            self._refusals += 1
            if self._refusals < REFUSALS:
                outcome = Failed(outcome.reason)
        if isinstance(outcome, Failed):
            pause = self._failed(outcome)
            self._next = self._clock() + pause
            self._tell("not_told", event, reason=outcome.reason, retry_seconds=round(pause, 1))
            return
        self.recall(event.alert)
        self._event = None
        if isinstance(outcome, Refused):
            self.status.refused += 1
            self.status.last_error = outcome.reason
            self._tell("refused", event, reason=outcome.reason)
        else:
            self.status.sent += 1
            self._tell("told", event)
        self._done()

    def _repeat(self) -> None:
        firing = [
            a for a in self._known.values() if a.status is AlertStatus.FIRING and self._wants(a)
        ]
        outcome: Outcome = self._channel.repeat(firing) if firing else Delivered()
        pause = self._pauses.repeat
        if isinstance(outcome, Delivered):
            self._done()
        else:
            pause = min(pause, self._failed(outcome))
            self._log("not_repeated", target=self.status.name, reason=outcome.reason)
        self._repeat_next = self._clock() + pause

    def _failed(self, outcome: Failed | Refused) -> float:
        """Count a failure; the pause that it brings."""
        self._failures += 1
        self.status.failed += 1
        self.status.retrying = True
        self.status.last_error = outcome.reason
        asked = outcome.after if isinstance(outcome, Failed) else 0.0
        return min(self._pauses.longest, max(asked, self._pauses.after(self._failures)))

    def _done(self) -> None:
        self._failures = 0
        self.status.retrying = False
        self.status.undelivered_since = None

    def _tell(self, what: str, event: Event, **more: object) -> None:
        alert = event.alert
        named = {"target": self.status.name, "id": alert.id, "fingerprint": alert.fingerprint}
        self._log(what, **named, status=alert.status.value, model=alert.model, **more)
