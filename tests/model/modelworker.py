"""A worker process of the model: the product's own parts, and a stand-in for Faust.

The stand-in fetches, and passes on what the group decides. It is less orderly than Faust: fetches
can be lost or come twice, and what the group tells one worker need not fit what it tells another.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from enum import Enum, auto

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError
from countstage import count_specs
from modelclients import ModelOutside
from modelkafka import ModelKafka, Read, Record
from modellink import Ask, Link
from steploop import ModelClock, StepLoop

from tidegauge.worker.inbox import Fetch
from tidegauge.worker.logends import LogEnds
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.ownership import Ownership
from tidegauge.worker.partition import Partition
from tidegauge.worker.pump import pump

GROUP = "model"
TRANSACTION_SECONDS = 5.0
CRASH_SECONDS = 3.0
POLL_SECONDS = 0.4
CHUNK_RECORDS = 3


class Standing(Enum):
    """What the group and a worker think of each other."""

    STARTING = auto()
    JOINED = auto()
    """It waits to be told what it owns."""
    ASSIGNED = auto()
    LEAVING = auto()
    """It has been told to let go, and has not finished."""


class PlantedBugError(Exception):
    """Raised by a stage that was told to."""


class ModelWorker:
    """One process.

    Args:
        name: For messages.
        kafka: The cluster.
        clock: The time.
    """

    def __init__(self, name: str, kafka: ModelKafka, clock: ModelClock) -> None:
        self.name = name
        self.loop = StepLoop(clock)
        self.link = Link(self.loop)
        self.frozen = False
        self.standing = Standing.STARTING
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.death: BaseException | None = None
        self.ends_at = float("inf")
        self.loses = 0
        self.repeats = 0
        self.bug_in: int | None = None
        self.has_stopped = False
        self._kafka = kafka
        self._clock = clock
        self._fetched: dict[TopicPartition, int] = {}
        self._generation = 0
        outside = ModelOutside(self.link, kafka, clock)
        settings = ShellSettings(
            GROUP,
            outside,
            commit_records=5,
            batch_records=2,
            transaction_timeout=TRANSACTION_SECONDS,
            open_at_once=2,
        )
        self.log_ends = LogEnds(settings.outside, settings.look_interval, self._watched)
        self.ownership = Ownership(
            settings, count_specs(self._told), self.log_ends, self._welcome, self._die
        )
        self.ownership.seeker = self
        self._spawn(self._main())

    def __repr__(self) -> str:
        return self.name

    # the parts, as `tidegauge.worker.shell` ties them together

    async def _main(self) -> None:
        await self.log_ends.start()
        for work in (
            self.log_ends.run(),
            pump(self.ownership),
            self.ownership.watch_for_losses(self.fetched),
            self._fetch_for_ever(),
        ):
            self._spawn(work)
        self.standing = Standing.JOINED

    def _watched(self) -> list[TopicPartition]:
        return self.ownership.watched()

    async def _welcome(self, partition: Partition) -> None:
        """There is no broadcast topic."""

    def _told(self, record: Record) -> None:
        if self.bug_in is not None:
            self.bug_in -= 1
            if self.bug_in < 0:
                self.bug_in = None
                raise PlantedBugError(f"told of {record}")

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work, loop=self.loop)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Future[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._die(error)

    def _die(self, error: BaseException) -> None:
        if self.death is None and not self.link.dead:
            self.death = error
            self.ends_at = self._clock.seconds + CRASH_SECONDS

    # what the group tells it

    def revoke(self, *, session_lost: bool) -> None:
        """The group rebalances, or has given this worker up."""
        self.standing = Standing.LEAVING
        self.ownership.between_assignments = True
        self._generation += 1
        self._fetched.clear()
        self._spawn(self._revoke(session_lost=session_lost))

    async def _revoke(self, *, session_lost: bool) -> None:
        if self.death is None:
            await self.ownership.revoked(session_lost=session_lost)
        self.standing = Standing.JOINED

    def assign(self, assigned: Iterable[TopicPartition]) -> None:
        """The group has decided."""
        self.standing = Standing.ASSIGNED
        self.assigned = frozenset(assigned)
        self.ownership.between_assignments = False
        self._generation += 1
        self._fetched.clear()
        self._spawn(self._settle())

    async def _settle(self) -> None:
        await self.ownership.settle(self.assigned)
        await self.seek_to(self.ownership.positions())

    def stop(self) -> None:
        """As SIGTERM: commit for the last time, and end."""
        self.standing = Standing.LEAVING
        self._fetched.clear()
        self._spawn(self._stop())

    async def _stop(self) -> None:
        await self.ownership.shut_down()
        self.has_stopped = True

    # fetching

    async def seek_to(self, positions: Mapping[TopicPartition, int]) -> None:
        """Continue fetching from these positions, once the consumer's thread hears of it."""
        wanted = dict(positions)
        await self.link.ask(Ask.SEEK, lambda: None)
        self._fetched.update({tp: at for tp, at in wanted.items() if tp in self.assigned})

    def fetched(self) -> dict[TopicPartition, int]:
        """The positions fetched up to."""
        return dict(self._fetched)

    async def _fetch_for_ever(self) -> None:
        while True:
            wanted = sorted(self.ownership.wanted_fetches() & self._fetched.keys())
            generation = self._generation
            fetches = await self._fetch(wanted) if wanted else []
            if generation != self._generation:
                await self.seek_to(self.ownership.positions())
                continue
            for fetch in fetches:
                self._pass_on(fetch)
            if not fetches:
                self.ownership.room.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.ownership.room.wait(), POLL_SECONDS)

    async def _fetch(self, wanted: list[TopicPartition]) -> list[Fetch]:
        starts = {tp: self._fetched[tp] for tp in wanted}
        try:
            reads: list[Read] = await self.link.ask(
                Ask.READ,
                lambda: [self._kafka.logs[tp].read(at, CHUNK_RECORDS) for tp, at in starts.items()],
            )
        except OffsetOutOfRangeError as error:
            for tp in error.args[0]:
                self.ownership.out_of_range(tp)
            return []
        except KafkaConnectionError:
            return []  # aiokafka's fetcher asks again
        fetches = []
        for (tp, start), read in zip(starts.items(), reads, strict=True):
            if read.position > start and self._fetched.get(tp) == start:
                self._fetched[tp] = read.position
                stable = max(read.position, min(read.highwater, read.stable))
                fetches.append(Fetch(tp, start, read.position, stable, read.records))
        return fetches

    def _pass_on(self, fetch: Fetch) -> None:
        if self.loses:
            self.loses -= 1
            return
        self.ownership.deliver(fetch)
        if self.repeats:
            self.repeats -= 1
            self.ownership.deliver(fetch)

    # the end

    def kill(self) -> None:
        """End at once; what is on its way to the cluster may still arrive."""
        self.link.dead = True
        self.loop.end()
