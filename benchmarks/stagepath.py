"""Both stages without Kafka: what a worker's processing costs, by stage, and what it writes.

Time is simulated: each second every source partition reads so many records, commits, and monitor
takes the partials of all of them, commits, and every few seconds publishes. So the cost that goes
by the second is in the right proportion to that which goes by the event.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord

from chunks import FEEDBACK, PREDICTIONS
from tidegauge.core.config import CoreConfig
from tidegauge.worker.collect_stage import CollectStage, CollectTopics
from tidegauge.worker.monitor_stage import MonitorStage, MonitorTopics
from tidegauge.worker.stage import Chunk, Output, Snapshot

PARTIALS = "partials"
PUBLISH_SECONDS = 5.0


@dataclass
class Spent:
    """CPU seconds by stage, and bytes written.

    Attributes:
        events: predictions and feedback read.
        collect: CPU seconds of the collect stages, with their snapshots.
        monitor: CPU seconds of the monitor stage, with its snapshots.
        collect_state: bytes of state that collect writes.
        partials: bytes of partials.
        monitor_state: bytes of state that monitor writes.
        published: bytes of records that monitor publishes.
    """

    events: int = 0
    collect: float = 0.0
    monitor: float = 0.0
    collect_state: int = 0
    partials: int = 0
    monitor_state: int = 0
    published: int = 0


class StagePath:
    """The collect stages of all source partitions and one monitor stage.

    Args:
        sources: how many source partitions there are.
        config: the rules.
    """

    def __init__(self, sources: int, config: CoreConfig) -> None:
        ours = (PREDICTIONS, FEEDBACK, "alerts", "metrics", "references", "dead-letters")
        counts = {**dict.fromkeys(ours, sources), PARTIALS: 1}
        collect = CollectTopics(
            PREDICTIONS, FEEDBACK, "forwarded", PARTIALS, "dead-letters", counts
        )
        monitor = MonitorTopics(PREDICTIONS, PARTIALS, "alerts", "metrics", "references", counts)
        self._collect = [
            CollectStage(config, collect, number, "murmur2") for number in range(sources)
        ]
        self._seconds = 0.0
        self._monitor = MonitorStage(config, monitor, 0, PUBLISH_SECONDS, lambda: self._seconds)
        self._offset = 0
        self.spent = Spent()

    def run(self, todo: Sequence[Sequence[Chunk]], per_second: int) -> Spent:
        """Process the chunks of each source partition, ``per_second`` of them in a second."""
        longest = max(map(len, todo))
        for at in range(0, longest, per_second):
            self.second([chunks[at : at + per_second] for chunks in todo])
        return self.spent

    def second(self, todo: Sequence[Sequence[Chunk]]) -> None:
        """Process some chunks of each source partition, commit, and let monitor see it."""
        self._seconds += 1.0
        begun = time.process_time()
        snapshots = []
        for stage, chunks in zip(self._collect, todo, strict=True):
            for chunk in chunks:
                stage.process(chunk)
            snapshots.append(stage.snapshot())
        collected = time.process_time()
        read = self._read([output for snapshot in snapshots for output in snapshot.outputs])
        fetched = time.process_time()
        self._monitor.process(read)
        shown = self._monitor.snapshot()
        self.spent.collect += collected - begun
        self.spent.monitor += time.process_time() - fetched
        self.spent.events += sum(len(chunk.records) for chunks in todo for chunk in chunks)
        self.spent.collect_state += sum(map(_state_bytes, snapshots))
        self.spent.partials += sum(map(_output_bytes, snapshots))
        self.spent.monitor_state += _state_bytes(shown)
        self.spent.published += _output_bytes(shown)

    def _read(self, outputs: Sequence[Output]) -> Chunk:
        """What monitor reads of what collect wrote."""
        values = [output.value for output in outputs if output.topic == PARTIALS]
        start, self._offset = self._offset, self._offset + len(values)
        records = tuple(_record(start + number, value) for number, value in enumerate(values))
        return Chunk(PARTIALS, 0, start, self._offset, self._offset, 0, records)


def _record(offset: int, value: bytes | None) -> ConsumerRecord:
    return ConsumerRecord(PARTIALS, 0, offset, 0, 1, None, value, None, 0, len(value or b""), ())


def _state_bytes(snapshot: Snapshot) -> int:
    return sum(len(key) + len(value or b"") for key, value in snapshot.state)


def _output_bytes(snapshot: Snapshot) -> int:
    return sum(len(output.key or b"") + len(output.value or b"") for output in snapshot.outputs)
