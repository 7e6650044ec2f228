"""A compacted topic that every partition of a stage is told of.

The topic is read whole before any partition of the stage is active, and followed afterwards. Its
records have no positions in the changelog: a restarted worker tells its stages the latest record
of every key again.
"""

import asyncio
import logging
from collections.abc import Callable

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tidegauge.worker.backoff import Backoff
from tidegauge.worker.cluster import partition_counts
from tidegauge.worker.outside import Outside
from tidegauge.worker.partition import Partition

log = logging.getLogger(__name__)

POLL_MS = 1_000


class Broadcast:
    """Follows one broadcast topic.

    Args:
        outside: Clients of the cluster.
        topic: The topic.
        tell: Called with each record, key and value, in log order.
    """

    def __init__(
        self,
        outside: Outside,
        topic: str,
        tell: Callable[[bytes, bytes | None], None],
    ) -> None:
        self._outside = outside
        self._topic = topic
        self._tell = tell
        self._latest: dict[bytes, bytes] = {}
        self._positions: dict[TopicPartition, int] = {}
        self._complete = asyncio.Event()

    async def run(self) -> None:
        """Read and follow until cancelled; a missing broker is waited for."""
        backoff = Backoff(f"following {self._topic}")
        while True:
            try:
                await self._follow(backoff)
            except (KafkaError, OSError) as error:
                await backoff.wait(error)

    async def _follow(self, backoff: Backoff) -> None:
        consumer = self._outside.consumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            count = (await partition_counts(self._outside, [self._topic]))[self._topic]
            tps = [TopicPartition(self._topic, number) for number in range(count)]
            consumer.assign(tps)
            starts = await consumer.beginning_offsets(tps)
            ends = await consumer.end_offsets(tps)
            for tp in tps:
                consumer.seek(tp, self._positions.get(tp, starts[tp]))
            while True:
                backoff.reset()
                if not self._complete.is_set():
                    reached = [await consumer.position(tp) >= ends[tp] for tp in tps]
                    if all(reached):
                        log.info(
                            "event=broadcast_read topic=%s keys=%d", self._topic, len(self._latest)
                        )
                        self._complete.set()
                waiting_ms = POLL_MS if self._complete.is_set() else 100
                for batch in (await consumer.getmany(timeout_ms=waiting_ms)).values():
                    for record in batch:
                        self._take(record.key, record.value)
                for tp in tps:
                    self._positions[tp] = await consumer.position(tp)
        finally:
            await consumer.stop()

    def _take(self, key: bytes | None, value: bytes | None) -> None:
        if key is None:
            return
        if value is None:
            self._latest.pop(key, None)
        else:
            self._latest[key] = value
        self._tell(key, value)

    async def welcome(self, partition: Partition) -> None:
        """Tell a partition the latest record of every key, once the topic is read."""
        await self._complete.wait()
        for key, value in self._latest.items():
            partition.broadcast(key, value)
