"""The composition root of a worker: from settings to stages, and what the HTTP thread shows."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar
from weakref import WeakValueDictionary

import xxhash

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.config import CoreConfig, ModelKind
from tidegauge.core.records import LedgerRecord, MetricRecord
from tidegauge.export.http import MetricsServer
from tidegauge.export.view import DetectorView, PartitionView, TopicView, View, WorkerView
from tidegauge.kafka.admin import admin_client, describe
from tidegauge.kafka.check import TopicCheck
from tidegauge.kafka.client import Connection, client_options
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings import Settings
from tidegauge.worker.app import run
from tidegauge.worker.collect_stage import CollectStage, CollectTopics, poison_letter
from tidegauge.worker.exits import RefusedError
from tidegauge.worker.freed import Freed
from tidegauge.worker.limits import LimitWarnings
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.outside import Outside
from tidegauge.worker.repair import RepairedOffset, repair_offsets, set_aside
from tidegauge.worker.schema import SCHEMA_VERSION
from tidegauge.worker.stage import StageSpec
from tidegauge.worker.status import PartitionState, PartitionStatus, Phase, StatusBoard

log = logging.getLogger(__name__)

Key = TypeVar("Key")

STALLED_SECONDS = 120.0
"""A partition with lag and no progress for so long means that the worker is not alive, but for
twice the time that a commit may take."""


class Worker:
    """Everything one worker process runs.

    Args:
        settings: all settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._core = settings.core()
        self._names = settings.kafka.topic_names
        self._counts: dict[str, int] = {}
        self._collect: WeakValueDictionary[int, CollectStage] = WeakValueDictionary()
        self._monitor: WeakValueDictionary[int, MonitorStage] = WeakValueDictionary()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._board = StatusBoard()
        self._warnings = LimitWarnings(self._core.limits, self._exceeded, time.monotonic)
        self._freed = Freed(time.monotonic)

    def run(self) -> int:
        """Run until stopped; an exit code of `tidegauge.worker.exits`."""
        http = self._settings.http
        series = self._settings.limits.series
        with MetricsServer(self.view, http.host, http.port, series) as server:
            log.info("event=serving url=%s/metrics", server.url)
            return run(self._shell(), self._specs(), self._board, self._check, self._look)

    def repair_offsets(self) -> list[RepairedOffset]:
        """Set the group's offsets to the positions stored with the state; what was changed."""
        return asyncio.run(repair_offsets(self._shell(), self._specs()))

    def set_aside(self, stage: str, topic: str, partition: int, offset: int) -> None:
        """Have a record that a stage dies on go to the dead letters.

        Raises:
            RefusedError: There is no such stage, or it has no such record still to process.
        """
        spec = next((spec for spec in self._specs() if spec.name == stage), None)
        if spec is None:
            raise RefusedError(f"there is no stage {stage!r}; there are collect and monitor")
        asyncio.run(set_aside(self._shell(), spec, topic, partition, offset))

    # ---------------------------------------------------------------- composition

    def _check(self, counts: Mapping[str, int]) -> None:
        """Refuse topics with which results would not be exact.

        Raises:
            ClusterError: The cluster did not answer, or refused.
            RefusedError: Some topic is not as it must be.
        """
        self._counts.update(counts)
        kafka = self._settings.kafka
        with admin_client(Connection.of(kafka)) as client:
            states = describe(client, topic_specs(self._names, self._settings.topics))
        check = TopicCheck(kafka.bootstrap, self._settings.longest_horizon_ms)
        problems = check.problems(states)
        if problems:
            raise RefusedError("; ".join(" ".join(str(p).split()) for p in problems))

    def _shell(self) -> ShellSettings:
        worker = self._settings.worker
        return ShellSettings(
            group=self._settings.kafka.group,
            outside=Outside(client_options(Connection.of(self._settings.kafka))),
            commit_interval=worker.commit_interval.total_seconds(),
            commit_records=worker.commit_records,
            transaction_timeout=worker.transaction_timeout.total_seconds(),
            session_timeout=worker.session_timeout.total_seconds(),
            heartbeat_interval=worker.heartbeat_interval.total_seconds(),
            rebalance_timeout=worker.rebalance_timeout.total_seconds(),
            poll_interval=worker.poll_interval.total_seconds(),
            instance_id=worker.instance_id,
            chunk_records=worker.fetch_records,
        )

    def _specs(self) -> tuple[StageSpec, StageSpec]:
        names = self._names
        digest = fingerprint(self._core, self._settings.join.partitioner)
        collect = StageSpec(
            name="collect",
            inputs=(names.predictions, names.feedback, names.forwarded),
            changelog=names.collect_state,
            outputs=(names.partials, names.dead_letters, names.forwarded),
            make_stage=self._make_collect,
            schema_version=SCHEMA_VERSION,
            fingerprint=digest,
            broadcast=names.references,
            first=names.forwarded,
            dead_letter=poison_letter(names.dead_letters),
        )
        monitor = StageSpec(
            name="monitor",
            inputs=(names.partials,),
            changelog=names.monitor_state,
            outputs=(names.alerts, names.metrics, names.references),
            make_stage=self._make_monitor,
            schema_version=SCHEMA_VERSION,
            fingerprint=digest,
            broadcast=names.references,
            phase=0.5,
        )
        return collect, monitor

    def _make_collect(self, partition: int) -> CollectStage:
        topics = CollectTopics.of(self._names, self._counts)
        partitioner = self._settings.join.partitioner
        stage = CollectStage(self._core, topics, partition, partitioner, self._refused)
        self._collect[partition] = stage
        return stage

    def _make_monitor(self, partition: int) -> MonitorStage:
        topics = MonitorTopics.of(self._names, self._counts)
        interval = self._settings.worker.publish_interval.total_seconds()
        stage = MonitorStage(self._core, topics, partition, interval, time.monotonic)
        self._monitor[partition] = stage
        return stage

    # ---------------------------------------------------------------- view

    def _look(self) -> None:
        self._warnings.look()
        self._freed.look()

    def _exceeded(self) -> dict[tuple[str, str], int]:
        """How often each limit was exceeded in the partitions of this worker, by model and kind."""
        monitors = list(self._monitor.values())
        evicted = _evicted(ledger for s in monitors for ledger in s.shown.ledgers)
        collect = [stage.folded() for stage in list(self._collect.values())]
        counts = _summed([*collect, *(stage.folded() for stage in monitors), evicted])
        # the whole numbers among the answers of a regression model are counted as classes, too
        multiclass = {
            window.model
            for stage in monitors
            for window in stage.shown.windows
            if window.kind is ModelKind.MULTICLASS
        }
        return {
            (model, kind): count
            for (model, kind), count in counts.items()
            if kind != "classes" or model in multiclass
        }

    def view(self) -> View:
        """What a scrape shows now; any thread may ask."""
        status = self._board.read()
        here = {(p.stage, p.partition) for p in status.partitions if _runs(p)}
        collect = [s for n, s in sorted(self._collect.items()) if ("collect", n) in here]
        monitors = [s for n, s in sorted(self._monitor.items()) if ("monitor", n) in here]
        shown = [s.shown for s in monitors]
        folded = _summed([*(s.folded() for s in collect), *(s.folded() for s in monitors)])
        # a main loop that hangs leaves the board as it is
        stalled = max(status.stalled_seconds(), time.time() - status.at if status.at else 0.0)
        patience = max(
            STALLED_SECONDS, 2 * self._settings.worker.transaction_timeout.total_seconds()
        )
        windows: list[MetricRecord] = [w for s in shown for w in s.windows]
        detectors: list[DetectorView] = [d for s in shown for d in s.detectors]
        alerts: list[AlertRecord] = [a for s in shown for a in s.alerts]
        ledgers: list[LedgerRecord] = [ledger for s in shown for ledger in s.ledgers]
        return View(
            worker=WorkerView(
                phase=status.phase.value,
                detail=status.detail or (f"no progress for {stalled:.0f} s" if stalled > 1 else ""),
                live=status.phase is not Phase.FAILED and stalled < patience,
                ready=status.ready,
                rebalances=status.rebalances,
                partitions=tuple(_partition(p) for p in status.partitions),
                stalled_seconds=stalled,
                stage_partitions=self._stage_partitions(),
                dead_letters=self._refused.copy(),
                folded=folded,
            ),
            watermarks={model: mark for s in shown for model, mark in s.watermarks.items()},
            windows=windows,
            detectors=detectors,
            alerts=alerts,
            ledgers=ledgers,
            deployments=[d for s in shown for d in s.deployments],
            distributions=[d for s in shown for d in s.distributions],
            references=[r for s in shown for r in s.references],
            final=[w for s in shown for w in s.final],
            alert_events=_summed(s.alert_events() for s in monitors),
        )

    def _stage_partitions(self) -> dict[str, int]:
        inputs = {"collect": self._names.predictions, "monitor": self._names.partials}
        return {s: self._counts[topic] for s, topic in inputs.items() if topic in self._counts}


def fingerprint(core: CoreConfig, partitioner: str) -> str:
    """Digest of the settings that give stored state its meaning.

    Pane levels, window sizes and the partitioner are in it. Horizons and limits are not: what is
    retained is judged anew by changed horizons, and changed limits apply from then on.
    """
    meaning = repr((core.panes, core.windows_ms, partitioner))
    return xxhash.xxh3_64_hexdigest(meaning.encode())


def _runs(partition: PartitionStatus) -> bool:
    return partition.state in {PartitionState.ACTIVE, PartitionState.PARKED}


def _evicted(ledgers: Iterable[LedgerRecord]) -> Iterator[tuple[tuple[str, str], int]]:
    for ledger in ledgers:
        if count := ledger.predictions.evicted + ledger.feedback.evicted:
            yield (ledger.model, "open_requests"), count


def _summed(parts: Iterable[Iterable[tuple[Key, int]]]) -> dict[Key, int]:
    counts: dict[Key, int] = {}
    for part in parts:
        for key, count in part:
            counts[key] = counts.get(key, 0) + count
    return counts


def _partition(status: PartitionStatus) -> PartitionView:
    counters = status.counters
    return PartitionView(
        stage=status.stage,
        partition=status.partition,
        state=status.state.value,
        restored=status.restored,
        restore_total=status.restore_total,
        topics={
            topic: TopicView(t.position, t.end, t.records, t.lost)
            for topic, t in status.topics.items()
        },
        batches=counters.chunks,
        batch_records=counters.records,
        commits=counters.commits,
        commit_seconds=counters.commit_seconds,
        last_commit_seconds=counters.last_commit_seconds,
        running_commit_seconds=status.committing_seconds,
        uncommitted=status.dirty,
        repairs={
            "gap": counters.gaps,
            "trim": counters.trims,
            "duplicate": counters.duplicates,
            "seek_back": counters.seek_backs,
        },
    )
