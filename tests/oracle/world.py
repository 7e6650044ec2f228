"""A made-up cluster for the core's two stages: logs, batches, commits, crashes; no broker.

`World` holds what was published. `run` reads it with one `Collect` per partition and one `Monitor`
in an order that a seed decides, and gives back what was last said of every key.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import msgspec
import xxhash

from tidegauge.core import partial as partials
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.collect.batch import Batch, Refused
from tidegauge.core.collect.collect import Collect
from tidegauge.core.collect.forwarding import SourceMark
from tidegauge.core.collect.request import Request
from tidegauge.core.collect.requests import Requests
from tidegauge.core.config import (
    SECOND,
    CoreConfig,
    DetectionConfig,
    ModelConfig,
    PaneLevel,
    ReferenceConfig,
)
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.ledger import UNKNOWN_MODEL, ModelLedger
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.monitor.streams import StreamKey
from tidegauge.core.monitor.windows import Series
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import MetricRecord
from tidegauge.core.stats.reference import ReferenceProfile

START = 1_000_000 * SECOND
"""Event time at which made-up events begin, ms; a multiple of every pane's width."""
FLUSH = "flush"
"""The version of the events that push time on at the end."""
MARKED = 0.4
"""How often a commit tells another partition how far it has come."""
NO_REFERENCE = ReferenceConfig(learn_ms=4_000 * SECOND, min_predictions=10**9)
NO_DETECTION = DetectionConfig(learn_ms=4_000 * SECOND, learn_samples=10**9, min_loss=1.0)

CONFIG = CoreConfig(
    panes=(
        PaneLevel(10 * SECOND, 60 * SECOND),
        PaneLevel(60 * SECOND, 600 * SECOND),
        PaneLevel(300 * SECOND, 10**9),
    ),
    windows_ms=(60 * SECOND, 300 * SECOND, 600 * SECOND),
    idle_ms=10**12,
    default=ModelConfig(
        out_of_orderness_ms=10 * SECOND,
        lateness_ms=30 * SECOND,
        label_horizon_ms=900 * SECOND,
        correction_horizon_ms=1_200 * SECOND,
        orphan_horizon_ms=120 * SECOND,
        max_future_ms=600 * SECOND,
        reference=NO_REFERENCE,
        detection=NO_DETECTION,
    ),
)
"""Horizons and panes small enough for a few minutes of events to cross all of them."""

Topic = Literal["predictions", "feedback", "forwarded"]
TOPICS: tuple[Topic, ...] = ("predictions", "feedback", "forwarded")
Reading = Literal["random", "predictions first", "feedback first", "behind"]
Event = Prediction | Feedback


def at(ms: int) -> datetime:
    """A time of the core as an event carries it."""
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def ms(time: datetime) -> int:
    """The inverse of `at`."""
    return round(time.timestamp() * 1000)


def digest(event: Event) -> int:
    """A hash of an event's content."""
    return xxhash.xxh3_64_intdigest(msgspec.msgpack.encode(event))


def retained(requests: Requests) -> dict[bytes, Request]:
    """All retained requests by key."""
    return dict(requests.keyed(row) for row in requests.rows().tolist())


class Published(NamedTuple):
    """An event and the time the broker appended it, ms."""

    event: Event
    append: int

    @property
    def topic(self) -> Topic:
        """The topic it was published to."""
        return "predictions" if isinstance(self.event, Prediction) else "feedback"


def published(events: Iterable[tuple[Event, int]]) -> list[Published]:
    """Append each event so many ms after its own time; in the order of the log."""
    log = [Published(event, ms(event.timestamp) + delay) for event, delay in events]
    return sorted(log, key=lambda p: p.append)


def apart(log: Sequence[Published]) -> list[Published]:
    """The same events with append times that tell their order wherever they are published."""
    appends = accumulate((p.append for p in log), lambda before, own: max(before + 1, own))
    return [Published(p.event, append) for p, append in zip(log, appends, strict=True)]


def batch(log: Sequence[Published], first: int, last: int) -> Batch[Event]:
    """Part of one log, as collect takes it."""
    part = log[first:last]
    return Batch(
        [p.event for p in part],
        list(range(first, last)),
        [p.append for p in part],
        [digest(p.event) for p in part],
    )


class Sent(NamedTuple):
    """An event that was forwarded: from which partition, its offset there."""

    source: int
    offset: int
    record: Published


def forwarded(sent: Sequence[Sent], topic: Topic) -> Batch[Event]:
    """The events of one kind that were forwarded, as collect takes them."""
    mine = [s for s in sent if s.record.topic == topic]
    return Batch(
        [s.record.event for s in mine],
        [s.offset for s in mine],
        [s.record.append for s in mine],
        [digest(s.record.event) for s in mine],
        [s.source for s in mine],
    )


@dataclass
class Plan:
    """How a world is read."""

    seed: int = 0
    partitions: int = 1
    reading: Reading = "random"
    max_batch: int = 20
    commit: float = 0.3
    """Probability of a commit after a batch."""
    crash: float = 0.0
    """Probability that a machine is lost after a batch."""
    astray: float = 0.0
    """Share of identities that are published in some partition, whatever their home."""


@dataclass
class Result:
    """What was last said of every key; flushing events are left out."""

    ledgers: dict[str, ModelLedger]
    windows: dict[tuple[str, str, str, str, int, int], MetricRecord]
    streams: dict[tuple[str, StreamKey], list[object]]
    alerts: list[AlertRecord]
    after_final: int
    moved: int
    errors: dict[tuple[str, Series], list[Any]]
    """First labels of the baseline, by model and series, as they are stored."""
    monitor: Monitor = field(repr=False)


class World:
    """Published events, and how collect and monitor are told of them.

    Args:
        log: the events, in the order of their append times.
        config: the rules.
        references: profiles adopted before anything is read.
    """

    def __init__(
        self,
        log: Sequence[Published],
        config: CoreConfig = CONFIG,
        references: Sequence[ReferenceProfile] = (),
    ) -> None:
        self.log = list(log)
        self.config = config
        self.references = references

    def run(self, plan: Plan) -> Result:
        """Read everything in the order of the plan."""
        return _Run(self, plan).result()

    def flushed(self, partitions: int) -> list[Published]:
        """The log, then far later events that push on every model's time in each partition.

        They are a labelled request of each model, and an orphan that names none.
        """
        rules = [self.config.default, *self.config.overrides.values()]
        wait = max(2 * r.retention_ms + r.orphan_horizon_ms for r in rules) + 3_600 * SECOND
        newest = max((p.append for p in self.log), default=START)
        end = newest - newest % (3_600 * SECOND) + 3_600 * SECOND + wait
        models = sorted({p.event.model for p in self.log if p.event.model})
        requests = [home_at(f"{FLUSH}{p}-", p, partitions) for p in range(partitions)]
        orphans = [home_at(f"orphan{p}-", p, partitions) for p in range(partitions)]
        flush: list[Published] = []
        for model in models:
            for request in requests:
                answer = Prediction(request, model, FLUSH, at(end), "neither")
                flush.append(Published(answer, end))
                flush.append(Published(Feedback(request, at(end), "neither", model), end))
        flush += [Published(Feedback(r, at(end), "neither"), end) for r in orphans]
        return [*self.log, *flush]


def home_at(prefix: str, partition: int, partitions: int) -> str:
    """A request id whose home is ``partition``."""
    ids = (f"{prefix}{i}" for i in range(10_000))
    return next(i for i in ids if partition_for(i.encode(), partitions) == partition)


class _Log:
    """One topic partition and how far it is read."""

    def __init__(self, records: list[Any], end: int) -> None:
        self.records = records
        self.end = end
        self.position = 0

    @property
    def unread(self) -> bool:
        return self.position < len(self.records)

    def complete(self) -> int:
        """The latest append time up to which everything is read."""
        return self.records[self.position].append - 1 if self.unread else self.end


class _Source:
    """One source partition: its logs, its machine, and what of it is committed."""

    def __init__(self, run: "_Run", number: int, logs: dict[Topic, _Log]) -> None:
        self.run = run
        self.number = number
        self.logs = logs
        self.changelog: dict[bytes, bytes] = {}
        self.committed: dict[Topic, int] = dict.fromkeys(TOPICS, 0)
        self.outbox: list[tuple[int, Sent]] = []
        self.core = self.fresh()

    def fresh(self) -> Collect:
        core = Collect(self.run.world.config, self.number, self.run.plan.partitions)
        for key, value in self.changelog.items():
            core.restore(key, value)
        core.restored()
        for profile in self.run.world.references:
            core.adopt(profile)
        return core

    def read(self, topic: Topic, count: int) -> None:
        log = self.logs[topic]
        last = min(log.position + count, len(log.records))
        first, log.position = log.position, last
        if topic == "forwarded":
            self.receive(log.records[first:last])
        else:
            chunk = batch(log.records, first, last)
            taken = getattr(self.core, topic)(chunk, log.complete())
            check_refused(taken.refused)
            self.outbox += [
                (home, Sent(self.number, first + at, log.records[first + at]))
                for at, home, _ in taken.away
            ]
        self.check()

    def receive(self, records: Sequence[Sent | SourceMark]) -> None:
        sent = [r for r in records if isinstance(r, Sent)]
        marks = [r for r in records if isinstance(r, SourceMark)]
        parts = forwarded(sent, "predictions"), forwarded(sent, "feedback")
        for refused in self.core.forwarded(*parts, marks):  # type: ignore[arg-type]
            check_refused(refused)

    def check(self) -> None:
        """The books balance after every batch."""
        ledgers = self.core.state.ledgers.by_model
        for model, ledger in ledgers.items():
            assert set(ledger.imbalance().values()) == {0}, (model, ledger)
            states = [*ledger.predictions.values(), *ledger.feedback.values()]
            assert min(states, default=0) >= 0, (model, ledger)
        read = {topic: log.position for topic, log in self.logs.items()}
        for record in self.logs["forwarded"].records[: read["forwarded"]]:
            if isinstance(record, Sent):
                read[record.record.topic] += 1
        assert sum(x.predictions_read for x in ledgers.values()) == read["predictions"]
        assert sum(x.feedback_read for x in ledgers.values()) == read["feedback"]

    def tick(self) -> None:
        self.core.tick(self.logs["predictions"].complete(), self.logs["feedback"].complete())
        self.check()

    def commit(self) -> None:
        for part in self.core.partials():
            self.run.bus.append(partials.encode(part))
        self.run.bus.append(partials.encode(self.core.progress()))
        for home, sent in self.outbox:
            self.run.sources[home].logs["forwarded"].records.append(sent)
        self.outbox = []
        for other in self.core.forwarding.others:
            if self.run.ending or self.run.rng.random() < MARKED:
                self.run.sources[other].logs["forwarded"].records.append(self.core.mark(other))
        compact(self.changelog, self.core.changes())
        self.committed = {topic: log.position for topic, log in self.logs.items()}

    def crash(self) -> None:
        for topic, log in self.logs.items():
            log.position = self.committed[topic]
        self.outbox = []
        self.core = self.fresh()


def check_refused(refused: Refused) -> None:
    """Nothing is refused but what contradicts."""
    for _, refusal in refused:
        assert refusal.reason.value.startswith("conflict"), refusal


def compact(log: dict[bytes, bytes], changes: Iterable[tuple[bytes, bytes | None]]) -> None:
    """Keep the newest value of each key, the newest key last, as a compacted topic does."""
    for key, value in changes:
        log.pop(key, None)
        if value is not None:
            log[key] = value


class _Run:
    """One way of reading a world."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world = world
        self.plan = plan
        self.rng = random.Random(plan.seed)  # noqa: S311 - repeatable, no secret
        log = world.flushed(plan.partitions)
        end = max((p.append for p in log), default=START) + 60 * SECOND
        logs = [{topic: _Log([], end) for topic in TOPICS} for _ in range(plan.partitions)]
        for number, record in enumerate(log):
            astray = plan.astray if number < len(world.log) else 0.0
            logs[self.place(record.event, astray)][record.topic].records.append(record)
        self.bus: list[bytes] = []
        self.taken = 0
        self.committed = 0
        self.ending = False
        self.changelog: dict[bytes, bytes] = {}
        self.metrics: dict[tuple[str, str, str, str, int, int], MetricRecord] = {}
        self.alerts: list[AlertRecord] = []
        self.sources = [_Source(self, number, part) for number, part in enumerate(logs)]
        self.monitor = self.fresh()

    def fresh(self) -> Monitor:
        monitor = Monitor(self.world.config, self.plan.partitions)
        for key, value in self.changelog.items():
            monitor.restore(key, value)
        monitor.restored()
        for profile in self.world.references:
            monitor.adopt(profile)
        return monitor

    def place(self, event: Event, astray: float) -> int:
        """The partition an event is published to.

        The feedback of a request keeps to one, as do equal identities: of two that contradict each
        other, and of two labels that a detector could be shown, the first at home counts.
        """
        home = partition_for(event.request_id.encode(), self.plan.partitions)
        which = (event.model, event.version) if isinstance(event, Prediction) else None
        identity = f"{self.plan.seed} {event.request_id} {which}"
        rng = random.Random(identity)  # noqa: S311 - repeatable, no secret
        return rng.randrange(self.plan.partitions) if rng.random() < astray else home

    def result(self) -> Result:
        while any(log.unread for source in self.sources for log in source.logs.values()):
            self.step()
        self.ending = True
        for _ in range(3):
            for source in self.sources:
                source.tick()
                source.commit()
            self.hand_over()
            self.take(len(self.bus))
            self.commit()
        return self.final()

    def hand_over(self) -> None:
        for source in self.sources:
            source.read("forwarded", len(source.logs["forwarded"].records))
            source.commit()

    def step(self) -> None:
        rng, plan = self.rng, self.plan
        source, topic = self.choose()
        # marks come with every commit
        most = plan.max_batch + (20 if topic == "forwarded" else 0)
        source.read(topic, rng.randint(1, most))
        if rng.random() < plan.crash:
            source.crash()
        if rng.random() < plan.commit / 2:
            source.tick()
        if rng.random() < plan.commit:
            source.commit()
        if self.taken < len(self.bus):
            self.take(rng.randint(0, len(self.bus) - self.taken))
        if rng.random() < plan.crash:
            self.taken = self.committed
            self.monitor = self.fresh()
        if rng.random() < plan.commit:
            self.commit()

    def choose(self) -> tuple[_Source, Topic]:
        """The topic partition that is read next."""
        open_logs = [(s, t) for s in self.sources for t in TOPICS if s.logs[t].unread]
        wanted = {
            "random": lambda _, __: True,
            "predictions first": lambda _, topic: topic == "predictions",
            "feedback first": lambda _, topic: topic == "feedback",
            "behind": lambda source, topic: (
                topic == "forwarded" or source.core.behind() in (None, topic)
            ),
        }[self.plan.reading]
        open_logs = [x for x in open_logs if wanted(*x)] or open_logs
        return self.rng.choice(open_logs)

    def take(self, count: int) -> None:
        for packed in self.bus[self.taken : self.taken + count]:
            self.monitor.take(partials.decode(packed))
        self.taken += count
        self.monitor.advance()

    def commit(self) -> None:
        changed = sorted(self.monitor.stirred)
        said = self.monitor.publish({name for name in changed if self.rng.random() < 0.5})
        for metric in said.metrics:
            if metric.version == FLUSH:
                continue
            field_, value = metric.segment_field or "", metric.segment_value or ""
            size = metric.end_ms - metric.start_ms
            key = (metric.model, metric.version, field_, value, size, metric.start_ms)
            known = self.metrics.get(key)
            assert known is None or metric.revision == known.revision + 1, (known, metric)
            self.metrics[key] = metric
        self.alerts += said.alerts
        compact(self.changelog, self.monitor.changes())
        self.committed = self.taken

    def final(self) -> Result:
        models = self.monitor.models
        return Result(
            {name: self.without_flush(name) for name in sorted(models)},
            {key: msgspec.structs.replace(m, revision=0) for key, m in self.metrics.items()},
            {
                (name, key): model.streams.to_state(key)
                for name, model in models.items()
                for key in model.streams.streams
            },
            self.alerts,
            sum(model.windows.after_final for model in models.values()),
            sum(model.errors.moved for model in models.values()),
            {
                (name, series): first.to_wire()
                for name, model in models.items()
                for series, first in model.errors.baseline.items()
                if series.version != FLUSH
            },
            self.monitor,
        )

    def without_flush(self, name: str) -> ModelLedger:
        ledger = ModelLedger()
        ledger.add(self.monitor.models[name].ledger())
        count = self.plan.partitions
        if name == UNKNOWN_MODEL:
            ledger.feedback_read -= count
            ledger.feedback["orphan_open"] -= count
        elif name in {p.event.model for p in self.world.log}:
            ledger.predictions_read -= count
            ledger.feedback_read -= count
            ledger.labels -= count
            ledger.predictions["labelled"] -= count
            ledger.feedback["joined"] -= count
        ledger.predictions_read -= ledger.predictions.pop("forwarded", 0)
        ledger.feedback_read -= ledger.feedback.pop("forwarded", 0)
        return clean(ledger)


def clean(ledger: ModelLedger) -> ModelLedger:
    """The same ledger without states that nothing is in."""
    return ModelLedger(
        ledger.predictions_read,
        {state: n for state, n in sorted(ledger.predictions.items()) if n},
        ledger.feedback_read,
        {state: n for state, n in sorted(ledger.feedback.items()) if n},
        ledger.labels,
    )


def with_rules(config: CoreConfig, **changes: object) -> CoreConfig:
    """``config`` with other rules for every model."""
    return replace(config, default=replace(config.default, **changes))
