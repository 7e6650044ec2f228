"""Chunks of records as a fetch brings them, without Kafka: for measuring and profiling a stage."""

from collections.abc import Iterator

from aiokafka import ConsumerRecord

from load import EVENTS_PER_SECOND, LABEL_DELAY_MS, pairs
from tidegauge.core.partitioner import partitions_for
from tidegauge.worker.stage import Chunk

PREDICTIONS, FEEDBACK = "predictions", "feedback"
APPEND_DELAY_MS = 50


def chunks(count: int, partitions: int, size: int) -> Iterator[Chunk]:
    """The chunks of partition 0, of ``size`` records, the two topics in step with event time.

    Args:
        count: requests over all partitions.
        partitions: how many partitions there are.
        size: records of a chunk.
    """
    start = 1_700_000_000_000
    made = list(pairs(count, start))
    homes = partitions_for([key for key, _, _ in made], partitions)
    mine = [(i, *made[i]) for i in range(count) if homes[i] == 0]
    predictions, feedback = [], []
    for offset, (number, key, prediction, label) in enumerate(mine):
        time = start + number * 1_000 // EVENTS_PER_SECOND + APPEND_DELAY_MS
        predictions.append(_record(PREDICTIONS, offset, time, key, prediction))
        feedback.append(_record(FEEDBACK, offset, time + LABEL_DELAY_MS, key, label))
    cut = [
        _chunk(log, at, size) for log in (predictions, feedback) for at in range(0, len(log), size)
    ]
    yield from sorted(cut, key=lambda chunk: chunk.records[0].timestamp)


def _record(topic: str, offset: int, time: int, key: bytes, value: bytes) -> ConsumerRecord:
    return ConsumerRecord(topic, 0, offset, time, 1, key, value, None, len(key), len(value), ())


def _chunk(log: list[ConsumerRecord], at: int, size: int) -> Chunk:
    records = tuple(log[at : at + size])
    return Chunk(
        records[0].topic, 0, at, at + len(records), len(log), records[-1].timestamp - 1, records
    )
