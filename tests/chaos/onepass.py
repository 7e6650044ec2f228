"""What must come out: the same input folded by the same stages in one process, without Kafka.

No threads, no transactions, no restore: each stage is a synchronous machine and is fed the logs in
the order of their append times. Whatever workers go through must end in the same outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from wholepath.outcome import OUTPUTS, Outcome

from tidegauge.core.partial import decode
from tidegauge.core.sums import SlotSums
from tidegauge.settings import Settings
from tidegauge.worker.collect_stage import PROGRESS_MS, CollectStage, CollectTopics
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.stage import Chunk, Output

SLICE = 500
Totals = dict[tuple[Any, ...], list[Any]]
"""What all partials of a slot add up to, by model and slot."""


class Written:
    """The outputs on one topic, as `wholepath.topic.Log` has them."""

    def __init__(self) -> None:
        self.records: list[Output] = []

    def read(self) -> None:
        """There is nothing more to come."""

    def close(self) -> None:
        """There is no connection."""


class Expected(NamedTuple):
    """What one pass over an input gives."""

    outcome: Outcome
    partials: Totals


class _Placed(NamedTuple):
    """A record of a topic between the stages."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class OnePass:
    """All partitions of both stages.

    Args:
        settings: those of the deployment.
        counts: how many partitions each topic has, by name.
    """

    def __init__(self, settings: Settings, counts: Mapping[str, int]) -> None:
        self._names = names = settings.kafka.topic_names
        core = settings.core()
        self._inputs = [
            (topic, partition)
            for topic in (names.predictions, names.feedback)
            for partition in range(counts[topic])
        ]
        topics = CollectTopics.of(names, counts)
        self._collect = [
            CollectStage(core, topics, partition, settings.join.partitioner)
            for partition in range(counts[names.predictions])
        ]
        outputs = MonitorTopics.of(names, counts)
        self._monitor = [
            MonitorStage(core, outputs, partition, 0.0, lambda: 0.0)
            for partition in range(counts[names.partials])
        ]
        roles = (*OUTPUTS, "partials", "forwarded")
        self._written = {getattr(names, role): Written() for role in roles}

    def run(self, references: Sequence[Any], events: Sequence[Any]) -> Expected:
        """Fold everything.

        Args:
            references: the records of the topic of that name.
            events: the records of both input topics.
        """
        for record in references:
            for stage in (*self._collect, *self._monitor):
                stage.broadcast(record.key, record.value)
        ordered = sorted(events, key=lambda r: (r.timestamp, r.topic, r.partition, r.offset))
        for first in range(0, len(ordered), SLICE):
            part = ordered[first : first + SLICE]
            # more records of the last append time may follow
            self._step(part, part[-1].timestamp - 1)
        end = ordered[-1].timestamp
        self._step([], end)
        # time goes on for workers, so that each source comes to tell the others where it ended
        self._step([], end + PROGRESS_MS * len(self._collect))
        names = self._names
        outcome = Outcome({role: self._written[getattr(names, role)] for role in OUTPUTS})
        outcome.read()
        return Expected(outcome, totals(self._written[names.partials].records))

    def _step(self, part: Sequence[Any], complete: int) -> None:
        for topic, partition in self._inputs:
            records = [r for r in part if (r.topic, r.partition) == (topic, partition)]
            if records:
                self._collect[partition].process(_chunk(records, complete))
        names = self._names
        inputs = (names.predictions, names.feedback, names.forwarded)
        for stage in self._collect:
            stage.tick(dict.fromkeys(inputs, complete))
        said = list(self._taken(self._collect))
        for partition, stage in enumerate(self._collect):
            sent = [r for r in said if (r.topic, r.partition) == (names.forwarded, partition)]
            if sent:
                stage.process(_chunk(sent, complete))
        said += self._taken(self._collect)
        partials = [r for r in said if r.topic == names.partials]
        for partition, stage in enumerate(self._monitor):
            mine = [r for r in partials if r.partition == partition]
            if mine:
                stage.process(_chunk(mine, complete))
        list(self._taken(self._monitor))

    def _taken(self, stages: Sequence[CollectStage | MonitorStage]) -> Iterator[_Placed]:
        """Take what the stages have to say; what is for the other stage is returned."""
        for stage in stages:
            for output in stage.snapshot().outputs:
                self._written[output.topic].records.append(output)
                if output.topic in {self._names.partials, self._names.forwarded}:
                    yield _Placed(output.topic, output.partition, 0, 0, output.key, output.value)


def _chunk(records: Sequence[Any], complete: int) -> Chunk:
    first, last = records[0], records[-1]
    end = last.offset + 1
    return Chunk(first.topic, first.partition, first.offset, end, end, complete, tuple(records))


def totals(partials: Sequence[Any]) -> Totals:
    """What partials add up to; slots that are empty in the end are left out.

    Rows that miss a feature are counted only where the batch has rows with it, so of both counts
    only the difference is told: how many have it.
    """
    sums: dict[tuple[Any, ...], SlotSums] = {}
    for record in partials:
        partial = decode(record.value)
        for key, wire in partial.slots:
            slot = SlotSums.from_wire(wire)
            mine = sums.setdefault((partial.model, *key), SlotSums())
            mine.add(slot)
    for total in sums.values():
        for feature in (f for table in total.features.values() for f in table.values()):
            feature.rows, feature.missing = feature.rows - feature.missing, 0
    return {key: total.to_wire() for key, total in sums.items() if not total.is_zero()}
