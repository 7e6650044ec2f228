"""One model in the monitor stage: panes close, windows move, detectors step, alerts change."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegauge.core.adoption import References
from tidegauge.core.config import CoreConfig, ModelKind
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.ledger import ModelLedger, merged
from tidegauge.core.monitor.alerts import AlertBook, stream_causes
from tidegauge.core.monitor.deployments import Deployments
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.monitor.kinds import Kinds
from tidegauge.core.monitor.known import KnownFigures
from tidegauge.core.monitor.learning import Learning
from tidegauge.core.monitor.quiet import counted, empty_panes
from tidegauge.core.monitor.streams import (
    ANSWERS,
    ERRORS,
    StreamKey,
    Streams,
    Subject,
    Watched,
    compared_inputs,
    error_input,
    prediction_inputs,
)
from tidegauge.core.monitor.symptoms import compared
from tidegauge.core.monitor.told import Told
from tidegauge.core.monitor.watermark import Completeness, Watermarks
from tidegauge.core.monitor.windows import FrameKey, Series, Windows
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey
from tidegauge.core.partial import Partial, Progress
from tidegauge.core.records import (
    AlertRecord,
    Cause,
    DeploymentRecord,
    MetricRecord,
    Versions,
    WindowState,
)
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
        self._figures = KnownFigures(self._max_classes)
        self.kinds = Kinds(self.rules.kind)
        self.streams = Streams(self.rules, config.limits.models)
        self.errors = ErrorBook(self._width)
        self.alerts = AlertBook(name)
        self.ledgers: dict[int, ModelLedger] = {}
        self.references = References()
        self.learning: dict[str, Learning] = {}
        limit = config.limits.deployments
        self.deployments = Deployments(name, limit, self._width)
        self.active: dict[str, list[int]] = {}
        """First and last closed pane of each version."""
        self.closed_predictions = NEVER
        self.closed_labels = NEVER
        self.labelled_until = NEVER
        """End of the last closed pane of label time that held labels."""

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
                alerts += self._close_pane(start)
                profiles += self._learn(start)
            alerts += self._silence(marks.predictions)
            self.windows.close(self.closed_predictions, marks.predictions)
            deployments = self.deployments.close(marks.predictions)
            self.closed_predictions = marks.predictions
        if marks.labels > self.closed_labels:
            for start, first in list(self.errors.closing(self.closed_labels, marks.labels)):
                alerts += self._label_silence(start)
                alerts += self._close_label_pane(start, first)
            alerts += self._label_silence(marks.labels)
            self.closed_labels = marks.labels
        now = max((max(c.predictions, c.feedback) for c in complete.values()), default=NEVER)
        alerts += self.alerts.again(now, self._resend_ms)
        return Closed(alerts, profiles, deployments)

    def _pane(self, start: int) -> dict[str, SlotSums]:
        """The sums of a finest pane by version."""
        return {
            key.series.version: self.windows.frames[key].sums
            for key in self.windows.keys(self._width, start)
            if (key.series.field, key.series.value) == WHOLE
        }

    def _close_pane(self, start: int) -> Iterator[AlertRecord]:
        end = start + self._width
        pane = self._pane(start)
        for version, sums in pane.items():
            if sums.predictions:
                self.active.setdefault(version, [start, start])[1] = start
        whole = SlotSums()
        for sums in pane.values():
            whole.add(sums)
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
        yield from self._decide(key, stream_causes(key, verdict))

    def _close_label_pane(self, start: int, first: FirstLabels) -> Iterator[AlertRecord]:
        end = start + self._width
        kind = self.kinds.at(end)
        yield from self._retire(ERRORS, kind, end)
        labels = max(first.trials, first.numbers)
        yield from self._feed(StreamKey(Subject.LABELS), counted(start, end, labels))
        if labels:
            self.labelled_until = end
        key, inputs = error_input(first, start, end, kind)
        verdict = self.streams.step(key, inputs)
        causes: tuple[Cause, ...] = ()
        if verdict.opened:
            since, until = verdict.window_start_ms or 0, verdict.window_end_ms or 0
            causes = self.errors.causes(since, until, kind)
        self.errors.after(start, verdict)
        yield from self._decide(key, causes)

    def _retire(
        self, subjects: frozenset[Subject], kind: ModelKind, time: int
    ) -> Iterator[AlertRecord]:
        """Stop watching what a model of this kind does not have."""
        for key in self.streams.retire(subjects, kind):
            record = self.alerts.retract(key, time)
            if record is not None:
                yield record

    def _decide(self, key: StreamKey, causes: tuple[Cause, ...]) -> Iterator[AlertRecord]:
        verdict = self.streams.verdicts[key]
        if verdict.opened or verdict.resolved:
            versions = self._running(verdict.window_start_ms or 0, verdict.window_end_ms or 0)
            record = self.alerts.decide(key, verdict, causes, versions)
            if record is not None:
                yield record

    def _running(self, start: int, end: int) -> Versions:
        """The versions with closed panes in an interval."""
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
        for version, sums in self._pane(start).items():
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
        """The windows that became final, and with ``everything`` all that changed as well."""
        final = self.windows.settle(self.watermarks.marks.settled)
        changed: Iterable[FrameKey] = sorted(self.windows.unpublished) if everything else ()
        for key in (*final, *(key for key in changed if not self.windows.is_final(key))):
            frame = self.windows.frames[key]
            self.windows.unpublished.discard(key)
            if not frame.sums.predictions:
                continue  # pairs with a later answer; the window of the other version has them
            frame.revision += 1
            self.windows.changed.add(key)
            yield self._record(key.series, key.start, key.size, frame.sums, frame.revision)
        self.windows.let_go()

    def present(self) -> Iterator[MetricRecord]:
        """The sliding windows that end now."""
        for series, windows in sorted(self.windows.sliding.items()):
            for size, sums in windows.items():
                if sums.predictions:
                    end = self.windows.sliding_end(size)
                    yield self._record(series, end - size, size, sums, 0)

    def _record(
        self, series: Series, start: int, size: int, sums: SlotSums, revision: int
    ) -> MetricRecord:
        kind = self.kinds.at(start + size, sums)
        reference = self.references.at(series.version, start + size - self._width)
        shown = self._figures.of(sums, size, reference, kind)
        return MetricRecord(
            model=self.name,
            version=series.version,
            segment_field=series.field or None,
            segment_value=series.value if series.field else None,
            start_ms=start,
            end_ms=start + size,
            state=self._state(FrameKey(series, size, start)),
            revision=revision,
            predictions=shown.traffic.predictions,
            labelled=shown.labelled.labelled,
            label_coverage=shown.label_coverage,
            reference=shown.reference,
            kind=kind,
            quality=shown.labelled.quality,
            classes=shown.labelled.classes,
            confusion=shown.labelled.confusion,
            regression=shown.labelled.regression,
            paired=shown.labelled.paired,
            prediction=shown.prediction,
            traffic=shown.traffic,
            latency=shown.latency,
            score=shown.score,
            features=shown.features,
        )

    def _state(self, key: FrameKey) -> WindowState:
        if key.end > self.closed_predictions:
            return WindowState.OPEN
        return WindowState.FINAL if self.windows.is_final(key) else WindowState.PROVISIONAL

    def ledger(self) -> ModelLedger:
        """The ledger over all source partitions."""
        return merged(self.ledgers)


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
