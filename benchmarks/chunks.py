"""Chunks of records as a fetch brings them, without Kafka: for measuring and profiling a stage."""

from aiokafka import ConsumerRecord

from load import Load
from tidegauge.core.partitioner import partitions_for
from tidegauge.worker.stage import Chunk

PREDICTIONS, FEEDBACK = "predictions", "feedback"
APPEND_DELAY_MS = 50
START_MS = 1_700_000_000_000


def chunks(load: Load, count: int, partitions: int, size: int) -> list[list[Chunk]]:
    """The chunks of each partition, the two topics in step with event time.

    Args:
        load: makes the events.
        count: requests over all partitions.
        partitions: how many partitions there are.
        size: records of a chunk.
    """
    made = list(load.pairs(count, START_MS))
    homes = partitions_for([pair.key for pair in made], partitions).tolist()
    predictions: list[list[ConsumerRecord]] = [[] for _ in range(partitions)]
    feedback: list[list[ConsumerRecord]] = [[] for _ in range(partitions)]
    for number, (home, pair) in enumerate(zip(homes, made, strict=True)):
        time = load.time_ms(number, START_MS) + APPEND_DELAY_MS
        for log, topic, value, append in (
            (predictions[home], PREDICTIONS, pair.prediction, time),
            (feedback[home], FEEDBACK, pair.feedback, time + load.shape.label_delay_ms),
        ):
            log.append(_record(topic, home, len(log), append, (pair.key, value)))
    return [_cut(both, size) for both in zip(predictions, feedback, strict=True)]


def _record(
    topic: str, partition: int, offset: int, append: int, said: tuple[bytes, bytes]
) -> ConsumerRecord:
    key, value = said
    return ConsumerRecord(
        topic, partition, offset, append, 1, key, value, None, len(key), len(value), ()
    )


def _cut(logs: tuple[list[ConsumerRecord], ...], size: int) -> list[Chunk]:
    cut = [_chunk(log, at, size) for log in logs for at in range(0, len(log), size)]
    return sorted(cut, key=lambda chunk: chunk.records[0].timestamp)


def _chunk(log: list[ConsumerRecord], at: int, size: int) -> Chunk:
    records = tuple(log[at : at + size])
    first, end = records[0], at + len(records)
    complete = records[-1].timestamp - 1
    return Chunk(first.topic, first.partition, at, end, len(log), complete, records)
