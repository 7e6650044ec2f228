"""Which partitions this worker owns, through rebalances.

Partitions are sticky: at a revocation they are committed and parked, and only those that did not
come back are closed. A partition that is being restored goes on through a rebalance. After a lost
session everything is dropped without a commit, since others may have moved on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from typing import Protocol

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tidegauge.worker.changelog import repartitioned
from tidegauge.worker.cluster import partition_counts
from tidegauge.worker.exits import RefusedError
from tidegauge.worker.inbox import Admission, Fetch
from tidegauge.worker.logends import LogEnds
from tidegauge.worker.opening import Opener
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.partition import Partition
from tidegauge.worker.stage import StageSpec
from tidegauge.worker.status import PartitionState, PartitionStatus

log = logging.getLogger(__name__)

Key = tuple[str, int]
CLOSING_SECONDS = 5.0
LOOK_SECONDS = 1.0
LATE_SECONDS = 0.1


def check_equal_counts(spec: StageSpec, counts: Mapping[str, int]) -> None:
    """Refuse inputs of a stage that are not co-partitioned.

    Args:
        spec: The stage.
        counts: Partition counts by topic; topics that are missing are left out.

    Raises:
        RefusedError: The counts differ.
    """
    inputs = {topic: counts[topic] for topic in spec.inputs if topic in counts}
    if len(set(inputs.values())) > 1:
        raise RefusedError(
            f"the inputs of stage {spec.name} need equal partition counts, found {inputs}; "
            f"see: tidegauge topics describe"
        )


class Seeker(Protocol):
    """The consumer, as far as positions go."""

    async def seek_to(self, positions: dict[TopicPartition, int]) -> None:
        """Continue fetching from these positions; partitions not assigned are skipped."""

    def fetched(self) -> dict[TopicPartition, int]:
        """The positions fetched up to."""


class Ownership:
    """The partitions of all stages on this worker.

    Args:
        settings: Settings of the shell.
        specs: The stages.
        log_ends: Ends of the input logs.
        welcome: Told of each partition just before it becomes active.
        die: Ends the worker for a reason.
    """

    def __init__(
        self,
        settings: ShellSettings,
        specs: Collection[StageSpec],
        log_ends: LogEnds,
        welcome: Callable[[Partition], Awaitable[None]],
        die: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._specs = {spec.name: spec for spec in specs}
        self._spec_of = {topic: spec for spec in specs for topic in spec.inputs}
        self._log_ends = log_ends
        self._opener = Opener(settings, log_ends)
        self._welcome = welcome
        self._die = die
        self._partitions: dict[Key, Partition] = {}
        self._openings: dict[Partition, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._skipping: set[TopicPartition] = set()
        self.counts: Mapping[str, int] = {}
        """How many partitions the input topics had when this worker began."""
        self.seeker: Seeker | None = None
        self.work = asyncio.Event()
        self.room = asyncio.Event()
        self.between_assignments = True
        self.rebalances = 0

    def __iter__(self) -> Iterator[Partition]:
        return iter(list(self._partitions.values()))

    # rebalances

    async def revoked(self, *, session_lost: bool) -> None:
        """The group rebalances: commit and park everything, or drop it after a lost session."""
        self.rebalances += 1
        partitions = list(self)
        for partition in partitions:
            partition.park()
        if session_lost:
            log.warning("event=session_lost partitions=%d", len(partitions))
            await self._drop(list(self._partitions))
        else:
            await self.commit_all()

    async def settle(self, assigned: Collection[TopicPartition]) -> None:
        """The group has decided: close what went, wake what stayed, open what is new."""
        if self.between_assignments:
            return
        for tp in assigned:
            before = self.counts.get(tp.topic)
            if before is not None and tp.partition >= before:
                raise repartitioned(tp.topic, before, tp.partition + 1)
        rebalances = self.rebalances
        wanted = self._wanted(assigned)
        await self._drop([key for key in self._partitions if key not in wanted])
        if self.between_assignments or self.rebalances != rebalances:
            return  # closing took so long that the group has begun to decide anew
        for stage, number in sorted(wanted - self._partitions.keys()):
            self._begin(self._specs[stage], number)
        for partition in self:
            if partition.state is PartitionState.PARKED:
                partition.activate()
        self.room.set()

    def _wanted(self, assigned: Collection[TopicPartition]) -> set[Key]:
        wanted = set()
        for tp in assigned:
            spec = self._spec_of.get(tp.topic)
            if spec is None:
                continue
            if all(TopicPartition(topic, tp.partition) in assigned for topic in spec.inputs):
                wanted.add((spec.name, tp.partition))
            else:
                log.warning("event=assigned_alone topic=%s partition=%d", tp.topic, tp.partition)
                self._spawn(self._check_counts(spec))
        return wanted

    async def _check_counts(self, spec: StageSpec) -> None:
        # the leader's metadata lack topics right after a broker's start; it assigns again soon
        try:
            counts = await partition_counts(self._settings.outside, spec.inputs)
        except (KafkaError, OSError):
            return
        check_equal_counts(spec, counts)

    def _begin(self, spec: StageSpec, number: int) -> None:
        partition = Partition(spec, number, self._settings, self._log_ends, self.work.set)
        self._partitions[spec.name, number] = partition
        self._openings[partition] = self._spawn(self._run(partition))

    async def _run(self, partition: Partition) -> None:
        try:
            await self._opener.open(partition)
            await self._welcome(partition)
        finally:
            self._openings.pop(partition, None)
        if self.between_assignments:
            partition.state = PartitionState.PARKED
        else:
            partition.activate()
            await self._seek(partition)
        await partition.commit_regularly()

    async def _drop(self, keys: Collection[Key]) -> None:
        dropped = []
        for key in keys:
            partition = self._partitions.pop(key)
            if (opening := self._openings.pop(partition, None)) is not None:
                opening.cancel()
            dropped.append(partition)
            log.info("event=closed %s", partition)
        if dropped:
            closing = [asyncio.ensure_future(partition.close()) for partition in dropped]
            await asyncio.wait(closing, timeout=CLOSING_SECONDS)

    async def commit_all(self) -> None:
        """Commit every partition that has changed."""
        held = [p for p in self if p.state is PartitionState.PARKED or p.active]
        await asyncio.gather(*(partition.commit() for partition in held))

    async def shut_down(self) -> None:
        """Commit for the last time and give everything up."""
        self.between_assignments = True
        for partition in self:
            partition.park()
        await self.commit_all()
        await self._drop(list(self._partitions))

    # positions, as the transport asks for them

    def positions(self) -> dict[TopicPartition, int]:
        """Where fetching must continue."""
        return {tp: at for p in self if p.active for tp, at in p.positions().items()}

    def wanted_fetches(self) -> set[TopicPartition]:
        """Topic partitions whose inbox has room."""
        return {
            tp
            for partition in self
            for topic, tp in partition.tps.items()
            if partition.has_room(topic)
        }

    def deliver(self, fetch: Fetch) -> None:
        """Take a fetch from the transport."""
        partition = self._find(fetch.tp)
        if partition is None or not partition.active:
            return
        if partition.admit(fetch) is Admission.GAP:
            inbox = partition.inboxes[fetch.tp.topic]
            log.warning(
                "event=gap %s topic=%s expected=%d got=%d",
                partition,
                fetch.tp.topic,
                inbox.expected,
                fetch.start,
            )
            self._spawn(self._seek_topic(partition, fetch.tp.topic))
        else:
            self.work.set()

    def out_of_range(self, tp: TopicPartition) -> None:
        """The log no longer holds the position asked for; told again until that has changed."""
        if tp not in self._skipping:
            self._skipping.add(tp)
            self._spawn(self._skip_lost(tp))

    async def _skip_lost(self, tp: TopicPartition) -> None:
        try:
            start = (await self._log_ends.starts([tp]))[tp]
            end = (await self._log_ends.ends([tp]))[tp]
        except KafkaError as error:
            log.warning("event=broker_missing doing=%r error=%r", "finding the log's start", error)
            return
        finally:
            self._skipping.discard(tp)
        partition = self._find(tp)
        if partition is None or not partition.active:
            return
        position = partition.marks[tp.topic].position
        if position > end:
            raise RefusedError(
                f"{partition}: {tp.topic}-{tp.partition} ends at {end}, before the position "
                f"{position} already processed: the topic was truncated or made anew."
            )
        if position < start:
            partition.lose(tp.topic, start)
        await self._seek_topic(partition, tp.topic)

    async def _seek(self, partition: Partition) -> None:
        if self.seeker is not None:
            await self.seeker.seek_to(partition.positions())
            self.room.set()

    async def _seek_topic(self, partition: Partition, topic: str) -> None:
        if self.seeker is not None and partition.active:
            tp = partition.tps[topic]
            await self.seeker.seek_to({tp: partition.inboxes[topic].expected})
            self.room.set()

    async def watch_for_losses(self, fetched: Callable[[], dict[TopicPartition, int]]) -> None:
        """Seek back where records were fetched and never came.

        Args:
            fetched: The positions the transport has fetched up to.
        """
        suspicious: dict[TopicPartition, tuple[int, int]] = {}
        while True:
            asked = self._settings.outside.monotonic()
            await asyncio.sleep(LOOK_SECONDS)
            if self._settings.outside.monotonic() - asked > LOOK_SECONDS + LATE_SECONDS:
                continue  # the loop was busy, and what was fetched meanwhile is on its way here
            seen = {}
            for tp, position in fetched().items():
                partition = self._find(tp)
                if partition is None or not partition.active:
                    continue
                expected = partition.inboxes[tp.topic].expected
                if position != expected:
                    seen[tp] = (position, expected)
                if suspicious.get(tp) == (position, expected):
                    partition.count_seek_back()
                    log.warning(
                        "event=seek_back %s topic=%s fetched=%d expected=%d",
                        partition,
                        tp.topic,
                        position,
                        expected,
                    )
                    await self._seek_topic(partition, tp.topic)
            suspicious = seen

    # the rest

    def watched(self) -> list[TopicPartition]:
        """The topic partitions whose ends matter."""
        return [tp for partition in self for tp in partition.tps.values()]

    def statuses(self) -> tuple[PartitionStatus, ...]:
        """What is known of each partition."""
        return tuple(partition.status() for partition in self)

    def _find(self, tp: TopicPartition) -> Partition | None:
        spec = self._spec_of.get(tp.topic)
        return None if spec is None else self._partitions.get((spec.name, tp.partition))

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._die(error)
