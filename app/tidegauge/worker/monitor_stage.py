"""The monitor stage as the shell runs it: partials in, alerts, metrics and references out."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.config import CoreConfig
from tidegauge.core.detect.verdict import Phase
from tidegauge.core.ledger import ModelLedger
from tidegauge.core.monitor.distributions import Distribution
from tidegauge.core.monitor.model import ModelMonitor
from tidegauge.core.monitor.monitor import Monitor, Published
from tidegauge.core.monitor.streams import CONTRASTS
from tidegauge.core.partial import decode
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import (
    DeploymentRecord,
    FeedbackLedger,
    LedgerRecord,
    MetricRecord,
    PredictionLedger,
)
from tidegauge.core.streamtime import NEVER
from tidegauge.export.view import DetectorView, FinalView, ReferenceView
from tidegauge.settings.kafka import TopicNames
from tidegauge.wire.alerts import encode_alert
from tidegauge.wire.metrics import encode_deployment, encode_ledger, encode_metric
from tidegauge.wire.references import encode_reference
from tidegauge.worker.references import told_reference
from tidegauge.worker.stage import Chunk, Output, Snapshot


@dataclass(frozen=True, slots=True)
class MonitorTopics:
    """Topic names, and how many partitions the ones that are written to have."""

    predictions: str
    partials: str
    alerts: str
    metrics: str
    references: str
    counts: Mapping[str, int]

    @classmethod
    def of(cls, names: TopicNames, counts: Mapping[str, int]) -> Self:
        """Those of a deployment."""
        return cls(
            names.predictions, names.partials, names.alerts, names.metrics, names.references, counts
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What one partition of monitor shows now; replaced as a whole."""

    watermarks: Mapping[str, int]
    windows: tuple[MetricRecord, ...] = ()
    detectors: tuple[DetectorView, ...] = ()
    alerts: tuple[AlertRecord, ...] = ()
    ledgers: tuple[LedgerRecord, ...] = ()
    deployments: tuple[DeploymentRecord, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    references: tuple[ReferenceView, ...] = ()
    final: tuple[FinalView, ...] = ()


class MonitorStage:
    """One partition of partials.

    Args:
        config: the core's rules.
        topics: names and partition counts.
        partition: the number of this partition.
        publish_interval: seconds between publications of what is not urgent.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        config: CoreConfig,
        topics: MonitorTopics,
        partition: int,
        publish_interval: float,
        clock: Callable[[], float],
    ) -> None:
        self._topics = topics
        self._interval = publish_interval
        self._clock = clock
        self._partition = partition
        self.core = Monitor(config, topics.counts[topics.predictions])
        self.shown = Shown({})
        self._patience = min(config.panes[0].width_ms / 2000, publish_interval)
        self._started = clock()
        self._published_at: dict[str, float] = {}
        self._closed_at: dict[str, float] = {}
        """When each model was last published with a pane that had closed."""
        self._windows: dict[str, tuple[MetricRecord, ...]] = {}
        self._distributions: dict[str, tuple[Distribution, ...]] = {}
        self._moved: set[str] = set()
        """Models whose distributions are older than their windows."""
        self._alert_events: Counter[tuple[str, str, str]] = Counter()
        self._taken = 0

    # ---------------------------------------------------------------- the shell's protocol

    def restore(self, key: bytes, value: bytes | None) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        self.core.restore(key, value)

    def restored(self) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        self.core.restored()
        self._show(set(self.core.models), set(self.core.models))

    def process(self, chunk: Chunk) -> None:
        """See `tidegauge.worker.stage.Stage`."""
        for record in chunk.records:
            self.core.take(decode(record.value))
        self._taken += len(chunk.records)
        self.core.advance()

    def tick(self, complete_until_ms: Mapping[str, int]) -> None:
        """See `tidegauge.worker.stage.Stage`; time comes with the partials."""

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """See `tidegauge.worker.stage.Stage`: reference profiles."""
        profile = None if value is None else told_reference(key, value)
        if profile is None:
            return
        count = self._topics.counts[self._topics.partials]
        if partition_for(profile.model.encode(), count) == self._partition:
            self.core.adopt(profile)

    def preferred(self) -> str | None:
        """See `tidegauge.worker.stage.Stage`; there is one input topic."""
        return None

    def snapshot(self) -> Snapshot:
        """See `tidegauge.worker.stage.Stage`."""
        stirred = set(self.core.stirred)
        due, now = self._due(), self._clock()
        self._published_at |= dict.fromkeys(due, now)
        self._closed_at |= dict.fromkeys(due & self.core.closed, now)
        published = self.core.publish(due)
        topics = self._topics
        outputs = [
            *(self._output(topics.alerts, *encode_alert(a)) for a in published.alerts),
            *(self._output(topics.metrics, *encode_metric(m)) for m in published.metrics),
            *(
                self._output(topics.metrics, *encode_ledger(ledger_record(*balance)))
                for balance in published.ledgers
            ),
            *(self._output(topics.metrics, *encode_deployment(d)) for d in published.deployments),
            *(self._output(topics.references, *encode_reference(r)) for r in published.references),
        ]
        self._taken = 0
        self._remember(published)
        self._show(stirred, due)
        return Snapshot(list(self.core.changes()), outputs)

    def _due(self) -> set[str]:
        """The models that are to be published: at intervals, and as soon as a pane closes.

        In a replay panes close all the time, so those that closed wait for half of one at least.
        """
        now = self._clock()
        passed = {
            name
            for name in self.core.stirred
            if now - self._published_at.get(name, self._started) >= self._interval
        }
        return passed | {
            name
            for name in self.core.closed & self.core.stirred
            if now - self._closed_at.get(name, self._started) >= self._patience
        }

    @property
    def dirty(self) -> int:
        """See `tidegauge.worker.stage.Stage`."""
        return self._taken + self.core.dirty + len(self._due())

    # ---------------------------------------------------------------- for the metrics

    def folded(self) -> list[tuple[tuple[str, str], int]]:
        """What was over a limit, by model and kind of limit."""
        models = list(self.core.models.items())
        folded = [
            ((name, kind), count)
            for name, model in models
            for kind, count in list(model.told.names.catalog.folded.items())
        ]
        forgotten = [(n, m.deployments.forgotten) for n, m in models if m.deployments.forgotten]
        return folded + [((name, "deployments_forgotten"), count) for name, count in forgotten]

    def alert_events(self) -> list[tuple[tuple[str, str, str], int]]:
        """Alert records written since the start, by model, alert and what they say of it."""
        return list(self._alert_events.items())

    # ---------------------------------------------------------------- outputs

    def _output(
        self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]] = ()
    ) -> Output:
        partition = partition_for(key, self._topics.counts[topic])
        return Output(topic, partition, key, value, tuple(headers))

    def _remember(self, published: Published) -> None:
        """Keep what is shown of outputs that are not read again."""
        for alert in published.alerts:
            event = alert.status.value
            if alert.status is AlertStatus.FIRING:
                event = "updated" if alert.revision else "opened"
            self._alert_events[alert.model, alert.labels.get("alertname", ""), event] += 1

    def _show(self, stirred: set[str], due: set[str]) -> None:
        """Replace what is shown; only models that changed are computed again.

        Args:
            stirred: the models that changed.
            due: those whose distributions are computed, too; nobody watches them by the second.
        """
        models = self.core.models
        for name in stirred:
            self._windows[name] = tuple(models[name].present())
        self._moved |= stirred
        for name in self._moved & due:
            self._distributions[name] = tuple(models[name].distributions())
        self._moved -= due
        marks = {name: m.watermarks.marks.predictions for name, m in models.items()}
        self.shown = Shown(
            watermarks={name: mark for name, mark in marks.items() if mark > NEVER},
            windows=tuple(w for name in sorted(models) for w in self._windows.get(name, ())),
            detectors=tuple(d for name in sorted(models) for d in _detectors(models[name])),
            alerts=tuple(a for m in models.values() for a in m.alerts.firing.values()),
            ledgers=tuple(ledger_record(n, m.ledger(), marks[n]) for n, m in models.items()),
            deployments=tuple(d for m in models.values() for d in m.deployments.marks.values()),
            distributions=tuple(d for n in sorted(models) for d in self._distributions.get(n, ())),
            references=tuple(r for name in sorted(models) for r in _references(models[name])),
            final=tuple(FinalView(n, w) for n, m in models.items() for w in m.final.all()),
        )


def _detectors(model: ModelMonitor) -> Iterator[DetectorView]:
    for key, verdict in sorted(model.streams.verdicts.items()):
        if key.subject in CONTRASTS:  # they open nothing by themselves, and there are many
            continue
        yield DetectorView(
            model=model.name,
            version="",
            detector="+".join(verdict.detectors) or verdict.phase.value,
            stream=key.subject.value,
            feature=key.about,
            statistic=verdict.effect,
            threshold=None if verdict.phase is Phase.LEARNING else verdict.min_effect,
            baseline=verdict.baseline,
            current=verdict.current,
            learned=min(1.0, verdict.learned),
        )


def _references(model: ModelMonitor) -> Iterator[ReferenceView]:
    for version, adopted in sorted(model.references.items()):
        newest = adopted[-1]
        yield ReferenceView(
            model=model.name,
            version=version,
            id=newest.profile.id,
            origin=newest.profile.origin.value,
            since_ms=newest.since,
            predictions=newest.profile.sample_count,
        )


def ledger_record(model: str, ledger: ModelLedger, watermark_ms: int) -> LedgerRecord:
    """A ledger as it is published, with the model's watermark."""
    return LedgerRecord(
        model=model,
        time_ms=max(watermark_ms, 0),
        predictions=PredictionLedger(read=ledger.predictions_read, **ledger.predictions),
        feedback=FeedbackLedger(read=ledger.feedback_read, **ledger.feedback),
        labels=ledger.labels,
    )
