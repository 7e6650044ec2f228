"""The life of an alert: it opens, is told anew, ends, and may open again.

**Firing.** A stream's verdict opens it. At intervals of event time (`update_ms`) it is looked at
again, and told anew where its severity has risen, its incident has another root
(`tidegauge.core.monitor.incidents`), it advises what is more urgent
(`tidegauge.core.monitor.advised`), or another cause has come first: one that accounts for more
than twice of what the cause that was told now does, at `LOOKS` looks in a row, so that causes that
are about even, or come and go, don't take turns.

**Resolved.** The stream says that the change has faded (`tidegauge.core.detect.watcher`). An alert
that opens again within `reopen_ms` of its end goes on as the old one: the same start, the next
revision.

**Retracted.** Corrected or late labels have removed its ground, what it missed came late, or what
it is about is not watched any more. The errors in the window told last are counted anew with every
correction that touches them (`tidegauge.core.monitor.evidence`), and so is what came since a loss
began. While it fires an alert about errors is retracted when neither these nor the newest errors,
as they are known now, are a change; if only these are none it goes on, and is retracted instead of
resolved if it is still so when the change fades. One that was resolved is retracted as long as
labels of its predictions can be corrected and no other has followed it.

Everything follows from closed panes in their order, so it is the same for every order of reading.
"""

from collections.abc import Iterator, Mapping

import msgspec

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    AttributionShift,
    Cause,
    Incident,
    Severity,
    Split,
    Versions,
)
from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.alerts import (
    fingerprint,
    identified,
    opened,
    resolved,
    retracted,
    severity,
)
from tidegauge.core.monitor.budget import Axis
from tidegauge.core.monitor.evidence import Evidence, EvidenceState
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.stats.corrections import ErrorCounts

LABELS_CORRECTED = "labels that came late or were corrected removed its ground"
CAME_LATE = "what it missed came late"
NOT_WATCHED = "a model of this kind is not watched for it"
_SEVERITIES = list(Severity)
_LEADS = 2.0
"""Times what the cause that was told accounts for that another must, to be told instead."""
LOOKS = 3
"""How often in a row another cause must lead to be told instead."""

CauseId = tuple[str, str, str | None]
"""Kind, name and value."""
LifeState = tuple[AlertRecord, int | None, int, EvidenceState | None, CauseId | None, int]


class Life(msgspec.Struct):
    """One alert that fires, or has lately been resolved."""

    record: AlertRecord
    """What was told last."""
    judged_ms: int
    """Event time at which it was last looked at."""
    evidence: Evidence | None = None
    """Of an alert about errors, or a loss."""
    sent_ms: int | None = None
    """When it was last sent, by append time; None until the next time that this is asked."""
    leading: CauseId | None = None
    """Another cause than was told, which led at the last look."""
    looks: int = 0
    """At how many looks in a row it did."""

    @property
    def firing(self) -> bool:
        """Whether it has not ended."""
        return self.record.status is AlertStatus.FIRING

    def to_state(self) -> LifeState:
        """Plain values for msgpack."""
        evidence = None if self.evidence is None else self.evidence.to_state()
        return self.record, self.sent_ms, self.judged_ms, evidence, self.leading, self.looks

    @classmethod
    def from_state(cls, state: LifeState) -> "Life":
        """The inverse of `to_state`."""
        record, sent_ms, judged_ms, evidence, leading, looks = state
        held = None if evidence is None else Evidence.from_state(evidence)
        return cls(record, judged_ms, held, sent_ms, leading, looks)

    def another_first(self, causes: tuple[Cause, ...]) -> bool:
        """Whether another cause than was told leads, and has for long enough; counts the look."""
        leader = _leader(self.record.causes, causes)
        self.looks = self.looks + 1 if leader == self.leading else 1
        self.leading = leader
        if leader is None or (self.looks < LOOKS and self.record.causes):
            return False
        self.leading, self.looks = None, 0
        return True


class Told(msgspec.Struct, frozen=True):
    """What an alert is told with, beside the verdict."""

    causes: tuple[Cause, ...]
    versions: Versions
    errors: ErrorCounts | None = None
    """Of an alert about errors: those in the verdict's window; of a loss, see `Evidence.counts`."""
    splits: tuple[Split, ...] = ()
    examples: tuple[str, ...] = ()
    attributions: AttributionShift | None = None


class AlertBook:
    """The alerts of one model.

    Args:
        model: its name.
        rules: how often alerts are looked at, and when one opens again.
        correction_ms: how long after a prediction its label may be corrected.
    """

    def __init__(self, model: str, rules: DetectionConfig, correction_ms: int) -> None:
        self._model = model
        self._rules = rules
        self._correction_ms = correction_ms
        self.lives: dict[str, Life] = {}
        """By fingerprint."""
        self.changed: set[str] = set()

    @property
    def firing(self) -> dict[str, AlertRecord]:
        """The newest record of each alert that fires, by fingerprint."""
        return {print_: life.record for print_, life in self.lives.items() if life.firing}

    def fingerprint(self, key: StreamKey) -> str:
        """The identity of what is wrong with a stream."""
        return fingerprint(self._model, key)

    def of(self, key: StreamKey) -> Life | None:
        """The alert of a stream that fires, or has lately been resolved."""
        return self.lives.get(self.fingerprint(key))

    def asks(self, key: StreamKey, verdict: Verdict) -> bool:
        """Whether `decide` has to be told causes, and the like, of a verdict."""
        if verdict.opened or verdict.resolved:
            return True
        life = self.of(key) if verdict.phase is Phase.FIRING else None
        if life is None or not life.firing or verdict.window_end_ms is None:
            return False
        return verdict.window_end_ms - life.judged_ms >= self._rules.update_ms

    def decide(
        self, key: StreamKey, verdict: Verdict, told: Told, *, regrouped: bool = False
    ) -> AlertRecord | None:
        """The alert event that follows from a verdict for which `asks` was true, if one does.

        Args:
            key: the stream.
            verdict: what it says.
            told: what else is told.
            regrouped: the alert belongs to another incident than it said, is its root no more, or
                advises what is more urgent.
        """
        life = self.of(key)
        if verdict.opened:
            return self._open(key, verdict, told, life)
        if life is None or not life.firing:
            return None
        self.changed.add(life.record.fingerprint)
        if verdict.resolved:
            return self._say(life, resolved(life.record, key, verdict))
        life.judged_ms = verdict.window_end_ms or life.judged_ms
        record = self._updated(key, verdict, told, life, regrouped=regrouped)
        if record is None:
            return None
        life.evidence = _evidence(verdict, told.errors) or life.evidence
        return self._say(life, record)

    def _open(
        self, key: StreamKey, verdict: Verdict, told: Told, before: Life | None
    ) -> AlertRecord:
        record = _explained(opened(self._model, key, verdict, told.causes, told.versions), told)
        ended = None if before is None else before.record.ends_at_ms
        soon = ended is not None and record.time_ms - ended <= self._rules.reopen_ms
        if before is not None and soon:
            record = msgspec.structs.replace(
                record,
                starts_at_ms=before.record.starts_at_ms,
                revision=before.record.revision + 1,
            )
        life = Life(record, record.time_ms, _evidence(verdict, told.errors))
        self.lives[record.fingerprint] = life
        self.changed.add(record.fingerprint)
        return self._say(life, record)

    def _updated(
        self, key: StreamKey, verdict: Verdict, told: Told, life: Life, *, regrouped: bool
    ) -> AlertRecord | None:
        """The alert as it is now, if that is worth telling."""
        known = life.record
        worst = max(severity(key, verdict), known.severity, key=_SEVERITIES.index)
        another = life.another_first(told.causes)
        if worst is known.severity and not another and not regrouped:
            return None
        causes = told.causes or known.causes
        now = _explained(opened(self._model, key, verdict, causes, told.versions), told)
        return msgspec.structs.replace(
            now, severity=worst, starts_at_ms=known.starts_at_ms, revision=known.revision + 1
        )

    def _say(self, life: Life, record: AlertRecord) -> AlertRecord:
        life.record = identified(record)
        life.sent_ms = None
        return life.record

    def attach(self, record: AlertRecord, incident: Incident) -> AlertRecord:
        """Say which incident an alert belongs to."""
        return self.keep(msgspec.structs.replace(record, incident=incident))

    def keep(self, told: AlertRecord) -> AlertRecord:
        """An alert is told with more than its evidence; its id stays."""
        life = self.lives.get(told.fingerprint)
        if life is not None:
            life.record = told
        return told

    def again(self, now: int, interval_ms: int) -> Iterator[AlertRecord]:
        """The alerts that have fired unchanged for so long that they are to be sent again."""
        for fingerprint_, life in self.lives.items():
            if not life.firing:
                continue
            if life.sent_ms is None:
                life.sent_ms = now
                self.changed.add(fingerprint_)
            elif now - life.sent_ms >= interval_ms:
                life.sent_ms = now
                self.changed.add(fingerprint_)
                yield life.record

    def goes_on(self, key: StreamKey, end_ms: int, expected: float, number: float) -> None:
        """One pane more of a stream whose alert is about a loss, if it fires."""
        life = self.of(key)
        if life is not None and life.firing and life.evidence is not None:
            life.evidence.grow(end_ms, expected, number)
            self.changed.add(life.record.fingerprint)

    def corrected(
        self, key: StreamKey, changes: Mapping[int, ErrorCounts], time_ms: int
    ) -> Life | None:
        """Apply corrections, by pane of the first label, to the evidence of a stream's alert.

        Args:
            key: the stream, one of errors or of a loss.
            changes: what became known.
            time_ms: when, as event time.

        Returns:
            The alert, if there is one that can be retracted.
        """
        life = self.of(key)
        if life is None or life.evidence is None:
            return None
        if life.evidence.take(changes):
            self.changed.add(life.record.fingerprint)
        ended = life.record.ends_at_ms
        return None if ended is not None and time_ms - ended > self._correction_ms else life

    def retract(self, key: StreamKey, time_ms: int, reason: str) -> AlertRecord | None:
        """The alert of a stream, if there is one, has lost its ground at this event time."""
        life = self.lives.pop(self.fingerprint(key), None)
        if life is None:
            return None
        self.changed.add(life.record.fingerprint)
        return identified(retracted(life.record, time_ms, reason))

    def forget(self, time_ms: int, axis: Axis) -> None:
        """Let go of alerts that ended too long ago to open again or to be retracted.

        Args:
            time_ms: how far event time has come.
            axis: on which.
        """
        oldest = time_ms - max(self._rules.reopen_ms, self._correction_ms)
        for fingerprint_, life in list(self.lives.items()):
            ended = life.record.ends_at_ms
            own = StreamKey(Subject(life.record.labels["subject"])).axis
            if ended is not None and own is axis and ended < oldest:
                del self.lives[fingerprint_]
                self.changed.add(fingerprint_)


def _explained(record: AlertRecord, told: Told) -> AlertRecord:
    return msgspec.structs.replace(
        record, splits=told.splits, examples=told.examples, attributions=told.attributions
    )


def _evidence(verdict: Verdict, errors: ErrorCounts | None) -> Evidence | None:
    if errors is None:
        return None
    direction = 1.0 if (verdict.effect or 0.0) >= 0.0 else -1.0
    start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
    told = abs(verdict.effect or 0.0)
    return Evidence(start, end, verdict.baseline or 0.0, direction, told, errors)


def _leader(told: tuple[Cause, ...], now: tuple[Cause, ...]) -> CauseId | None:
    """The cause that now clearly leads the one that was told first, if one does."""
    if not now:
        return None
    first = _id(now[0])
    if not told:
        return first
    known = next((cause for cause in now if _id(cause) == _id(told[0])), None)
    if known is None:
        return first
    leads = (now[0].contribution or 0.0) > _LEADS * max(known.contribution or 0.0, 0.0)
    return first if leads and first != _id(told[0]) else None


def _id(cause: Cause) -> CauseId:
    return cause.kind, cause.name, cause.value
