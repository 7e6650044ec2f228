"""What runs beside Faust in a worker, and how the worker ends."""

import asyncio
import gc
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from aiokafka.errors import KafkaError

from tidegauge.kafka.admin import ClusterError
from tidegauge.worker import changelog
from tidegauge.worker.backoff import Backoff
from tidegauge.worker.broadcast import Broadcast
from tidegauge.worker.cluster import partition_counts
from tidegauge.worker.exits import COMMIT_FAILED, OK, RefusedError, exit_code
from tidegauge.worker.logends import LogEnds
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.ownership import Ownership, check_equal_counts
from tidegauge.worker.partition import Partition
from tidegauge.worker.pump import pump
from tidegauge.worker.restoring import restoring
from tidegauge.worker.slowcommits import SlowCommits
from tidegauge.worker.stage import StageSpec
from tidegauge.worker.status import PartitionState, Phase, StatusBoard

log = logging.getLogger(__name__)

CRASH_SECONDS = 3.0
CLOSE_SECONDS = 5.0
PUBLISH_SECONDS = 0.5


class Shell:
    """Ties stages, ownership, clocks and status together around one Faust app.

    Args:
        settings: Settings of the shell.
        specs: The stages.
        board: Where the status is left.
        on_topics: Told how many partitions each topic has, before any stage is made. A
            `ClusterError` of it is waited out.
        on_status: Called whenever the status was left anew.
    """

    def __init__(
        self,
        settings: ShellSettings,
        specs: Collection[StageSpec],
        board: StatusBoard,
        on_topics: Callable[[Mapping[str, int]], None],
        on_status: Callable[[], None],
    ) -> None:
        self.settings = settings
        self._on_topics = on_topics
        self._on_status = on_status
        self.specs = tuple(specs)
        self.board = board
        self.app: Any = None
        self.death: BaseException | None = None
        self.session_lost = False
        self.log_ends = LogEnds(settings.outside, settings.look_interval, self._watched)
        self.ownership = Ownership(settings, specs, self.log_ends, self._welcome, self.die)
        self._broadcasts = {
            spec.name: Broadcast(settings.outside, spec.broadcast, self._teller(spec.name))
            for spec in specs
            if spec.broadcast is not None
        }
        self._slow_commits = SlowCommits(settings.transaction_timeout)
        self._tasks: list[asyncio.Task[None]] = []
        self._timers: list[threading.Timer] = []

    # life

    async def prepare(self) -> None:
        """Wait for the broker, check the topics, start what runs beside Faust.

        Raises:
            RefusedError: Topics are missing or do not fit together, or the stored state was made
                under other settings.
        """
        # few cycles are made here; the default makes the collector scan large states all the time
        gc.set_threshold(500_000, 20, 100)
        self.board.phase(Phase.WAITING_FOR_BROKER)
        await self.log_ends.start()
        await self._check_topics()
        await self._check_state()
        self.board.phase(Phase.JOINING)
        for work in (
            self.log_ends.run(),
            pump(self.ownership),
            self.ownership.watch_for_losses(self._fetched),
            self._publish(),
            *(broadcast.run() for broadcast in self._broadcasts.values()),
        ):
            self._run(work)

    def _run(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.die(error)

    async def _check_topics(self) -> None:
        topics = {
            topic
            for spec in self.specs
            for topic in (*spec.inputs, spec.changelog, *spec.outputs, spec.broadcast)
            if topic is not None
        }
        backoff = Backoff("reading the topics")
        while True:
            try:
                counts = await partition_counts(self.settings.outside, topics)
                missing = sorted(topics - counts.keys())
                if missing:
                    raise RefusedError(
                        f"topics {missing} do not exist; create them with: tidegauge topics create"
                    )
                self._on_topics(counts)
                break
            except (KafkaError, OSError, ClusterError) as error:
                await backoff.wait(error)
        self.ownership.counts = counts
        for spec in self.specs:
            check_equal_counts(spec, counts)
            inputs = {topic: counts[topic] for topic in spec.inputs}
            if counts[spec.changelog] < max(inputs.values()):
                raise RefusedError(
                    f"{spec.changelog} has {counts[spec.changelog]} partitions, fewer than the "
                    f"inputs of stage {spec.name} ({inputs}); see: tidegauge topics describe"
                )

    async def _check_state(self) -> None:
        # each partition is checked when it is opened; this is before the group is disturbed
        backoff = Backoff("reading the settings of the stored state")
        for spec in self.specs:
            while True:
                try:
                    found = await changelog.read_beginning(self.settings.outside, spec, 0)
                    break
                except (KafkaError, OSError) as error:
                    await backoff.wait(error)
            count = self.ownership.counts[spec.inputs[0]]
            changelog.check_meta(spec, 0, found, count)

    # rebalances, called by Faust

    async def on_revoked(self, *_: Any, **__: Any) -> None:
        """Commit and park, or drop."""
        if self.death is not None:
            return
        try:
            await self.ownership.revoked(session_lost=self.session_lost)
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on
            self.die(error)

    async def on_rebalance_complete(self, *_: Any, **__: Any) -> None:
        """Open and close partitions."""
        try:
            await self.ownership.settle(self.app.consumer.assignment())
        except Exception as error:  # noqa: BLE001 - Faust would log it and go on
            self.die(error)

    async def on_before_shutdown(self, *_: Any, **__: Any) -> None:
        """Commit for the last time."""
        if self.death is None:
            self.board.phase(Phase.STOPPING)
            try:
                await self.ownership.shut_down()
            except Exception as error:  # noqa: BLE001 - Faust would log it and go on
                self.die(error)
            else:
                # everything is saved; aiokafka can hang in a rebalance at this point
                self.exit_after(CLOSE_SECONDS, OK)
        for task in self._tasks:
            task.cancel()
        await self.log_ends.stop()

    # the end

    def die(self, error: BaseException) -> None:
        """End the worker because of an error; the first one decides the exit code."""
        if self.death is not None:
            return
        self.death = error
        code = exit_code(error)
        log.critical(
            "event=worker_dies exit_code=%d error=%r",
            code,
            str(error) or repr(error),
            exc_info=None if isinstance(error, RefusedError) else error,
        )
        self.board.phase(Phase.FAILED, str(error) or repr(error))
        self.exit_after(CRASH_SECONDS, code)
        self._run(self.app.crash(error))

    def stop_requested(self) -> None:
        """A signal asked the worker to stop; it will not take longer than the settings say."""
        self.board.phase(Phase.STOPPING)
        self.exit_after(self.settings.shutdown_timeout, COMMIT_FAILED)

    def exit_after(self, seconds: float, code: int) -> None:
        """End the process, whatever still hangs, unless `stay` is called before."""

        def leave() -> None:
            log.critical("event=exit_forced exit_code=%d", code)
            os._exit(code)

        timer = threading.Timer(seconds, leave)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def stay(self) -> None:
        """The worker has ended by itself; the process may go on."""
        for timer in self._timers:
            timer.cancel()

    # between the parts

    async def handle(self, fetches: Any) -> None:
        """The agent: take fetches from Faust's stream."""
        async for fetch in fetches:
            self.ownership.deliver(fetch)

    async def _welcome(self, partition: Partition) -> None:
        broadcast = self._broadcasts.get(partition.spec.name)
        if broadcast is not None:
            await broadcast.welcome(partition)

    def _teller(self, stage: str) -> Any:
        def tell(key: bytes, value: bytes | None) -> None:
            for partition in self.ownership:
                told = partition.state in {PartitionState.ACTIVE, PartitionState.PARKED}
                if partition.spec.name == stage and told:
                    partition.broadcast(key, value)

        return tell

    def _watched(self) -> list[Any]:
        return self.ownership.watched()

    def _fetched(self) -> dict[Any, int]:
        seeker = self.ownership.seeker
        return {} if seeker is None else seeker.fetched()

    async def _publish(self) -> None:
        while True:
            self.board.partitions(self.ownership.statuses(), self.ownership.rebalances)
            self.board.phase(*self._phase())
            self._on_status()
            await asyncio.sleep(PUBLISH_SECONDS)

    def _phase(self) -> tuple[Phase, str]:
        current = self.board.read().phase
        if current in {Phase.STOPPING, Phase.FAILED}:
            return current, self.board.read().detail
        if (silent := self.log_ends.silent_seconds()) > 0:
            return Phase.WAITING_FOR_BROKER, f"no answer for {silent:.0f} s"
        if not self.ownership.between_assignments:
            known = self.board.read().partitions
            slow = self._slow_commits.look(known)
            return Phase.RUNNING, "; ".join(filter(None, (restoring(known), slow)))
        return (Phase.REBALANCING if self.ownership.rebalances > 1 else Phase.JOINING), ""
