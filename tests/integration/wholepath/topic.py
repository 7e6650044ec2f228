"""Topics as a test reads and writes them: whole logs, committed records only."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord


class Message(NamedTuple):
    """A record to be published; the client's default partitioner (murmur2) unless one is named."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


def send(bootstrap: str, messages: Iterable[Message], compression: str | None = None) -> int:
    """Publish in order as fast as possible; how many, once the broker has them all."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        allow_auto_create_topics=False,
        compression_type=compression,
        linger_ms=5,
        batch_size=256 * 1024,
        max_request_size=2 * 1024 * 1024,
    )
    try:
        sent = [
            producer.send(m.topic, m.value, m.key, headers=list(m.headers), partition=m.partition)
            for m in messages
        ]
        producer.flush()
        for delivery in sent:
            delivery.get(timeout=60)
    finally:
        producer.close()
    return len(sent)


class Log:
    """One topic, read from its beginning; `records` grows with each `read`."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.records: list[ConsumerRecord] = []
        self._consumer = KafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_partition_fetch_bytes=8 * 1024 * 1024,
        )
        numbers = self._consumer.partitions_for_topic(topic) or ()
        self._places = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(self._places)
        self._consumer.seek_to_beginning(*self._places)

    def read(self) -> list[ConsumerRecord]:
        """Read to the present end of the topic; all records so far."""
        ends = self._consumer.end_offsets(self._places)
        while any(self._consumer.position(place) < ends[place] for place in self._places):
            for records in self._consumer.poll(timeout_ms=200, max_records=50_000).values():
                self.records += records
        return self.records

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def read_all(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """All committed records of a topic, each partition in the order of its log."""
    log = Log(bootstrap, topic)
    try:
        return log.read()
    finally:
        log.close()


def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """The end of each partition's log for a reader of committed records."""
    log = Log(bootstrap, topic)
    try:
        return {p.partition: end for p, end in log._consumer.end_offsets(log._places).items()}
    finally:
        log.close()
