"""aiokafka's clients as far as a worker uses them, on the Kafka of `modelkafka`.

What a client does is a row of requests. Each waits in its process' `Link` until somebody serves it,
in any order among the processes, so whatever can happen between two requests can be tried.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Self

from aiokafka import TopicPartition
from aiokafka.errors import (
    ConcurrentTransactions,
    IllegalOperation,
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    ProducerFenced,
)
from aiokafka.structs import OffsetAndMetadata
from modelkafka import OFFSETS, ModelKafka, Read
from modellink import Ask, Link
from steploop import EPOCH, ModelClock

BATCH_RECORDS = 4
RETRY_SECONDS = 0.02
CLOSE_SECONDS = 0.1
MOST_READ = 20


class ModelBatch:
    """What `AIOKafkaProducer.create_batch` gives."""

    def __init__(self) -> None:
        self.records: list[tuple[bytes | None, bytes | None]] = []

    def append(self, *, key: bytes | None, value: bytes | None, **_: Any) -> object | None:
        """Take a record, or return None when full."""
        if len(self.records) == BATCH_RECORDS:
            return None
        self.records.append((key, value))
        return self.records


class ModelProducer:
    """`AIOKafkaProducer` with a transactional id.

    Like aiokafka's, it sends in the background: partitions are added to the transaction before the
    first batch for them, one batch a partition is on its way at a time, and a batch that fails
    fails its future only. Anything else that fails makes the producer useless.
    """

    def __init__(self, link: Link, kafka: ModelKafka, name: str, timeout: float) -> None:
        self._link, self._kafka, self._name, self._timeout = link, kafka, name, timeout
        self._epoch = -1
        self._sequences: dict[TopicPartition, int] = defaultdict(int)
        self._state = "new"
        self._broken: KafkaError | None = None
        self._added: set[TopicPartition] = set()
        self._queues: dict[TopicPartition, deque[tuple[ModelBatch, asyncio.Future[None]]]] = {}
        self._adding = asyncio.Lock()
        self._sending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take the transactional id."""
        while True:
            try:
                self._epoch = await self._link.ask(
                    Ask.TAKE_ID, lambda: self._kafka.init_producer(self._name, self._timeout, self)
                )
            except ConcurrentTransactions:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._state = "ready"
                return

    async def stop(self) -> None:
        """Send no more; what is on its way is waited for."""
        self._state = "stopped"
        if self._sending and not self._link.dead:
            await asyncio.wait(self._sending)
        await asyncio.sleep(CLOSE_SECONDS)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def partitions_for(self, _topic: str) -> set[int]:
        """Metadata is known."""
        return {0}

    async def begin_transaction(self) -> None:
        self._check()
        assert self._state == "ready", f"Invalid state transition from {self._state}"
        self._state = "begun"

    def create_batch(self) -> ModelBatch:
        return ModelBatch()

    async def send_batch(
        self, batch: ModelBatch, topic: str, *, partition: int
    ) -> asyncio.Future[None]:
        self._check()
        if self._state != "begun":
            raise IllegalOperation("Can't send messages while not in transaction")
        delivered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        tp = TopicPartition(topic, partition)
        if tp in self._queues:
            self._queues[tp].append((batch, delivered))
        else:
            self._queues[tp] = deque([(batch, delivered)])
            self._spawn(self._send_all(tp))
        return delivered

    async def send_offsets_to_transaction(
        self, offsets: Mapping[TopicPartition, OffsetAndMetadata], _group: str
    ) -> None:
        self._check()
        if self._state != "begun":
            raise IllegalOperation("Not in the middle of a transaction")
        plain = {tp: offset.offset for tp, offset in offsets.items()}
        await self._ask(Ask.ADD_GROUP, self._adds([OFFSETS]))
        await self._ask(
            Ask.POSITIONS, lambda: self._kafka.commit_offsets(self._name, self._epoch, plain)
        )

    async def commit_transaction(self) -> None:
        self._check()
        assert self._state == "begun", f"Invalid state transition from {self._state}"
        self._state = "committing"
        while self._sending:
            await asyncio.wait(self._sending)
        await self._ask(Ask.COMMIT, lambda: self._kafka.end_transaction(self._name, self._epoch))
        self._added.clear()
        self._state = "ready"

    def _adds(self, tps: Collection[TopicPartition]) -> Callable[[], None]:
        return lambda: self._kafka.add_partitions(self._name, self._epoch, tps)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send_all(self, tp: TopicPartition) -> None:
        try:
            await self._add(tp)
            while queue := self._queues[tp]:
                batch, delivered = queue[0]
                await self._send(tp, batch, delivered)
                queue.popleft()
        except (KafkaError, ConnectionError) as error:
            for _, delivered in self._queues[tp]:
                if not delivered.done():
                    delivered.set_exception(error)
        finally:
            del self._queues[tp]

    async def _add(self, tp: TopicPartition) -> None:
        # one request for all partitions that were queued before anything was awaited
        async with self._adding:
            if tp not in self._added:
                new = sorted(self._queues.keys() - self._added)
                await self._ask(Ask.ADD, self._adds(new))
                self._added.update(new)

    async def _send(
        self, tp: TopicPartition, batch: ModelBatch, delivered: asyncio.Future[None]
    ) -> None:
        self._sequences[tp] += 1
        sequence = self._sequences[tp]
        try:
            await self._ask(
                Ask.PRODUCE,
                lambda: self._kafka.produce(
                    self._name, self._epoch, sequence, tp, tuple(batch.records)
                ),
            )
        except MessageSizeTooLargeError as error:
            if not delivered.done():
                delivered.set_exception(error)
        else:
            if not delivered.done():
                delivered.set_result(None)

    async def _ask(self, ask: Ask, call: Callable[[], Any]) -> None:
        while True:
            self._check()
            try:
                await self._link.ask(ask, call)
            except ConcurrentTransactions:
                await asyncio.sleep(RETRY_SECONDS)
            except MessageSizeTooLargeError:
                raise
            except InvalidProducerEpoch:
                self._broken = ProducerFenced()
            except KafkaError as error:
                self._broken = error
            else:
                return

    def _check(self) -> None:
        if self._broken is not None:
            raise self._broken


class ModelConsumer:
    """`AIOKafkaConsumer` without a group."""

    def __init__(self, link: Link, kafka: ModelKafka, *, committed: bool) -> None:
        self._link, self._kafka, self._committed = link, kafka, committed
        self._position = 0

    async def start(self) -> None:
        await self._link.ask(Ask.ENDS, lambda: None)

    async def stop(self) -> None:
        """Connections are closed in their own time."""
        await asyncio.sleep(CLOSE_SECONDS)

    def assign(self, tps: Collection[TopicPartition]) -> None:
        """Positions come by `seek`."""

    def seek(self, _tp: TopicPartition, position: int) -> None:
        self._position = position

    async def position(self, _tp: TopicPartition) -> int:
        return self._position

    async def beginning_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        logs = {tp: self._kafka.logs[tp] for tp in tps}
        found: dict[TopicPartition, int] = await self._link.ask(
            Ask.ENDS, lambda: {tp: log.start for tp, log in logs.items()}
        )
        return found

    async def end_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        logs = {tp: self._kafka.logs[tp] for tp in tps}
        found: dict[TopicPartition, int] = await self._link.ask(
            Ask.ENDS,
            lambda: {tp: log.stable if self._committed else log.end for tp, log in logs.items()},
        )
        return found

    async def getmany(
        self, tp: TopicPartition, timeout_ms: int, max_records: int
    ) -> dict[TopicPartition, list[Any]]:
        read: Read = await self._link.ask(
            Ask.READ,
            lambda: self._kafka.logs[tp].read(
                self._position, min(max_records, MOST_READ), committed=self._committed
            ),
        )
        if read.position == self._position:
            await asyncio.sleep(timeout_ms / 1000)
        self._position = read.position
        return {tp: read.records}


class ModelAdmin:
    """`AIOKafkaAdminClient`, as far as groups go."""

    def __init__(self, link: Link, kafka: ModelKafka) -> None:
        self._link, self._kafka = link, kafka

    async def start(self) -> None:
        """The request itself shows whether the broker answers."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def list_consumer_group_offsets(
        self, _group: str, *, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        found: dict[TopicPartition, int] = await self._link.ask(
            Ask.GROUP, lambda: self._kafka.group_offsets(partitions)
        )
        return {tp: OffsetAndMetadata(offset, "") for tp, offset in found.items()}


class ModelOutside:
    """`tidegauge.worker.outside.Outside`, for one process."""

    def __init__(self, link: Link, kafka: ModelKafka, clock: ModelClock) -> None:
        self._link, self._kafka, self._clock = link, kafka, clock

    def producer(
        self, *, transactional_id: str, transaction_timeout_ms: int, **_: Any
    ) -> ModelProducer:
        timeout = transaction_timeout_ms / 1000
        return ModelProducer(self._link, self._kafka, transactional_id, timeout)

    def consumer(self, *, isolation_level: str = "read_uncommitted", **_: Any) -> ModelConsumer:
        committed = isolation_level == "read_committed"
        return ModelConsumer(self._link, self._kafka, committed=committed)

    def admin(self) -> ModelAdmin:
        return ModelAdmin(self._link, self._kafka)

    def now(self) -> float:
        return EPOCH + self._clock.seconds

    def monotonic(self) -> float:
        return self._clock.seconds
