"""One model in the monitor stage: panes close, windows move, detectors step, alerts change."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tidegauge.core.adoption import References
from tidegauge.core.config import CoreConfig, ModelKind
from tidegauge.core.detect.verdict import PaneInput, Verdict
from tidegauge.core.ledger import ModelLedger, merged
from tidegauge.core.monitor.attributed import UsualAttributions
from tidegauge.core.monitor.budget import Axis
from tidegauge.core.monitor.deployments import Deployments
from tidegauge.core.monitor.distributions import Distribution
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.monitor.evidence import Evidence
from tidegauge.core.monitor.incidents import KEPT_MS, Incidents
from tidegauge.core.monitor.kinds import Kinds
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.monitor.lifecycle import (
    LABELS_CORRECTED,
    NOT_WATCHED,
    AlertBook,
    Life,
)
from tidegauge.core.monitor.lifecycle import (
    Told as ToldAlert,
)
from tidegauge.core.monitor.quiet import counted, empty_panes
from tidegauge.core.monitor.settled import settled_inputs
from tidegauge.core.monitor.streams import (
    ANSWERS,
    ERRORS,
    SETTLED_TARGETS,
    StreamKey,
    Streams,
    Subject,
    Watched,
    compared_inputs,
    error_input,
    error_subject,
    prediction_inputs,
    target_subjects,
)
from tidegauge.core.monitor.symptoms import compared
from tidegauge.core.monitor.told import Told
from tidegauge.core.monitor.watermark import Completeness, Watermarks
from tidegauge.core.monitor.why import Why, as_told, why_drift, why_errors
from tidegauge.core.monitor.windowrecords import WindowRecords
from tidegauge.core.monitor.windows import Windows
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.records import (
    AlertRecord,
    DeploymentRecord,
    MetricRecord,
    Versions,
)
from tidegauge.core.stats.corrections import ErrorCounts
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import SlotSums


class Closed(NamedTuple):
    """What follows when panes of one model are closed."""

    alerts: list[AlertRecord]
    references: list[ReferenceProfile]
    deployments: list[DeploymentRecord]


class ModelMonitor:
    """All that monitor keeps of one model.

    Args:
        name: the model.
        config: the rules.
        sources: how many source partitions there are.
    """

    def __init__(self, name: str, config: CoreConfig, sources: int) -> None:
        self.name = name
        self.rules = config.model(name)
        self._width = config.panes[0].width_ms
        self._resend_ms = config.alert_resend_ms
        self.watermarks = Watermarks(config, self.rules, sources)
        self.told = Told(config)
        self.windows = Windows(config, self.rules)
        self._max_classes = config.limits.classes
        self.kinds = Kinds(self.rules.kind)
        self.streams = Streams(self.rules, config.limits.models)
        self.errors = ErrorBook(self._width)
        correction_ms = self.rules.correction_horizon_ms
        self.alerts = AlertBook(name, self.rules.detection, correction_ms)
        self.incidents = Incidents(name)
        self.ledgers: dict[int, ModelLedger] = {}
        self.references = References()
        self.usual = UsualAttributions()
        self._records = WindowRecords(
            name, config, self.windows, self.kinds, self.references, usual=self.usual
        )
        self.learning: dict[str, Learning] = {}
        limit = config.limits.deployments
        self.deployments = Deployments(name, limit, self._width)
        self.active: dict[str, list[int]] = {}
        """First and last closed pane of each version."""
        self.closed_predictions = NEVER
        self.closed_labels = NEVER
        self.labelled_until = NEVER
        """End of the last closed pane of label time that held labels."""
        self.closed_settled = NEVER

    # ---------------------------------------------------------------- input

    def take(self, partial: Partial) -> None:
        """Add what one source partition has counted."""
        if partial.ledger is not None:
            self.ledgers[partial.source] = partial.ledger
        for slot, wire in partial.slots:
            sums = SlotSums.from_wire(wire)
            key = self.told.slot(SlotKey(*slot), sums)
            if key is not None:
                self.windows.add(key, sums)
        for outcome, wire in partial.outcomes:
            place = self.told.outcome(OutcomeKey(*outcome))
            if place is not None:
                self.errors.add(place, FirstLabels.from_wire(wire), self.closed_labels)
        for at, first, wire in partial.corrections:
            self.errors.correct((at, first), ErrorCounts.from_wire(wire), self.closed_labels)
        for row in map(self.told.row, partial.samples):
            if row.version not in self.references:
                self.learning.setdefault(row.version, Learning()).add(row)
        for sighting in partial.versions:
            self.deployments.take(*sighting)

    def progress(self, source: int, progress: Progress) -> None:
        """One source partition has come so far, and all that it sent elsewhere is counted."""
        self.watermarks.observe(source, progress)
        newest = self.watermarks.newest_prediction()
        if newest > NEVER:
            self.windows.advance(newest)

    def adopt(self, profile: ReferenceProfile) -> bool:
        """A reference was announced, by this stage or from outside; whether it is used."""
        if not self.references.adopt(profile, self.closed_predictions):
            return False
        self.learning.pop(profile.version, None)
        return True

    # ---------------------------------------------------------------- time

    def advance(self, complete: Mapping[int, Completeness]) -> Closed:
        """Close what the watermarks allow; what follows from it."""
        marks = self.watermarks.advance(complete)
        alerts: list[AlertRecord] = []
        profiles: list[ReferenceProfile] = []
        deployments: list[DeploymentRecord] = []
        if marks.predictions > self.closed_predictions:
            # silence moves event time on, and with it the windows that end now
            self.windows.advance(marks.predictions + self.rules.out_of_orderness_ms)
            for start in self.windows.starts(
                self._width, self.closed_predictions, marks.predictions
            ):
                alerts += self._silence(start)
                # alerts name what was deployed by their time, however many panes close at once
                deployments += self.deployments.close(start + self._width)
                alerts += self._close_pane(start)
                profiles += self._learn(start)
            alerts += self._silence(marks.predictions)
            self.windows.close(self.closed_predictions, marks.predictions)
            deployments += self.deployments.close(marks.predictions)
            self.closed_predictions = marks.predictions
            self.alerts.forget(marks.predictions, Axis.PREDICTIONS)
        if marks.labels > self.closed_labels:
            for start, first in list(self.errors.closing(self.closed_labels, marks.labels)):
                alerts += self._label_silence(start)
                if first is not None:
                    alerts += self._close_label_pane(start, first)
                alerts += self._correct(start)
            alerts += self._label_silence(marks.labels)
            self.closed_labels = marks.labels
            self.alerts.forget(marks.labels, Axis.LABELS)
            self.incidents.forget(marks.labels - self.rules.label_horizon_ms - KEPT_MS)
        alerts += self._settle(marks.settled - self.windows.final_after(self.windows.settling))
        now = max((max(c.predictions, c.feedback) for c in complete.values()), default=NEVER)
        alerts += self.alerts.again(now, self._resend_ms)
        return Closed(alerts, profiles, deployments)

    def _pane(self, start: int, size: int) -> dict[str, SlotSums]:
        """The sums of a pane by version."""
        return {
            key.series.version: self.windows.frames[key].sums
            for key in self.windows.keys(size, start)
            if (key.series.field, key.series.value) == WHOLE
        }

    def _close_pane(self, start: int) -> Iterator[AlertRecord]:
        end = start + self._width
        pane = self._pane(start, self._width)
        for version, sums in pane.items():
            if sums.predictions:
                self.active.setdefault(version, [start, start])[1] = start
            self.usual.close(version, start, end, sums, self.rules.reference)
        whole = _together(pane)
        kind = self.kinds.close(end, whole)
        yield from self._retire(ANSWERS, kind, end)
        named = self.streams.named
        watched = Watched(named(Subject.MISSING), named(Subject.CLASS), self._max_classes)
        yield from self._feed(StreamKey(Subject.TRAFFIC), counted(start, end, whole.predictions))
        profiles = {
            version: [adopted.profile for adopted in known]
            for version, known in self.references.items()
        }
        for key, inputs in (
            *prediction_inputs(whole, start, end, kind, watched),
            *compared_inputs(compared(pane, profiles), start, end),
        ):
            yield from self._feed(key, inputs)

    def _settle(self, until: int) -> Iterator[AlertRecord]:
        """Close the panes up to a time before which no label can come any more."""
        if until <= self.closed_settled:
            return
        size = self.windows.settling
        for start in self.windows.starts(size, self.closed_settled, until):
            end = start + size
            kind = self.kinds.at(end)
            yield from self._retire(SETTLED_TARGETS, kind, end)
            whole = _together(self._pane(start, size))
            held = self._held_to(kind) & SETTLED_TARGETS
            for key, inputs in settled_inputs(whole, start, end, kind, sorted(held)):
                yield from self._feed(key, inputs)
        self.closed_settled = until
        self.alerts.forget(until, Axis.SETTLED)

    def _held_to(self, kind: ModelKind) -> frozenset[Subject]:
        """The subjects that are held to a target."""
        return target_subjects(kind, self.rules.targets)

    def _silence(self, until: int) -> Iterator[AlertRecord]:
        """Count the panes before ``until`` in which no prediction came."""
        busy = max((last for _, last in self.active.values()), default=NEVER) + self._width
        yield from self._count_empty(StreamKey(Subject.TRAFFIC), busy, until)

    def _label_silence(self, until: int) -> Iterator[AlertRecord]:
        """Count the panes before ``until`` in which no label came."""
        yield from self._count_empty(StreamKey(Subject.LABELS), self.labelled_until, until)

    def _count_empty(self, key: StreamKey, busy: int, until: int) -> Iterator[AlertRecord]:
        for pane in empty_panes(self.streams.fed_ms(key), busy, until, self._width):
            yield from self._feed(key, pane)

    def _feed(self, key: StreamKey, pane: PaneInput) -> Iterator[AlertRecord]:
        """Step a stream whose change is its own cause."""
        verdict = self.streams.step(key, pane)
        if self.alerts.asks(key, verdict):
            why = self._faded(key, verdict) or why_drift(
                key, verdict, self.windows, self.references, self._width
            )
            yield from self._decide(key, verdict, why, None)

    def _close_label_pane(self, start: int, first: FirstLabels) -> Iterator[AlertRecord]:
        end = start + self._width
        kind = self.kinds.at(end)
        yield from self._retire(ERRORS, kind, end)
        labels = max(first.trials, first.numbers)
        yield from self._feed(StreamKey(Subject.LABELS), counted(start, end, labels))
        if labels:
            self.labelled_until = end
        key, inputs = error_input(first, start, end, kind)
        for own in (key, *self._error_targets(kind)):
            verdict = self.streams.step(own, inputs)
            if self.alerts.asks(own, verdict):
                window = verdict.window_start_ms or 0, verdict.window_end_ms or 0
                why = self._faded(own, verdict) or why_errors(
                    own,
                    verdict,
                    self.errors,
                    kind,
                    references=self.references,
                    incidents=self.incidents,
                )
                yield from self._decide(own, verdict, why, self.errors.known(*window))
        self.errors.after(start, self.streams.verdicts[key])

    def _error_targets(self, kind: ModelKind) -> list[StreamKey]:
        """What else is fed with the errors of a pane of label time."""
        return [StreamKey(subject) for subject in sorted(self._held_to(kind) & ERRORS)]

    def _correct(self, start: int) -> Iterator[AlertRecord]:
        """Look again at the alerts about errors, after what became known in a pane."""
        changes = self.errors.corrected(start)
        end = start + self._width
        kind = self.kinds.at(end)
        for key in (StreamKey(error_subject(kind)), *self._error_targets(kind)):
            life = self.alerts.corrected(key, changes, end) if changes else None
            if life is None or not self._groundless(key, life, kind):
                continue
            if life.firing:
                self.streams.dismiss(key)
            yield from self._retract(key, end, LABELS_CORRECTED)

    def _groundless(self, key: StreamKey, life: Life, kind: ModelKind) -> bool:
        """Whether neither the evidence of an alert nor, while it fires, the present is a change."""
        held = life.evidence
        if held is None or held.holds(key, self.streams, kind):
            return False
        if not life.firing:
            return True
        verdict = self.streams.verdicts[key]
        start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
        now = Evidence(
            start, end, verdict.baseline or 0.0, held.direction, self.errors.known(start, end)
        )
        return not now.holds(key, self.streams, kind)

    def _retire(
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
        if held is not None and not held.holds(key, self.streams, self.kinds.at(end)):
            yield from self._retract(key, end, LABELS_CORRECTED)
            return
        if verdict.opened or life is None:
            why = why.with_marks(self.deployments.marks.values())
        else:
            why = why.after(life.record.causes)
        versions = self._running(verdict)
        told = ToldAlert(why.causes, versions, errors, why.splits, why.examples)
        record = self.alerts.decide(key, verdict, told)
        if record is None:
            return
        if verdict.resolved:
            self.incidents.end(record.fingerprint, end)
            yield record
        else:
            incident = self.incidents.join(key, record, why.onset, why.deployed)
            yield self.alerts.attach(record, incident)

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
            v for v, (first, last) in self.active.items() if first < end and last >= start
        )
        seen = self.deployments.running(versions, end)
        return Versions(
            model=tuple(versions),
            code=tuple(sorted({s.code for s in seen if s.code})),
            data=tuple(sorted({s.data for s in seen if s.data})),
        )

    def _learn(self, start: int) -> Iterator[ReferenceProfile]:
        end = start + self._width
        for version, sums in self._pane(start, self._width).items():
            if version in self.references or sums.traffic is None:
                continue
            learning = self.learning.setdefault(version, Learning())
            if learning.close(start, end, sums.traffic.predictions, self.rules.reference):
                # the first pane that no source partition can have begun to count without it
                newest = self.watermarks.newest_prediction()
                since = newest - newest % self._width + 2 * self._width
                profile = learning.profile(self.name, version, end, since, self.rules)
                self.adopt(profile)
                yield profile

    # ---------------------------------------------------------------- output

    def publish(self, *, everything: bool) -> Iterator[MetricRecord]:
        """See `WindowRecords.publish`."""
        settled = self.watermarks.marks.settled
        return self._records.publish(settled, self.closed_predictions, everything=everything)

    def present(self) -> Iterator[MetricRecord]:
        """See `WindowRecords.present`."""
        return self._records.present(self.closed_predictions)

    def distributions(self) -> Iterator[Distribution]:
        """See `WindowRecords.distributions`."""
        return self._records.distributions()

    def ledger(self) -> ModelLedger:
        """The ledger over all source partitions."""
        return merged(self.ledgers)


def _together(pane: Mapping[str, SlotSums]) -> SlotSums:
    whole = SlotSums()
    for sums in pane.values():
        whole.add(sums)
    return whole


class Models(dict[str, ModelMonitor]):
    """All models of a partition of partials; one appears when it is first asked for.

    Args:
        config: the rules.
        sources: how many source partitions there are.
    """

    def __init__(self, config: CoreConfig, sources: int) -> None:
        self._config = config
        self._sources = sources

    def __missing__(self, name: str) -> ModelMonitor:
        self[name] = ModelMonitor(name, self._config, self._sources)
        return self[name]
