"""One partition of one stage on this worker: its state, its positions, its transactions.

Correctness rests on order, not on the group protocol: taking the transactional id fences every
earlier owner and settles its last transaction; only then is the changelog read; and everything is
written with that id alone. An owner that lost the partition without noticing fails its next commit.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec
from aiokafka import AIOKafkaProducer, ConsumerRecord, TopicPartition

from tidegauge.worker import changelog, transaction
from tidegauge.worker.backoff import commit_pause, skipped
from tidegauge.worker.changelog import Mark
from tidegauge.worker.exits import CommitError, StageError
from tidegauge.worker.inbox import Admission, Fetch, Inbox
from tidegauge.worker.linger import Linger
from tidegauge.worker.logends import LogEnds
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.quarantine import DIED, Death, Quarantine
from tidegauge.worker.reading import Reading
from tidegauge.worker.stage import RESERVED_PREFIX, Chunk, Output, Records, Stage, StageSpec
from tidegauge.worker.status import Counters, PartitionState, PartitionStatus, TopicStatus

log = logging.getLogger(__name__)

T = TypeVar("T")

PREFERENCE_PATIENCE = 10.0
"""Seconds a preferred topic may keep the others waiting without bringing anything."""
SET_ASIDE_COMMAND = "tidegauge worker --set-aside"
SET_ASIDE_REASON = "set aside by hand: the stage failed on it"
FAR_BEHIND_BATCHES = 2
"""Largest batches still to be read, beyond which a partition commits more seldom."""


class Partition:
    """State, positions and commits of one partition; `tidegauge.worker.opening` makes it active.

    Args:
        spec: The stage.
        number: The partition.
        settings: Settings of the shell.
        log_ends: Ends of the input logs.
        wake: Called when there may be something to process.
    """

    def __init__(
        self,
        spec: StageSpec,
        number: int,
        settings: ShellSettings,
        log_ends: LogEnds,
        wake: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.number = number
        self.state = PartitionState.OPENING
        self.tps = {topic: TopicPartition(topic, number) for topic in spec.inputs}
        self.inboxes = {topic: Inbox() for topic in spec.inputs}
        # more than a chunk is not fetched while so many wait
        enough = min(settings.batch_records, settings.chunk_records)
        self.linger = Linger(self.inboxes, enough)
        self.marks = {topic: Mark() for topic in spec.inputs}
        self.counters = Counters()
        self.partitions = 0
        self.restored = 0
        self.restore_total = 0
        self.meta_due = False
        self.quarantine = Quarantine()
        self.stage: Stage = spec.make_stage(number)
        self.producer: AIOKafkaProducer | None = None
        self._settings = settings
        self._log_ends = log_ends
        self._wake = wake
        self._saved: dict[str, int] = {}
        self._reading = Reading(self.tps, log_ends)
        self._committing = asyncio.Lock()
        self._commit_began: float | None = None
        self._commit_now = asyncio.Event()
        self._dead_letters: list[Output] = []
        self._last_progress = self._settings.outside.now()

    def __str__(self) -> str:
        return f"stage={self.spec.name} partition={self.number}"

    @property
    def active(self) -> bool:
        """Whether its records count."""
        return self.state is PartitionState.ACTIVE

    @property
    def closed(self) -> bool:
        """Whether nothing of it may be committed any more."""
        return self.state is PartitionState.CLOSED

    # positions

    def load_marks(self, marks: Mapping[str, Mark]) -> None:
        """Continue from stored positions."""
        for topic in self.spec.inputs:
            self.marks[topic] = marks.get(topic, Mark())
        self._saved = {topic: mark.position for topic, mark in self.marks.items()}

    def positions(self) -> dict[TopicPartition, int]:
        """Next offset to process, by input topic partition."""
        return {self.tps[topic]: mark.position for topic, mark in self.marks.items()}

    def lose(self, topic: str, log_start: int) -> None:
        """Count what retention removed before it was read, and continue after it."""
        mark = self.marks[topic]
        lost = log_start - mark.position
        mark.lost += lost
        mark.position = log_start
        self.inboxes[topic].reset(log_start)
        log.error(
            "event=records_lost %s topic=%s offsets=%d..%d count=%d reason=%r",
            self,
            topic,
            log_start - lost,
            log_start - 1,
            lost,
            "retention removed them before they were read",
        )

    # life

    def finish_restore(self) -> None:
        """The changelog is read and checked."""
        self._guard(self.stage.restored, "restored")

    def activate(self) -> None:
        """Let records count, from the positions reached."""
        for topic, mark in self.marks.items():
            self.inboxes[topic].reset(mark.position)
        self._reading.restart()
        self._last_progress = self._settings.outside.now()
        self.state = PartitionState.ACTIVE

    def park(self) -> None:
        """Let no record count, but keep state and producer."""
        if self.active:
            self.state = PartitionState.PARKED
            for topic, mark in self.marks.items():
                self.inboxes[topic].reset(mark.position)

    async def close(self) -> None:
        """Give up state and producer; what is not committed is lost here and in the log again."""
        self.state = PartitionState.CLOSED
        if self.producer is not None:
            producer, self.producer = self.producer, None
            await producer.stop()

    # records

    def has_room(self, topic: str) -> bool:
        """Whether another fetch of a topic is wanted."""
        return self.active and len(self.inboxes[topic]) < self._settings.chunk_records

    def admit(self, fetch: Fetch) -> Admission:
        """Queue a fetch, trim it or refuse it."""
        admission = self.inboxes[fetch.tp.topic].admit(fetch)
        self._reading.fetched(fetch)
        match admission:
            case Admission.GAP:
                self._count(gaps=1)
            case Admission.TRIMMED:
                self._count(trims=1)
            case Admission.DUPLICATE:
                self._count(duplicates=1)
            case Admission.TAKEN:
                pass
        return admission

    def count_seek_back(self) -> None:
        """The watchdog found records that were fetched and never came."""
        self._count(seek_backs=1)

    def next_topic(self) -> str | None:
        """The topic to process next, or None when nothing may be processed now."""
        if not self.active or self._overfull() or not self.linger.over():
            return None
        waiting = {
            topic: head
            for topic, inbox in self.inboxes.items()
            if (head := inbox.head_time()) is not None
        }
        if not waiting:
            return None
        if self.spec.first in waiting:
            return self.spec.first
        preferred = self._guard(self.stage.preferred, "preferred")
        if preferred is not None and preferred not in waiting and self._worth_waiting(preferred):
            return None
        if preferred in waiting:
            return preferred
        return min(waiting, key=lambda topic: waiting[topic])

    def _worth_waiting(self, topic: str) -> bool:
        more = self.marks[topic].position < self._reading.readable(topic)
        idle = self._settings.outside.now() - self._last_progress
        return more and idle < PREFERENCE_PATIENCE

    def _overfull(self) -> bool:
        # the next commit cannot begin before the one under way ends, so changes would pile up
        return self._committing.locked() and self.stage.dirty > 2 * self._settings.commit_records

    def process(self, topic: str) -> None:
        """Process the oldest records of a topic."""
        fetch = self.inboxes[topic].pop(self._settings.chunk_records)
        for piece in self.quarantine.pieces(fetch):
            self._set_aside(topic, piece.aside)
            self._process(topic, piece.fetch)
            mark = self.marks[topic]
            mark.position = piece.fetch.end
            mark.records += len(piece.fetch.records) + len(piece.aside)
            self.quarantine.passed(topic, mark.position)
        self._last_progress = self._settings.outside.now()
        self._count(chunks=1, records=len(fetch.records))
        self.linger.look()
        if self.stage.dirty > self._settings.commit_records:
            self._commit_now.set()

    def _process(self, topic: str, fetch: Fetch) -> None:
        chunk = Chunk(
            topic=topic,
            partition=self.number,
            start=fetch.start,
            end=fetch.end,
            readable_end=fetch.readable_end,
            complete_until_ms=self._reading.complete_until(topic, fetch),
            records=tuple(fetch.records),
        )
        try:
            self.stage.process(chunk)
        except Exception as error:
            self._give_up()
            death = self.quarantine.failed(fetch, getattr(error, "offset", None))
            raise StageError(
                f"{self} failed on topic={topic} offsets={death.start}..{death.end - 1} "
                f"deaths={death.times}: {error!r}. {self._remedy(death)}"
            ) from error

    def _remedy(self, death: Death) -> str:
        if death.end - death.start > 1:
            return "The restarted worker reads these records one by one to find the one."
        return (
            f"If it fails again, move the record to the dead letters with: {SET_ASIDE_COMMAND} "
            f"{self.spec.name}/{death.topic}/{self.number}/{death.start}"
        )

    def _set_aside(self, topic: str, records: tuple[ConsumerRecord, ...]) -> None:
        for record in records:
            log.warning("event=set_aside %s topic=%s offset=%d", self, topic, record.offset)
            self.marks[topic].set_aside += 1
            if self.spec.dead_letter is not None:
                self._dead_letters.append(self.spec.dead_letter(record, SET_ASIDE_REASON))

    async def note_death(self) -> None:
        """Leave word of the range the stage died on; nothing else is committed any more."""
        async with self._committing:
            if self.producer is not None and self.quarantine.death is not None:
                value = msgspec.json.encode(self.quarantine.death)
                note = Output(self.spec.changelog, self.number, DIED, value)
                await transaction.write(self.producer, [note], {}, self._settings.group)

    def _tick(self) -> None:
        """Tell the stage the time, if all inputs were read to their ends since the last tick."""
        complete = self._reading.tick(self.marks, int(self._settings.outside.now() * 1000))
        if complete is not None:
            self._guard(lambda: self.stage.tick(complete), "tick")
            self._count(ticks=1)

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """Pass on a record of the broadcast topic."""
        self._guard(lambda: self.stage.broadcast(key, value), f"broadcast key={key!r}")

    def _guard(self, call: Callable[[], T], what: str) -> T:
        try:
            return call()
        except Exception as error:
            self._give_up()
            raise StageError(f"{self} failed in {what}: {error!r}") from error

    def _give_up(self) -> None:
        # a stage that raised may have done half of what it was told: that must never be committed
        self.state = PartitionState.CLOSED

    # commits

    async def commit_regularly(self) -> None:
        """Commit about every interval until closed.

        Earlier when much has changed, more seldom when there is much to catch up with.
        """
        interval = self._settings.commit_interval
        while not self.closed:
            now, last = self._settings.outside.now(), self.counters.last_commit_seconds
            pause = commit_pause(interval, self.spec.phase, now, last)
            try:
                await asyncio.wait_for(self._commit_now.wait(), pause)
            except TimeoutError:
                self._wake()
                await self.linger.end(interval)
                if self._far_behind() and skipped(interval, self.spec.phase, now + pause, last):
                    continue
            self._commit_now.clear()
            if self.active:
                self._tick()
                await self.commit()
                self._wake()

    async def commit(self) -> None:
        """Commit what changed, if anything did.

        Raises:
            CommitError: The transaction had begun and did not succeed.
        """
        async with self._committing:
            if self.closed or not self._changed():
                return
            await self._log_ends.broker_reachable()
            if self.closed or self.producer is None:
                return
            started = self._commit_began = self._settings.outside.monotonic()
            outputs, positions = self._collect()
            await self._within_timeout(
                transaction.write(self.producer, outputs, positions, self._settings.group)
            )
            self._commit_began = None
            self.meta_due = False
            self._saved = {tp.topic: position for tp, position in positions.items()}
            seconds = self._settings.outside.monotonic() - started
            self._count(commits=1, commit_seconds=seconds)
            self.counters = replace(self.counters, last_commit_seconds=seconds)

    def _far_behind(self) -> bool:
        """Whether more waits in the logs than the largest batches of some commits."""
        return self._reading.left(self.marks) > FAR_BEHIND_BATCHES * self._settings.chunk_records

    def _changed(self) -> bool:
        moved = any(mark.position != self._saved.get(t) for t, mark in self.marks.items())
        return moved or self.meta_due or self.stage.dirty > 0

    def _collect(self) -> tuple[list[Output | Records], dict[TopicPartition, int]]:
        snapshot = self._guard(self.stage.snapshot, "snapshot")
        if RESERVED_PREFIX in {key[:1] for key, _ in snapshot.state}:
            raise StageError(f"{self} used a changelog key that begins with {RESERVED_PREFIX!r}")
        own = self.quarantine.changes()
        own.append((changelog.POSITIONS, changelog.encode_marks(self.marks)))
        if self.meta_due:
            own.append((changelog.META, changelog.encode_meta(self.spec, self.partitions)))
        place = (self.spec.changelog, self.number)
        outputs: list[Output | Records] = [Records(*place, snapshot.state)]
        outputs += [Output(*place, key, value) for key, value in own]
        outputs += snapshot.outputs
        outputs += self._dead_letters
        self._dead_letters = []
        return outputs, self.positions()

    async def _within_timeout(self, writing: Awaitable[None]) -> None:
        # not cancelled at the timeout: aiokafka would wait for the broker again to abort, and the
        # process ends anyway
        task = asyncio.ensure_future(writing)
        await asyncio.wait({task}, timeout=self._settings.transaction_timeout)
        if not task.done():
            raise CommitError(
                f"{self} could not commit within {self._settings.transaction_timeout:g} s"
            )
        if (error := task.exception()) is not None:
            if self.closed:
                log.info("event=commit_abandoned %s error=%r", self, error)
                return
            raise CommitError(f"{self} could not commit: {error!r}") from error

    # status

    def _count(self, **by: float) -> None:
        self.counters = replace(
            self.counters, **{name: getattr(self.counters, name) + n for name, n in by.items()}
        )

    def status(self) -> PartitionStatus:
        """What is known now."""
        began = self._commit_began
        topics = {
            topic: TopicStatus(
                position=mark.position,
                end=self._reading.newest_end(topic),
                records=mark.records,
                lost=mark.lost,
                set_aside=mark.set_aside,
                complete_until_ms=self._reading.complete[topic],
            )
            for topic, mark in self.marks.items()
        }
        return PartitionStatus(
            stage=self.spec.name,
            partition=self.number,
            state=self.state,
            restored=self.restored,
            restore_total=self.restore_total,
            topics=topics,
            counters=self.counters,
            dirty=self.stage.dirty if self.active else 0,
            last_progress=self._last_progress,
            committing_seconds=self._settings.outside.monotonic() - began if began else 0.0,
        )
