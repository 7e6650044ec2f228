"""What the worker shell asks of a stage, and what it hands to one.

A stage is a pure, synchronous machine for one partition: it is given records and times, it changes
its state and returns what changed. The shell does everything that touches Kafka.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from aiokafka import ConsumerRecord

RESERVED_PREFIX = b"#"
"""Changelog keys that begin so belong to the shell (see `tidegauge.worker.changelog`)."""


class Output(NamedTuple):
    """One record to be written."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None


class Records(NamedTuple):
    """Many records for one topic partition, as keys and values."""

    topic: str
    partition: int
    records: Sequence[tuple[bytes | None, bytes | None]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What changed since the last snapshot.

    Attributes:
        state: Changelog records, key and value; a value of None is a tombstone.
        outputs: Records for other topics, kept in order within each topic and partition.
    """

    state: list[tuple[bytes, bytes | None]]
    outputs: list[Output]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one topic partition.

    Attributes:
        topic: Topic the records were read from.
        partition: Its partition.
        start: Fetch position before the first record.
        end: Fetch position after the last one. Positions, unlike record offsets, have no gaps:
            transaction markers and records removed by compaction lie inside ``start .. end``.
        readable_end: The least of high watermark and last stable offset when this was fetched.
        complete_until_ms: An append time T: every record of this topic partition that was
            appended at or before T is in this chunk or in an earlier one. 0 when nothing is known.
        records: The records, by offset; empty when only markers lay between the positions.
    """

    topic: str
    partition: int
    start: int
    end: int
    readable_end: int
    complete_until_ms: int
    records: tuple[ConsumerRecord, ...]


class Restorable(Protocol):
    """Something that a changelog is read into."""

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record; they come in log order, before anything else."""


class Stage(Restorable, Protocol):
    """One stage's state for one partition. No method awaits, and none is called concurrently."""

    def restored(self) -> None:
        """The whole changelog has been read."""

    def process(self, chunk: Chunk) -> None:
        """Take records. An exception ends the worker; one with ``offset`` names the record."""

    def tick(self, complete_until_ms: Mapping[str, int]) -> None:
        """All input topics of this partition are read to their end.

        Called before a commit. Every record appended at or before the given wall time
        (milliseconds, by topic) has been processed.
        """

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """Take one record of the broadcast topic; the latest of every key comes at the start."""

    def preferred(self) -> str | None:
        """The input topic that is behind in event time, or None when any will do."""

    def snapshot(self) -> Snapshot:
        """Return what changed since the last snapshot; what is returned counts as saved."""

    @property
    def dirty(self) -> int:
        """How many records, of state and outputs, the next snapshot holds, at least roughly."""


DeadLetter = Callable[[ConsumerRecord, str], Output]
"""Makes a dead letter of a record and a reason."""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage as the shell sees it.

    Attributes:
        name: Short name; part of the transactional ids.
        inputs: Co-partitioned topics the stage reads.
        changelog: Compacted topic with at least as many partitions as the inputs.
        outputs: Other topics it may write to.
        make_stage: Builds the empty stage of a partition.
        schema_version: Version of the state's encoding.
        fingerprint: Digest of the settings that give the stored state its meaning.
        broadcast: Compacted topic every partition is told of, if any.
        first: The input of which waiting records are processed before those of the others.
        phase: Part of the commit interval by which its commits come after the full interval.
        dead_letter: How a record that was set aside by hand is written to the dead letters.
    """

    name: str
    inputs: tuple[str, ...]
    changelog: str
    outputs: tuple[str, ...]
    make_stage: Callable[[int], Stage]
    schema_version: int
    fingerprint: str
    broadcast: str | None = None
    first: str | None = None
    phase: float = 0.0
    dead_letter: DeadLetter | None = None
