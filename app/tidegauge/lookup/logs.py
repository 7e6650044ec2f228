"""Reading records out of topics: by place, by time, or all of them."""

from collections.abc import Callable, Iterator

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

_POLL_MS = 500


def record_at(client: KafkaConsumer, place: TopicPartition, offset: int) -> ConsumerRecord | None:
    """The record at an offset; None where retention has removed it."""
    begin = client.beginning_offsets([place])[place]
    if offset < begin or offset >= client.end_offsets([place])[place]:
        return None
    for record in between(client, place, offset, offset + 1):
        return record if record.offset == offset else None
    return None


def between(
    client: KafkaConsumer, place: TopicPartition, start: int, end: int
) -> Iterator[ConsumerRecord]:
    """The records of a partition from one offset up to another."""
    client.assign([place])
    client.seek(place, start)
    while client.position(place) < end:
        for records in client.poll(timeout_ms=_POLL_MS).values():
            for record in records:
                if record.offset < end:
                    yield record


def around(
    client: KafkaConsumer,
    place: TopicPartition,
    times: tuple[int, int],
    wanted: Callable[[ConsumerRecord], bool],
) -> Iterator[ConsumerRecord]:
    """The wanted records of a partition that were appended in an interval, in ms, both included."""
    found = client.offsets_for_times({place: max(times[0], 0)})[place]
    if found is None:
        return
    end = client.end_offsets([place])[place]
    for record in between(client, place, found.offset, end):
        if record.timestamp > times[1]:
            return
        if wanted(record):
            yield record


def everything(client: KafkaConsumer, topic: str) -> Iterator[ConsumerRecord]:
    """All records of a topic, one partition after the other."""
    for partition in sorted(client.partitions_for_topic(topic) or ()):
        place = TopicPartition(topic, partition)
        begin = client.beginning_offsets([place])[place]
        yield from between(client, place, begin, client.end_offsets([place])[place])
