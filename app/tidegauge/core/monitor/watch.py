"""What is watched of one model, and what is said of it: streams step, alerts change.

Fed with closed panes in their order (`tidegauge.core.monitor.model`), each of which steps a stream;
what follows for the stream's alert is asked of the book of alerts, why it fires of what is kept of
the model, and with which others it belongs together of the incidents.
"""

from collections.abc import Iterator, Mapping

import msgspec

from tidegauge.core.alertrecords import AlertRecord, Versions
from tidegauge.core.config import ModelConfig, ModelKind
from tidegauge.core.detect.verdict import PaneInput, StreamKind, Verdict
from tidegauge.core.monitor import advised
from tidegauge.core.monitor.contrasts import contrasts, judged
from tidegauge.core.monitor.incidents import Incidents, Onset
from tidegauge.core.monitor.inputs import error_input
from tidegauge.core.monitor.kept import Kept
from tidegauge.core.monitor.lifecycle import (
    CAME_LATE,
    LABELS_CORRECTED,
    NOT_WATCHED,
    AlertBook,
    Life,
)
from tidegauge.core.monitor.lifecycle import (
    Told as ToldAlert,
)
from tidegauge.core.monitor.streams import (
    ERRORS,
    StreamKey,
    Streams,
    Subject,
    error_subject,
    target_subjects,
)
from tidegauge.core.monitor.why import Why, as_told, why_drift, why_errors
from tidegauge.core.stats.corrections import ErrorCounts
from tidegauge.core.stats.firstlabels import FirstLabels


class Watch:
    """The streams, alerts and incidents of one model.

    Args:
        name: the model.
        rules: its rules.
        models: between how many models the budget of false alarms is divided.
        kept: what else is kept of the model.
    """

    def __init__(self, name: str, rules: ModelConfig, models: int, kept: Kept) -> None:
        self.streams = Streams(rules, models)
        self.alerts = AlertBook(name, rules.detection, rules.correction_horizon_ms)
        self.incidents = Incidents(name)
        self._rules = rules
        self._kept = kept

    def feed(self, key: StreamKey, pane: PaneInput) -> Iterator[AlertRecord]:
        """Step a stream whose change is its own cause."""
        verdict = self.streams.step(key, pane)
        lost = self._lost(key, verdict, pane) if key.kind is StreamKind.COUNT else None
        if self.alerts.asks(key, verdict):
            why = self._faded(key, verdict) or why_drift(key, verdict, self._kept, self._rules)
            yield from self._decide(key, verdict, why, lost)

    def _lost(self, key: StreamKey, verdict: Verdict, pane: PaneInput) -> ErrorCounts | None:
        """The evidence of a loss that opens an alert; one that fires has a pane more."""
        if verdict.opened:
            came = (verdict.current or 0.0) * verdict.samples
            return ErrorCounts(verdict.samples, round(came))
        expected = self.streams.expected(key, pane)
        if expected is not None:
            self.alerts.goes_on(key, pane.end_ms, expected, pane.total)
        return None

    def late(self, key: StreamKey, came: Mapping[int, int], time: int) -> Iterator[AlertRecord]:
        """Look again at the alert about a loss, after some of what it missed came.

        Args:
            key: the stream of what is counted.
            came: how many by start of the pane that they belong in.
            time: when that became known, as event time.
        """
        changes = {start: ErrorCounts(0, number) for start, number in came.items() if number}
        life = self.alerts.corrected(key, changes, time) if changes else None
        if life is None or life.evidence is None:
            return
        if not life.evidence.holds(key, self.streams, self._kept.kinds.at(time)):
            if life.firing:
                self.streams.dismiss(key)
            yield from self._retract(key, time, CAME_LATE)

    def feed_errors(self, first: FirstLabels, start: int, end: int) -> Iterator[AlertRecord]:
        """Step the streams of errors, whose change can have causes anywhere."""
        kept = self._kept
        kind = kept.kinds.at(end)
        key, inputs = error_input(first, start, end, kind)
        pane = kept.errors.panes[start]
        segments = contrasts(pane, first, kept.errors.baseline, (start, end), kind)
        of_all = judged(self.streams, key, inputs, segments)
        for own in (key, *self._error_targets(kind)):
            verdict = of_all if own == key else self.streams.step(own, inputs)
            if self.alerts.asks(own, verdict):
                window = verdict.window_start_ms or 0, verdict.window_end_ms or 0
                why = self._faded(own, verdict) or why_errors(
                    own, verdict, kept, kind, self.incidents
                )
                yield from self._decide(own, verdict, why, kept.errors.known(*window))
        kept.errors.after(start, of_all)

    def _error_targets(self, kind: ModelKind) -> list[StreamKey]:
        """What else is fed with the errors of a pane of label time."""
        return [StreamKey(subject) for subject in sorted(self.held_to(kind) & ERRORS)]

    def held_to(self, kind: ModelKind) -> frozenset[Subject]:
        """The subjects of a model of this kind that are held to a target."""
        return target_subjects(kind, self._rules.targets)

    def correct(self, start: int) -> Iterator[AlertRecord]:
        """Look again at the alerts about labels, after what became known in a pane."""
        changes = self._kept.errors.corrected(start)
        end = start + self._kept.width
        kind = self._kept.kinds.at(end)
        for key in (StreamKey(error_subject(kind)), *self._error_targets(kind)):
            life = self.alerts.corrected(key, changes, end) if changes else None
            if life is None or not self._groundless(key, life, kind):
                continue
            if life.firing:
                self.streams.dismiss(key)
                self.streams.dismiss_contrasts()
            yield from self._retract(key, end, LABELS_CORRECTED)
        # a label that came late was counted in this pane, in place of its own
        late = {first: max(0, change.trials, change.numbers) for first, change in changes.items()}
        late[start] = late.get(start, 0) - sum(late.values())
        yield from self.late(StreamKey(Subject.LABELS), late, end)

    def _groundless(self, key: StreamKey, life: Life, kind: ModelKind) -> bool:
        """Whether neither the evidence of an alert nor, while it fires, the present is a change."""
        held = life.evidence
        if held is None or held.holds(key, self.streams, kind):
            return False
        if not life.firing:
            return True
        verdict = self.streams.verdicts[key]
        window = verdict.window_start_ms or 0, verdict.window_end_ms or 0
        now = held.now(verdict, self._kept.errors.known(*window))
        return not now.holds(key, self.streams, kind)

    def retire(
        self, subjects: frozenset[Subject], kind: ModelKind, time: int
    ) -> Iterator[AlertRecord]:
        """Stop watching what a model of this kind does not have."""
        for key in self.streams.retire(subjects, kind):
            yield from self._retract(key, time, NOT_WATCHED)

    def _retract(self, key: StreamKey, time: int, reason: str) -> Iterator[AlertRecord]:
        record = self.alerts.retract(key, time, reason)
        if record is not None:
            self.incidents.end(record.fingerprint, time)
            yield record

    def _decide(
        self, key: StreamKey, verdict: Verdict, why: Why, errors: ErrorCounts | None
    ) -> Iterator[AlertRecord]:
        life = self.alerts.of(key)
        held = life.evidence if life is not None and verdict.resolved else None
        end = verdict.window_end_ms or 0
        if held is not None and not held.holds(key, self.streams, self._kept.kinds.at(end)):
            reason = CAME_LATE if key.kind is StreamKind.COUNT else LABELS_CORRECTED
            yield from self._retract(key, end, reason)
            return
        if verdict.opened or life is None:
            why = why.with_marks(self._kept.deployments.marks.values())
        else:
            why = why.after(life.record.causes)
        versions = self._running(verdict)
        told = ToldAlert(why.causes, versions, errors, why.splits, why.examples, why.attributions)
        record = self.alerts.decide(
            key, verdict, told, regrouped=self._regrouped(key, verdict, why.onset)
        )
        if record is None:
            return
        if verdict.resolved:
            self.incidents.end(record.fingerprint, end)
            yield record
        else:
            incident = self.incidents.join(key, record, why.onset, why.deployed)
            record = self.alerts.attach(record, incident)
            yield self._advised(key, verdict, record)

    def _regrouped(self, key: StreamKey, verdict: Verdict, onset: Onset) -> bool:
        """Whether an alert that goes on has another root, or more urgent advice, than it told."""
        life = self.alerts.of(key)
        if life is None or not life.firing or verdict.opened or verdict.resolved:
            return False
        told, end = life.record.incident, verdict.window_end_ms or life.record.time_ms
        now = self.incidents.join(
            key, msgspec.structs.replace(life.record, time_ms=end), onset, deployed=""
        )
        if told is not None and (told.id != now.id or told.role is not now.role):
            return True
        if life.record.retraining is None:
            return False
        faults = self.incidents.faults(life.record.fingerprint, end)
        return advised.urgent(life.record.retraining, advised.judged(life.record, faults, end))

    def _advised(self, key: StreamKey, verdict: Verdict, record: AlertRecord) -> AlertRecord:
        """An alert that was told, with what it advises."""
        if key.subject not in ERRORS or (verdict.effect or 0.0) <= 0.0:
            return record
        faults = self.incidents.faults(record.fingerprint, record.time_ms)
        advises = advised.judged(record, faults, record.time_ms)
        return self.alerts.keep(advised.with_advice(record, advises, faults))

    def _faded(self, key: StreamKey, verdict: Verdict) -> Why | None:
        """What an alert told last, where too little is left of its change to be explained anew."""
        life = self.alerts.of(key)
        if life is None or verdict.opened or abs(verdict.effect or 0.0) >= verdict.min_effect:
            return None
        return as_told(life.record)

    def _running(self, verdict: Verdict) -> Versions:
        """The versions with closed panes in a verdict's window."""
        start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
        versions = sorted(
            v for v, (first, last) in self._kept.active.items() if first < end and last >= start
        )
        seen = self._kept.deployments.running(versions, end)
        return Versions(
            model=tuple(versions),
            code=tuple(sorted({s.code for s in seen if s.code})),
            data=tuple(sorted({s.data for s in seen if s.data})),
        )
