"""A Faust transport that fetches whole chunks and keeps its own positions.

Faust's stock consumer makes one event of every record, seeks to the group's committed offsets, and
loses fetched batches around a rebalance. This one makes one event of a fetch (some thousand
records), seeks to the positions stored with the state, and marks each fetch with the positions
around it, so that a lost or repeated one is noticed. Offsets are never committed through Faust.

Everything that touches aiokafka's consumer runs in its thread. The private names used here
(``_fetcher``, ``_coordinator.generation``) are those Faust's stock driver uses; the versions are
pinned and an integration test holds them.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from itertools import count
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from faust.transport.drivers.aiokafka import (
    DEFAULT_GENERATION_ID,
    AIOKafkaConsumerThread,
    Consumer,
    Transport,
)
from faust.types import TP, ConsumerMessage

from tidegauge.worker.backoff import Backoff
from tidegauge.worker.inbox import Fetch

FAUST_LOG = logging.getLogger("faust.worker")

FETCH_BYTES = 64 * 1024
FETCH_WAIT_MS = 100
"""The broker answers a fetch when it has so much, or after so long."""
FETCH_TIMEOUT = 0.2
"""Seconds a fetch waits for records; so long can a move past mere markers go unnoticed."""
ROOM_TIMEOUT = 0.1
NOTHING_WANTED = 0.02
WATCH_SECONDS = 1.0
METADATA_MAX_AGE_MS = 5_000
"""A broker that has just started does not know its topics yet, and the group's leader then assigns
nothing; it does so again when its next look at the metadata shows them."""
LOG_APPEND_TIME = 1


class ChunkSchema(faust.Schema):  # type: ignore[misc] # Faust has no types
    """Hands a fetch to the agent as it is."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """There is no key."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ARG002
        """The fetch itself."""
        return message.value


class ChunkThread(AIOKafkaConsumerThread):  # type: ignore[misc] # Faust has no types
    """The thread that owns aiokafka's consumer and sends its heartbeats."""

    logger = FAUST_LOG

    def __post_init__(self) -> None:
        super().__post_init__()
        self.shell = self.app.shell
        self.positions: dict[TopicPartition, int] = {}

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:  # noqa: ARG002
        settings = self.shell.settings
        self._assignor = self.app.assignor
        return settings.outside.consumer(
            group_id=settings.group,
            group_instance_id=settings.instance_id,
            # keeps partition p of all topics with equal counts on one worker
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            max_poll_records=settings.chunk_records,
            fetch_min_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_poll_interval_ms=int(settings.poll_interval * 1000),
            session_timeout_ms=int(settings.session_timeout * 1000),
            heartbeat_interval_ms=int(settings.heartbeat_interval * 1000),
            rebalance_timeout_ms=int(settings.rebalance_timeout * 1000),
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )

    async def on_start(self) -> None:
        """Connect, waiting for the broker as long as it takes."""
        backoff = Backoff("joining the group")
        self.time_started = time.monotonic()
        while not self.should_stop:
            self._consumer = self._create_consumer(loop=self.thread_loop)
            try:
                await self._consumer.start()
            except (KafkaConnectionError, OSError) as error:
                await self._consumer.stop()
                await backoff.wait(error)
            else:
                self.add_future(self._watch_coordination())
                return

    async def _watch_coordination(self) -> None:
        # aiokafka logs the end of its own task and keeps it to itself until somebody asks, which
        # a consumer that waits for an assignment never does
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001
        while not self.should_stop:
            try:
                coordinator.check_errors()
            except KafkaError as error:
                self.parent_loop.call_soon_threadsafe(self.shell.die, error)
                return
            await asyncio.sleep(WATCH_SECONDS)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """The group rebalances."""
        self.positions.clear()
        lost = self._ensure_consumer()._coordinator.generation == DEFAULT_GENERATION_ID  # noqa: SLF001
        self.shell.session_lost = bool(revoked) and lost
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """The group has decided."""
        self.positions.clear()
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to(self, positions: Mapping[TopicPartition, int]) -> None:
        """Fetch from these positions on. Call it through `call_thread`."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, position in positions.items():
            if tp in assigned:
                consumer.seek(tp, position)
                self.positions[tp] = position

    async def fetch(self, wanted: Collection[TopicPartition]) -> list[Fetch]:
        """Fetch once. Call it through `call_thread`."""
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher  # noqa: SLF001
        if consumer._closed or fetcher._closed:  # noqa: SLF001
            raise ConsumerStoppedError
        known = {tp for tp in wanted if tp in self.positions}
        # the context tells aiokafka that this member is alive
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001
            if not known:
                await asyncio.sleep(NOTHING_WANTED)
                return []
            batches = await self._records(fetcher, known)
        assigned = consumer.assignment()
        return [
            fetch
            for tp in known
            if tp in assigned
            and tp in self.positions
            and (fetch := self._advance(consumer, tp, batches.get(tp, ()))) is not None
        ]

    async def _records(
        self, fetcher: Any, known: set[TopicPartition]
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        try:
            batches: dict[TopicPartition, list[ConsumerRecord]] = await fetcher.fetched_records(
                known, timeout=FETCH_TIMEOUT, max_records=self.shell.settings.chunk_records
            )
        except NoOffsetForPartitionError:
            # left over from before the first seek
            return {}
        except OffsetOutOfRangeError as error:
            for tp in error.args[0]:
                self.parent_loop.call_soon_threadsafe(self.shell.ownership.out_of_range, tp)
            return {}
        return batches

    def _advance(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, records: Collection[ConsumerRecord]
    ) -> Fetch | None:
        # markers and aborted records move the position without bringing anything
        start, end = self.positions[tp], _position(consumer, tp)
        if end is None or end <= start:
            return None
        self.positions[tp] = end
        highwater = consumer.highwater(tp) or end
        stable = consumer.last_stable_offset(tp)
        readable_end = highwater if stable is None or stable < 0 else min(highwater, stable)
        return Fetch(tp, start, end, max(end, readable_end), tuple(records))


def _position(consumer: AIOKafkaConsumer, tp: TopicPartition) -> int | None:
    # aiokafka's own method waits for a position to become valid: as long as a topic is missing,
    # say, and all this time no rebalance could be answered
    state = consumer._subscription.subscription.assignment.state_value(tp)  # noqa: SLF001
    return state.position if state is not None and state.has_valid_position else None


class ChunkConsumer(Consumer):  # type: ignore[misc] # Faust has no types
    """The main thread's side of the consumer."""

    logger = FAUST_LOG

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shell = self.app.shell
        self.shell.ownership.seeker = self
        self._numbers = count(1)

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """The group rebalances."""
        self.shell.ownership.between_assignments = True
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any, generation_id: int = 0) -> None:
        """The group has decided."""
        self.shell.ownership.between_assignments = False
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_to(self, positions: Mapping[TopicPartition, int]) -> None:
        """Fetch from these positions on; partitions not assigned are skipped."""
        if positions:
            await self._thread.call_thread(self._thread.seek_to, positions)

    def fetched(self) -> dict[TopicPartition, int]:
        """The positions fetched up to."""
        return dict(self._thread.positions)

    async def perform_seek(self) -> None:
        """Seek to the positions stored with the state; Faust calls this when it resumes."""
        await self.seek_to(self.shell.ownership.positions())

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:  # noqa: ARG002, ASYNC109
        """Fetch what the inboxes have room for."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        ownership = self.shell.ownership
        generation = self.app.consumer_generation_id
        wanted = ownership.wanted_fetches()
        if not wanted:
            ownership.room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(ownership.room.wait(), ROOM_TIMEOUT)
            wanted = ownership.wanted_fetches()
        fetches = await self._thread.call_thread(self._thread.fetch, wanted)
        if self.should_stop:
            return
        if not self.flow_active or generation != self.app.consumer_generation_id:
            await self.perform_seek()
            return
        for fetch in fetches:
            if not self.flow_active:
                return
            yield fetch.tp, self._to_message(fetch.tp, fetch)

    def _to_message(self, tp: Any, record: Fetch) -> Any:
        # Faust drops a message whose offset is not above the last one; numbers always are
        number = next(self._numbers)
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            number,
            time.time(),
            LOG_APPEND_TIME,
            (),
            None,
            record,
            None,
            0,
            0,
            TP(tp.topic, tp.partition),
            generation_id=self.app.consumer_generation_id,
        )

    async def commit(self, *_: Any, **__: Any) -> bool:
        """Offsets are committed with the state, by `tidegauge.worker.partition`."""
        return False

    async def verify_all_partitions_active(self) -> None:
        """Faust would look for its own commits; the status shows progress instead."""

    def on_buffer_full(self, tp: Any) -> None:
        """A full queue holds up the fetches by itself."""


class ChunkTransport(Transport):  # type: ignore[misc] # Faust has no types
    """Faust's Kafka transport with chunks."""

    Consumer = ChunkConsumer
