"""Reads a topic as a person wants to see it: committed records only, in order of arrival."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from tidegauge.cli.cluster import kafka_errors, require_topic
from tidegauge.kafka.client import Connection
from tidegauge.kafka.consumer import open_consumer

Record: TypeAlias = ConsumerRecord

_POLL_MS = 500


def read(
    connection: Connection,
    topic: str,
    *,
    since: timedelta | None,
    follow: Callable[[], None] | None = None,
) -> Iterator[Record]:
    """Read the records of a topic.

    Args:
        connection: the cluster.
        topic: full name of the topic.
        since: begin with records written so long ago; None: with the oldest.
        follow: called where the topic ended at the start, to go on for ever; None: end there.

    Raises:
        ClusterError: The cluster can't be reached.
        CommandError: It has no such topic, or fails.
    """
    require_topic(connection, topic)
    with kafka_errors(connection), open_consumer(connection) as consumer:
        partitions = consumer.partitions_for_topic(topic) or ()
        places = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        consumer.assign(places)
        _seek(consumer, places, since)
        ends = consumer.end_offsets(places)
        while any(consumer.position(place) < ends[place] for place in places):
            yield from _batch(consumer)
        if follow is None:
            return
        follow()
        while True:
            yield from _batch(consumer)


def _batch(consumer: KafkaConsumer) -> list[Record]:
    fetched = consumer.poll(timeout_ms=_POLL_MS)
    batch = [record for records in fetched.values() for record in records]
    return sorted(batch, key=lambda record: record.timestamp)


def _seek(consumer: KafkaConsumer, places: list[TopicPartition], since: timedelta | None) -> None:
    if since is None:
        consumer.seek_to_beginning(*places)
        return
    start_ms = int((datetime.now(UTC) - since).timestamp() * 1000)
    found = consumer.offsets_for_times(dict.fromkeys(places, start_ms))
    for place in places:
        if found.get(place) is None:
            consumer.seek_to_end(place)
        else:
            consumer.seek(place, found[place].offset)
