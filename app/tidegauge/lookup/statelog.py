"""Finding the newest record of a key in a state topic, from its end towards its beginning.

aiokafka reads several times as many records a second as the client that other commands use.
"""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tidegauge.kafka.admin import ClusterError
from tidegauge.kafka.client import Connection, client_options

_CHUNK = 100_000
"""Records that are read at once."""
_POLL_MS = 500
_FETCH_BYTES = 8 * 1024 * 1024


def newest_value(connection: Connection, topic: str, partition: int, key: bytes) -> bytes | None:
    """The newest value of a key; None where it has none, or was removed.

    Raises:
        ClusterError: It refused or no longer answers.
    """
    try:
        return asyncio.run(_newest(connection, TopicPartition(topic, partition), key))
    except KafkaError as error:
        raise ClusterError(f"the Kafka cluster {connection.bootstrap} failed: {error}") from error


async def _newest(connection: Connection, place: TopicPartition, key: bytes) -> bytes | None:
    consumer = AIOKafkaConsumer(
        **client_options(connection),
        client_id="tidegauge-cli",
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    await consumer.start()
    try:
        consumer.assign([place])
        begin = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        while end > begin:
            start = max(begin, end - _CHUNK)
            found, value = await _last_between(consumer, place, (start, end), key)
            if found:
                return value
            end = start
        return None
    finally:
        await consumer.stop()


async def _last_between(
    consumer: AIOKafkaConsumer, place: TopicPartition, offsets: tuple[int, int], key: bytes
) -> tuple[bool, bytes | None]:
    """Whether a key is between two offsets, and its last value there."""
    found, value = False, None
    start, end = offsets
    consumer.seek(place, start)
    while await consumer.position(place) < end:
        for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
            for record in records:
                if record.key == key and record.offset < end:
                    found, value = True, record.value
    return found, value
