"""Reading records out of topics: by place, by time, or those that hold some bytes.

Batches are fetched as the brokers keep them and searched before anything is decoded
(`tidegauge.lookup.batches`), so a million records cost tenths of a second.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.memory_records import MemoryRecords
from kafka import KafkaConsumer
from kafka import TopicPartition as Place

from tidegauge.kafka.admin import ClusterError
from tidegauge.kafka.client import Connection, client_options
from tidegauge.kafka.consumer import open_consumer
from tidegauge.lookup.batches import sieve

_FETCH_BYTES: Final = 8 * 1024 * 1024
_RECORD_BYTES: Final = 1024
"""What a record is taken to have until some were read; batches come whole all the same."""
_FETCH_WAIT_MS: Final = 500
_PREFERRED_REPLICA: Final = 11
"""Version of the answer from which on a replica is named before the batches."""
_CHUNK: Final = 50_000
"""Offsets that are searched at once on the way back."""


class Searched(NamedTuple):
    """How far a search has come, from the end of a partition towards its beginning."""

    topic: str
    partition: int
    back_to_ms: int
    """The append time that it has reached."""
    share: float
    """Of the offsets."""


Progress = Callable[[Searched], None]


class Span(NamedTuple):
    """Offsets of a partition, the end not included."""

    topic: str
    partition: int
    start: int
    end: int


class Found(NamedTuple):
    """What a span holds of what is sought."""

    records: list[ConsumerRecord]
    time_ms: int
    """When its first records were appended; 0 without any."""


class Logs:
    """Committed records of a cluster.

    Args:
        offsets: Tells where partitions begin and end.
        connection: The cluster.
        runner: Runs the client that fetches.
    """

    def __init__(
        self, offsets: KafkaConsumer, connection: Connection, runner: asyncio.Runner
    ) -> None:
        self._offsets = offsets
        self._connection = connection
        self._runner = runner
        self._client: AIOKafkaClient | None = None

    def close(self) -> None:
        """Leave the cluster."""
        if self._client is not None:
            self._runner.run(self._client.close())

    def partitions(self, topic: str) -> list[int]:
        """The partitions of a topic."""
        return sorted(self._offsets.partitions_for_topic(topic) or ())

    def whole(self, topic: str, partition: int) -> Span:
        """All that a partition holds now."""
        place = Place(topic, partition)
        begin = self._offsets.beginning_offsets([place])[place]
        return Span(topic, partition, begin, self._offsets.end_offsets([place])[place])

    def since(self, span: Span, time_ms: int) -> Span:
        """The part of a span from the first record that was appended at a time, or later."""
        place = Place(span.topic, span.partition)
        found = self._offsets.offsets_for_times({place: max(time_ms, 0)})[place]
        first = span.end if found is None else found.offset
        return span._replace(start=min(max(span.start, first), span.end))

    def between(self, topic: str, partition: int, times: tuple[int, int]) -> Span:
        """What was appended in an interval, in ms, both included."""
        whole = self.whole(topic, partition)
        start, after = self.since(whole, times[0]).start, self.since(whole, times[1] + 1).start
        return whole._replace(start=start, end=max(start, after))

    def record_at(self, topic: str, partition: int, offset: int) -> ConsumerRecord | None:
        """The record at an offset; None where retention has removed it."""
        whole = self.whole(topic, partition)
        if not whole.start <= offset < whole.end:
            return None
        records = self.read(whole._replace(start=offset, end=offset + 1)).records
        return records[0] if records else None

    def everything(self, topic: str, sought: Sequence[bytes] = ()) -> Iterator[ConsumerRecord]:
        """The records of a topic that hold any of some bytes, one partition after the other."""
        for partition in self.partitions(topic):
            yield from self.read(self.whole(topic, partition), sought).records

    def read(self, span: Span, sought: Sequence[bytes] = ()) -> Found:
        """The records of a span whose key or value holds any of some bytes; without any: all."""
        return self._runner.run(self._read(span, sought))

    def back(
        self, span: Span, sought: Sequence[bytes], progress: Progress
    ) -> Iterator[list[ConsumerRecord]]:
        """What a span holds of what is sought, in chunks from its end to its beginning."""
        end = span.end
        while end > span.start:
            start = max(span.start, end - _CHUNK)
            found = self.read(span._replace(start=start, end=end), sought)
            yield found.records
            share = (span.end - start) / (span.end - span.start)
            progress(Searched(span.topic, span.partition, found.time_ms, share))
            end = start

    async def _read(self, span: Span, sought: Sequence[bytes]) -> Found:
        records: list[ConsumerRecord] = []
        position, time_ms, each = span.start, 0, _RECORD_BYTES
        while position < span.end:
            data, aborted = await self._fetch(span, position, (span.end - position) * each)
            sieved = sieve(data, sought)
            if sieved.next_offset is None:
                break
            time_ms = time_ms or sieved.time_ms
            records += _decoded(span, position, sieved.kept, aborted)
            each = len(data) // (sieved.next_offset - position) + 1
            position = sieved.next_offset
        return Found([r for r in records if r.offset < span.end and _holds(r, sought)], time_ms)

    async def _fetch(
        self, span: Span, position: int, size: int
    ) -> tuple[bytes, list[tuple[int, int]]]:
        """Batches from an offset on, of about a size, and the aborted transactions among them."""
        most = min(max(size, _RECORD_BYTES), _FETCH_BYTES)
        client = await self._joined(span.topic)
        leader = client.cluster.leader_for_partition(TopicPartition(span.topic, span.partition))
        request = FetchRequest(
            _FETCH_WAIT_MS,
            1,
            most,
            READ_COMMITTED,
            [(span.topic, [(span.partition, position, most)])],
        )
        answer = await client.send(leader, request)
        ((_, ((_, code, _, *rest),)),) = answer.topics
        error = for_code(code)
        if error is not NoError:
            raise error(f"{span.topic}-{span.partition}")
        data, aborted = rest[-1], rest[-3 if answer.API_VERSION >= _PREFERRED_REPLICA else -2]

        return data or b"", aborted or []

    async def _joined(self, topic: str) -> AIOKafkaClient:
        """The client, knowing the leaders of a topic."""
        if self._client is None:
            self._client = AIOKafkaClient(
                **client_options(self._connection), client_id="tidegauge-cli"
            )
            await self._client.bootstrap()
        if self._client.cluster.partitions_for_topic(topic) is None:
            await self._client.add_topic(topic)
        return self._client


def _decoded(
    span: Span, position: int, batches: bytes, aborted: list[tuple[int, int]]
) -> Iterator[ConsumerRecord]:
    """The committed records of some batches, from an offset on."""
    yield from PartitionRecords(
        TopicPartition(span.topic, span.partition),
        MemoryRecords(batches),
        aborted,
        position,
        key_deserializer=None,
        value_deserializer=None,
        check_crcs=False,
        isolation_level=READ_COMMITTED,
    )


def _holds(record: ConsumerRecord, sought: Sequence[bytes]) -> bool:
    key, value = record.key or b"", record.value or b""
    return not sought or any(one in value or one in key for one in sought)


@contextmanager
def open_logs(connection: Connection) -> Iterator[Logs]:
    """The logs of a cluster, for the time of the context.

    Raises:
        ClusterError: It can't be reached, refuses or no longer answers.
    """
    try:
        with open_consumer(connection) as offsets, asyncio.Runner() as runner:
            logs = Logs(offsets, connection, runner)
            try:
                yield logs
            finally:
                logs.close()
    except KafkaError as error:
        raise ClusterError(f"the Kafka cluster {connection.bootstrap} failed: {error}") from error
