"""One model in the monitor stage: panes close, windows move, detectors step, alerts change."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tidegauge.core.adoption import References
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.config import CoreConfig
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.ledger import ModelLedger, merged
from tidegauge.core.monitor.attributed import UsualAttributions
from tidegauge.core.monitor.budget import Axis
from tidegauge.core.monitor.deployments import Deployments
from tidegauge.core.monitor.distributions import Distribution
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.monitor.examples import Examples
from tidegauge.core.monitor.finals import FinalWindows
from tidegauge.core.monitor.incidents import KEPT_MS
from tidegauge.core.monitor.inputs import Watched, compared_inputs, prediction_inputs
from tidegauge.core.monitor.kept import Kept
from tidegauge.core.monitor.kinds import Kinds
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.monitor.quiet import counted, empty_panes
from tidegauge.core.monitor.settled import settled_inputs
from tidegauge.core.monitor.streams import (
    ANSWERS,
    CONTRASTS,
    ERRORS,
    SETTLED_TARGETS,
    StreamKey,
    Subject,
)
from tidegauge.core.monitor.symptoms import compared
from tidegauge.core.monitor.told import Told
from tidegauge.core.monitor.unexplained import Unexplained
from tidegauge.core.monitor.watch import Watch
from tidegauge.core.monitor.watermark import Completeness, Watermarks
from tidegauge.core.monitor.windowrecords import WindowRecords
from tidegauge.core.monitor.windows import Windows
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, pane_start
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.records import DeploymentRecord, MetricRecord
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
        self.errors = ErrorBook(self._width)
        self.examples = Examples(self.windows.settling)
        self.ledgers: dict[int, ModelLedger] = {}
        self.references = References()
        self.usual = UsualAttributions()
        self.unexplained = Unexplained(self.rules.detection)
        self._records = WindowRecords(
            name, config, self.windows, self.kinds, self.references, usual=self.usual
        )
        self.final = FinalWindows()
        self.learning: dict[str, Learning] = {}
        limit = config.limits.deployments
        self.deployments = Deployments(name, limit, self._width)
        self._deltas: dict[SlotKey, SlotSums] = {}
        """Not in the windows yet: what several sources say of one slot goes to them as one sum."""
        self.active: dict[str, list[int]] = {}
        """First and last closed pane of each version."""
        kept = Kept(
            width=self._width,
            windows=self.windows,
            errors=self.errors,
            examples=self.examples,
            references=self.references,
            kinds=self.kinds,
            deployments=self.deployments,
            usual=self.usual,
            active=self.active,
        )
        self._watch = Watch(name, self.rules, config.limits.models, kept)
        self.streams = self._watch.streams
        self.alerts = self._watch.alerts
        self.incidents = self._watch.incidents
        self._late: dict[int, int] = {}
        """Predictions that came after their pane was closed, since time last advanced."""
        self.closed_predictions = NEVER
        self.closed_labels = NEVER
        self.labelled_until = NEVER
        """End of the last closed pane of label time that held labels."""
        self.closed_settled = NEVER

    # ---------------------------------------------------------------- input

    def take(self, partial: Partial) -> None:
        """Take what one source partition has counted; `add_up` adds it to the windows."""
        if partial.ledger is not None:
            self.ledgers[partial.source] = partial.ledger
        for slot, wire in partial.slots:
            sums = SlotSums.from_wire(wire)
            key = self.told.slot(SlotKey(*slot), sums)
            if key in self._deltas:
                self._deltas[key].add(sums)
            elif key is not None:
                self._deltas[key] = sums
        for outcome, wire in partial.outcomes:
            place = self.told.outcome(OutcomeKey(*outcome))
            if place is not None:
                first = FirstLabels.from_wire(wire)
                self.errors.add(place, first, self.closed_labels)
                self.examples.add_errors(first.sample)
        for at, since, wire in partial.corrections:
            self.errors.correct((at, since), ErrorCounts.from_wire(wire), self.closed_labels)
        for row in map(self.told.row, partial.samples):
            if row.version not in self.references:
                self.learning.setdefault(row.version, Learning()).add(row)
        for start, sample in partial.examples:
            self.examples.add(start, sample)
        for sighting in partial.versions:
            self.deployments.take(*sighting)

    def add_up(self) -> None:
        """Add what was taken to the windows."""
        for key, sums in self._deltas.items():
            self._count_late(key, sums)
            self.windows.add(key, sums)
        self._deltas.clear()

    def _count_late(self, key: SlotKey, sums: SlotSums) -> None:
        """Remember the predictions of a pane that is closed; nothing is late within the bound."""
        end = key.start + self._width
        known = key.level == 0 and end <= self.closed_predictions
        if known and sums.predictions and (key.field, key.value) == WHOLE:
            self._late[key.start] = self._late.get(key.start, 0) + sums.predictions

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
        late, self._late = self._late, {}
        traffic = StreamKey(Subject.TRAFFIC)
        alerts = list(self._watch.late(traffic, late, self.closed_predictions))
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
                alerts += self._watch.correct(start)
            alerts += self._label_silence(marks.labels)
            self.closed_labels = marks.labels
            self.alerts.forget(marks.labels, Axis.LABELS)
            self.incidents.forget(marks.labels - self.rules.label_horizon_ms - KEPT_MS)
        alerts += self._settle(marks.settled - self.windows.final_after(self.windows.settling))
        passed = marks.settled - self.windows.final_after(self._width)
        self.examples.forget(passed, self.closed_settled)
        now = max((max(c.predictions, c.feedback) for c in complete.values()), default=NEVER)
        alerts += self.alerts.again(now, self._resend_ms)
        return Closed(alerts, profiles, deployments)

    @property
    def closed_panes(self) -> int:
        """The end of the last pane of prediction time that is closed, ms."""
        return pane_start(self.closed_predictions, self._width)

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
        yield from self._watch.retire(ANSWERS, kind, end)
        named = self.streams.named
        watched = Watched(named(Subject.MISSING), named(Subject.CLASS), self._max_classes)
        yield from self._watch.feed(
            StreamKey(Subject.TRAFFIC), counted(start, end, whole.predictions)
        )
        if whole.predictions:
            renewed = PaneInput(start, end, whole.predictions, 0)
            yield from self._watch.feed(StreamKey(Subject.PREDICTION_AGE), renewed)
        profiles = {
            version: [adopted.profile for adopted in known]
            for version, known in self.references.items()
        }
        answered = list(prediction_inputs(whole, start, end, kind, watched))
        for key, inputs in (*answered, *compared_inputs(compared(pane, profiles), start, end)):
            yield from self._watch.feed(key, inputs)
        left = self.unexplained.close(answered)
        if left is not None:
            yield from self._watch.feed(StreamKey(Subject.UNEXPLAINED), left)

    def _settle(self, until: int) -> Iterator[AlertRecord]:
        """Close the panes up to a time before which no label can come any more."""
        if until <= self.closed_settled:
            return
        size = self.windows.settling
        for start in self.windows.starts(size, self.closed_settled, until):
            end = start + size
            kind = self.kinds.at(end)
            yield from self._watch.retire(SETTLED_TARGETS, kind, end)
            whole = _together(self._pane(start, size))
            held = self._watch.held_to(kind) & SETTLED_TARGETS
            for key, inputs in settled_inputs(whole, start, end, kind, sorted(held)):
                yield from self._watch.feed(key, inputs)
        self.closed_settled = until
        self.alerts.forget(until, Axis.SETTLED)

    def _silence(self, until: int) -> Iterator[AlertRecord]:
        """Count the panes before ``until`` in which no prediction came."""
        busy = max((last for _, last in self.active.values()), default=NEVER) + self._width
        yield from self._count_empty(StreamKey(Subject.TRAFFIC), busy, until)
        yield from self._age(StreamKey(Subject.PREDICTION_AGE), until)

    def _label_silence(self, until: int) -> Iterator[AlertRecord]:
        """Count the panes before ``until`` in which no label came."""
        yield from self._count_empty(StreamKey(Subject.LABELS), self.labelled_until, until)
        yield from self._age(StreamKey(Subject.LABEL_AGE), until)

    def _age(self, key: StreamKey, until: int) -> Iterator[AlertRecord]:
        """Look at what has not come for long, at the ends of the panes in which it is too long."""
        while (due := self.streams.due_ms(key)) is not None and due <= until:
            yield from self._watch.feed(key, PaneInput(due - self._width, due, 0, 0))

    def _count_empty(self, key: StreamKey, busy: int, until: int) -> Iterator[AlertRecord]:
        for pane in empty_panes(self.streams.fed_ms(key), busy, until, self._width):
            yield from self._watch.feed(key, pane)

    def _close_label_pane(self, start: int, first: FirstLabels) -> Iterator[AlertRecord]:
        end = start + self._width
        yield from self._watch.retire(ERRORS | CONTRASTS, self.kinds.at(end), end)
        labels = max(first.trials, first.numbers)
        yield from self._watch.feed(StreamKey(Subject.LABELS), counted(start, end, labels))
        if labels:
            self.labelled_until = end
            renewed = PaneInput(start, end, labels, 0)
            yield from self._watch.feed(StreamKey(Subject.LABEL_AGE), renewed)
        yield from self._watch.feed_errors(first, start, end)

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
        closed = self.closed_predictions
        for record in self._records.publish(settled, closed, everything=everything):
            self.final.take(record)
            yield record

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
