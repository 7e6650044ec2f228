"""A stage's changelog: its records, and those the shell keeps among them.

- ``#pos``: how far each input topic is processed, and how many raw records that were. It is the
  truth about positions; the group's offsets mirror it for lag tools. The raw count is not
  idempotent, so it shows a replay that the stage's own state would hide.
- ``#meta``: version of the encoding, fingerprint of the settings the state was made under, and how
  many partitions the input topics had then: with another number, keys belong elsewhere.

`tidegauge.worker.quarantine` adds two more.
"""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiokafka import TopicPartition

from tidegauge.worker.exits import RefusedError, StageError
from tidegauge.worker.outside import Outside
from tidegauge.worker.quarantine import ASIDE, DIED, Quarantine
from tidegauge.worker.stage import RESERVED_PREFIX, Restorable, StageSpec

POSITIONS = RESERVED_PREFIX + b"pos"
META = RESERVED_PREFIX + b"meta"
FETCH_BYTES = 8 * 1024 * 1024
RECORDS_PER_TURN = 10_000


class Mark(msgspec.Struct, array_like=True):
    """How far one input topic is processed.

    Attributes:
        position: Offset of the next record to process.
        records: Raw records processed since the state was empty.
        lost: Offsets that retention removed before they were read.
        set_aside: Records that went to the dead letters by hand; part of ``records``.
    """

    position: int = 0
    records: int = 0
    lost: int = 0
    set_aside: int = 0


class Meta(msgspec.Struct, frozen=True):
    """Under what the state was made."""

    schema_version: int
    fingerprint: str
    partitions: int = 0


@dataclass(slots=True)
class Restored:
    """The shell's own records of a changelog, and how many others than notes it held."""

    marks: dict[str, Mark] | None = None
    meta: Meta | None = None
    quarantine: Quarantine = field(default_factory=Quarantine)
    records: int = 0


_marks = msgspec.json.Decoder(dict[str, Mark])
_meta = msgspec.json.Decoder(Meta)


def encode_marks(marks: Mapping[str, Mark]) -> bytes:
    """The value of ``#pos``."""
    return msgspec.json.encode(marks)


def encode_meta(spec: StageSpec, partitions: int) -> bytes:
    """The value of ``#meta``, for inputs of so many partitions."""
    return msgspec.json.encode(Meta(spec.schema_version, spec.fingerprint, partitions))


def repartitioned(topic: str, before: int, now: int) -> RefusedError:
    """The number of partitions of an input topic is not what it was."""
    return RefusedError(
        f"{topic} has {now} partitions, but had {before} when the state was made: events with the "
        f"same key now lie elsewhere than those before them, and would not meet. Go on with new "
        f"input topics, a new group and empty internal topics (other names under kafka.topics or "
        f"another kafka.topic_prefix, and another kafka.group; then: tidegauge topics create), or "
        f"with topics of {before} partitions as before."
    )


def check_meta(spec: StageSpec, partition: int, found: Restored, partitions: int) -> None:
    """Refuse state that was made under other settings, or for another number of partitions.

    Raises:
        RefusedError: Naming what differs.
    """
    wanted = Meta(spec.schema_version, spec.fingerprint, partitions)
    if found.records == 0 or found.meta == wanted:
        return
    where = f"{spec.changelog}-{partition}"
    if found.meta is None:
        raise RefusedError(
            f"{where} holds {found.records} records but no {META.decode()} record: it was not "
            f"written by stage {spec.name}. Check the topic's name, or use an empty topic."
        )
    before = found.meta.partitions
    if before and before != partitions:
        raise repartitioned(spec.inputs[0], before, partitions)
    raise RefusedError(
        f"{where} was written with schema version {found.meta.schema_version} and settings "
        f"{found.meta.fingerprint}; this worker has {wanted.schema_version} and "
        f"{wanted.fingerprint}. Start with the settings it was written with, or give the stage an "
        f"empty changelog topic and a new group to compute its state again from the input topics "
        f"(with empty internal topics: what was written to them would count twice)."
    )


class _CollectorPause:
    """Switches the cyclic garbage collector off while any restore runs.

    A restore only allocates what it keeps; scanning it again and again takes two thirds of the
    time. What was restored is then moved out of the collector's sight.
    """

    def __init__(self) -> None:
        self._depth = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._depth += 1
        gc.disable()
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                gc.freeze()
                gc.enable()


_collector_paused = _CollectorPause()


async def restore(
    outside: Outside,
    spec: StageSpec,
    partition: int,
    stage: Restorable,
    progress: Callable[[int, int], None],
) -> Restored:
    """Feed a changelog partition to an empty stage.

    The caller must own the partition's transactional id, so that nothing is left open in the log.

    Args:
        outside: Clients of the cluster.
        spec: The stage.
        partition: The partition.
        stage: Takes the records.
        progress: Told the offsets read and to be read.

    Returns:
        The shell's own records.

    Raises:
        StageError: The stage did not take a record.
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    found = Restored()
    with _collector_paused():
        async with aclosing(_read(outside, spec, partition, progress)) as turns:
            async for records in turns:
                for record in records:
                    _take(found, spec, stage, record)
    return found


async def _read(
    outside: Outside, spec: StageSpec, partition: int, progress: Callable[[int, int], None]
) -> AsyncGenerator[Sequence[Any], None]:
    """The committed records of a changelog partition, some at a time."""
    tp = TopicPartition(spec.changelog, partition)
    consumer = outside.consumer(
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=100,
    )
    try:
        await consumer.start()
        consumer.assign([tp])
        start = (await consumer.beginning_offsets([tp]))[tp]
        end = (await consumer.end_offsets([tp]))[tp]
        progress(0, end - start)
        consumer.seek(tp, start)
        position = start
        while position < end:
            batches = await consumer.getmany(tp, timeout_ms=200, max_records=RECORDS_PER_TURN)
            yield batches.get(tp, ())
            position = await consumer.position(tp)
            progress(min(position, end) - start, end - start)
            await asyncio.sleep(0)
    finally:
        await consumer.stop()


async def read_beginning(outside: Outside, spec: StageSpec, partition: int) -> Restored:
    """Read only the beginning of a changelog partition, up to its `META` record.

    That is written once, by the first commit, so it stays near the beginning.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    found = Restored()
    async with aclosing(_read(outside, spec, partition, _untold)) as turns:
        async for records in turns:
            for record in records:
                _take(found, spec, _Ignored(), record)
            if found.meta is not None:
                break
    return found


def _untold(_done: int, _total: int) -> None:
    """Nobody asks how far this is."""


class _Ignored:
    def restore(self, key: bytes, value: bytes | None) -> None:
        """Only the shell's own records matter here."""


async def read_own(outside: Outside, spec: StageSpec, partition: int) -> Restored:
    """Read only the shell's own records of a changelog partition, as far as they are committed.

    Raises:
        aiokafka.errors.KafkaError: The broker cannot be reached.
    """
    return await restore(outside, spec, partition, _Ignored(), _untold)


def _take(found: Restored, spec: StageSpec, stage: Restorable, record: Any) -> None:
    if record.key in {DIED, ASIDE}:
        found.quarantine.restore(record.key, record.value)
        return
    found.records += 1
    if record.key == POSITIONS:
        found.marks = _marks.decode(record.value)
    elif record.key == META:
        found.meta = _meta.decode(record.value)
    else:
        try:
            stage.restore(record.key, record.value)
        except Exception as error:
            raise StageError(
                f"stage={spec.name} failed to restore {record.topic}-{record.partition} "
                f"offset={record.offset}: {error!r}"
            ) from error
