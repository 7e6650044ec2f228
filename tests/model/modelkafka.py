"""A Kafka in memory, as far as exactly-once depends on it.

Logs with transaction markers and a last stable offset, transactional ids with epochs and fencing,
offsets of groups inside transactions, retention and compaction. The end of a transaction is
*decided* at one moment and its markers are written later, one by one and in any order, as in Kafka;
until the last is written, nobody can take the transactional id or begin another transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import (
    ConcurrentTransactions,
    InvalidProducerEpoch,
    InvalidTxnState,
    OffsetOutOfRangeError,
)
from steploop import ModelClock

OFFSETS = TopicPartition("__consumer_offsets", 0)
LOG_APPEND_TIME = 1


class Fate(Enum):
    """What became of a transaction."""

    OPEN = auto()
    COMMITTED = auto()
    ABORTED = auto()


@dataclass(slots=True, eq=False)
class Transaction:
    """One transaction; ``unmarked`` are the partitions that do not know its fate yet."""

    began: float
    decided: float = 0.0
    fate: Fate = Fate.OPEN
    partitions: set[TopicPartition] = field(default_factory=set)
    unmarked: set[TopicPartition] = field(default_factory=set)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Record:
    """A record as a consumer sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    timestamp_type: int = LOG_APPEND_TIME


class Entry(NamedTuple):
    """A place in a log: a record or, without one, a transaction's marker."""

    record: Record | None
    transaction: Transaction | None


class Read(NamedTuple):
    """The answer to a fetch."""

    records: list[Record]
    position: int
    highwater: int
    stable: int


class Log:
    """One topic partition.

    Args:
        tp: Its name.
        clock: Gives the append times.
    """

    def __init__(self, tp: TopicPartition, clock: ModelClock) -> None:
        self._tp = tp
        self._clock = clock
        self._entries: list[Entry] = []
        self._unsettled: dict[Transaction, int] = {}
        self.start = 0
        self.has_markers = False
        self.sequences: dict[tuple[int, int], int] = {}

    @property
    def end(self) -> int:
        return len(self._entries)

    @property
    def stable(self) -> int:
        """The last stable offset: where the first undecided transaction begins."""
        return min(self._unsettled.values(), default=self.end)

    @property
    def settled(self) -> bool:
        """Whether no transaction in it is undecided or unmarked."""
        return not self._unsettled

    def append(
        self, key: bytes | None, value: bytes | None, transaction: Transaction | None = None
    ) -> None:
        record = Record(*self._tp, self.end, self._clock.wall_ms, key, value)
        if transaction is not None:
            self._unsettled.setdefault(transaction, self.end)
        self._entries.append(Entry(record, transaction))

    def mark(self, transaction: Transaction) -> None:
        """Write a transaction's marker."""
        transaction.unmarked.discard(self._tp)
        self._unsettled.pop(transaction, None)
        self._entries.append(Entry(None, transaction))
        self.has_markers = True

    def read(self, position: int, most: int, *, committed: bool = True) -> Read:
        """Records from a position on, as `read_committed` shows them, or all.

        Raises:
            OffsetOutOfRangeError: Retention has removed the position.
        """
        end = self.stable if committed else self.end
        if position < self.start or position > self.end:
            raise OffsetOutOfRangeError({self._tp: position})
        records: list[Record] = []
        while position < end and len(records) < most:
            record, transaction = self._entries[position]
            if record is not None and (not committed or _visible(transaction)):
                records.append(record)
            position += 1
        return Read(records, position, self.end, end)

    def decided(self) -> Iterator[Record]:
        """All records that were ever committed, removed or not, whether yet marked or not."""
        for record, transaction in self._entries:
            if record is not None and _visible(transaction):
                yield record

    def compact(self) -> None:
        """Remove records of which there is a newer one with the same key."""
        latest: dict[bytes | None, int] = {}
        for record in self.decided():
            if record.offset < self.stable:
                latest[record.key] = record.offset
        for offset, (record, transaction) in enumerate(self._entries[: self.stable]):
            if record is not None and latest.get(record.key) != offset:
                self._entries[offset] = Entry(None, transaction)


class Commit(NamedTuple):
    """A committed transaction, and the producer it was of."""

    by: object
    transaction: Transaction


@dataclass(slots=True)
class TransactionalId:
    """What the coordinator knows of one transactional id."""

    number: int
    timeout: float = 0.0
    epoch: int = -1
    transaction: Transaction | None = None
    last: Fate | None = None
    holder: object = None


class ModelKafka:
    """The cluster; each method is one request, served at one moment.

    Args:
        clock: Gives append times and the age of transactions.
        topics: Partition counts.
    """

    def __init__(self, clock: ModelClock, topics: Mapping[str, int]) -> None:
        self._clock = clock
        self.logs = {
            tp: Log(tp, clock)
            for topic, count in topics.items()
            for tp in (TopicPartition(topic, number) for number in range(count))
        }
        self._ids: dict[str, TransactionalId] = {}
        self._offsets: dict[TopicPartition, int] = {}
        self.decided_offsets: dict[TopicPartition, int] = {}
        self.holders: dict[TopicPartition, object] = {}
        self.committed: list[Commit] = []

    # transactions

    def init_producer(self, name: str, timeout: float, by: object) -> int:
        """Take a transactional id; its epoch.

        Raises:
            ConcurrentTransactions: The past is not settled yet; ask again.
        """
        known = self._ids.setdefault(name, TransactionalId(len(self._ids)))
        known.timeout = timeout
        if known.transaction is not None:
            if known.transaction.fate is Fate.OPEN:
                known.epoch += 1
                self._decide(known, Fate.ABORTED)
            if known.transaction is not None:
                raise ConcurrentTransactions
        known.epoch += 1
        known.last = None
        known.holder = self.holders[_changelog(name)] = by
        return known.epoch

    def add_partitions(self, name: str, epoch: int, tps: Iterable[TopicPartition]) -> None:
        """Make partitions part of the transaction, which this begins if need be."""
        known = self._held(name, epoch)
        if known.transaction is None:
            known.transaction = Transaction(self._clock.seconds)
        elif known.transaction.fate is not Fate.OPEN:
            raise ConcurrentTransactions
        known.transaction.partitions.update(tps)
        known.transaction.unmarked.update(tps)

    def produce(
        self,
        name: str,
        epoch: int,
        sequence: int,
        tp: TopicPartition,
        batch: Sequence[tuple[bytes | None, bytes | None]],
    ) -> None:
        """Append a batch; one that is there already is not appended again."""
        transaction = self._open(name, epoch)
        if tp not in transaction.partitions:
            raise InvalidTxnState
        log, producer = self.logs[tp], (self._ids[name].number, epoch)
        if log.sequences.get(producer, -1) >= sequence:
            return
        log.sequences[producer] = sequence
        for key, value in batch:
            log.append(key, value, transaction)

    def commit_offsets(self, name: str, epoch: int, offsets: Mapping[TopicPartition, int]) -> None:
        """Make offsets of the group part of the transaction."""
        transaction = self._open(name, epoch)
        if OFFSETS not in transaction.partitions:
            raise InvalidTxnState
        transaction.offsets.update(offsets)

    def end_transaction(self, name: str, epoch: int) -> None:
        """Commit, or hear that this was done before."""
        known = self._held(name, epoch)
        if known.transaction is None:
            if known.last is not Fate.COMMITTED:
                raise InvalidTxnState
        elif known.transaction.fate is Fate.OPEN:
            self._decide(known, Fate.COMMITTED)
        else:
            raise ConcurrentTransactions

    def overdue(self) -> list[str]:
        """Transactional ids whose transaction is older than its time-out."""
        return [
            name
            for name, known in self._ids.items()
            if known.transaction is not None
            and known.transaction.fate is Fate.OPEN
            and self._clock.seconds - known.transaction.began > known.timeout
        ]

    def expire(self, name: str) -> None:
        """Abort an overdue transaction; its producer is fenced."""
        known = self._ids[name]
        known.epoch += 1
        self._decide(known, Fate.ABORTED)

    def marks_due(self, older_than: float = -1.0) -> list[tuple[str, TopicPartition]]:
        """Markers still to be written of transactions decided so many seconds ago."""
        return [
            (name, tp)
            for name, known in self._ids.items()
            if known.transaction is not None and known.transaction.fate is not Fate.OPEN
            if self._clock.seconds - known.transaction.decided > older_than
            for tp in sorted(known.transaction.unmarked)
        ]

    def mark(self, name: str, tp: TopicPartition) -> None:
        """Tell a partition the fate of a transaction."""
        known = self._ids[name]
        transaction = known.transaction
        assert transaction is not None
        if tp != OFFSETS:
            self.logs[tp].mark(transaction)
        else:
            transaction.unmarked.discard(tp)
            if transaction.fate is Fate.COMMITTED:
                self._offsets.update(transaction.offsets)
        self._close(known)

    # the rest

    def group_offsets(self, tps: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's offsets, as far as they are marked as committed."""
        return {tp: self._offsets[tp] for tp in tps if tp in self._offsets}

    def read_committed(self, tp: TopicPartition) -> list[Record]:
        """All that a subscriber with `read_committed` has been able to see."""
        return list(self.logs[tp].decided())

    def _held(self, name: str, epoch: int) -> TransactionalId:
        known = self._ids[name]
        if known.epoch != epoch:
            raise InvalidProducerEpoch
        return known

    def _open(self, name: str, epoch: int) -> Transaction:
        transaction = self._held(name, epoch).transaction
        if transaction is None or transaction.fate is not Fate.OPEN:
            raise InvalidTxnState
        return transaction

    def _decide(self, known: TransactionalId, fate: Fate) -> None:
        transaction = known.transaction
        assert transaction is not None
        transaction.fate = fate
        transaction.decided = self._clock.seconds
        if fate is Fate.COMMITTED:
            self.decided_offsets.update(transaction.offsets)
            self.committed.append(Commit(known.holder, transaction))
        self._close(known)

    def _close(self, known: TransactionalId) -> None:
        transaction = known.transaction
        if transaction is not None and not transaction.unmarked:
            known.last, known.transaction = transaction.fate, None


def _visible(transaction: Transaction | None) -> bool:
    return transaction is None or transaction.fate is Fate.COMMITTED


def _changelog(name: str) -> TopicPartition:
    # an id is unique to its changelog partition, or, in a mutant, to its producer
    topic, _, number = name.rpartition(".")
    return TopicPartition(topic.partition("-")[0], int(number))
