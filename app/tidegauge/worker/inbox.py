"""Fetched records of one topic partition, waiting to be processed.

Faust can lose a fetched batch between the fetcher and the agent around a rebalance, or bring one
twice. The inbox therefore admits a batch only where the one before it ended.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import chain

from aiokafka import ConsumerRecord, TopicPartition


@dataclass(frozen=True, slots=True)
class Fetch:
    """What one fetch brought for one topic partition; ``start`` and ``end`` are positions."""

    tp: TopicPartition
    start: int
    end: int
    readable_end: int
    records: Sequence[ConsumerRecord]


class Admission(Enum):
    """What became of a fetch."""

    TAKEN = auto()
    TRIMMED = auto()
    DUPLICATE = auto()
    GAP = auto()
    """Something before it is missing: seek back to `Inbox.expected`."""


@dataclass(slots=True)
class Inbox:
    """A queue of contiguous fetches.

    Attributes:
        expected: Position at which the next fetch must start.
    """

    expected: int = 0
    _queue: deque[Fetch] = field(default_factory=deque)
    _records: int = 0

    def __len__(self) -> int:
        """How many records wait."""
        return self._records

    @property
    def start(self) -> int:
        """The position at which what waits begins."""
        return self._queue[0].start if self._queue else self.expected

    def reset(self, position: int) -> None:
        """Forget what waits; the next fetch must start at ``position``."""
        self._queue.clear()
        self._records = 0
        self.expected = position

    def admit(self, fetch: Fetch) -> Admission:
        """Queue a fetch if it continues what is known."""
        if fetch.start > self.expected:
            return Admission.GAP
        if fetch.end <= self.expected:
            return Admission.DUPLICATE
        admission = Admission.TAKEN
        if fetch.start < self.expected:
            admission = Admission.TRIMMED
            kept = [record for record in fetch.records if record.offset >= self.expected]
            fetch = replace(fetch, start=self.expected, records=kept)
        self._queue.append(fetch)
        self._records += len(fetch.records)
        self.expected = fetch.end
        return admission

    def head_time(self) -> int | None:
        """Append time of the first waiting record; 0 when only markers wait; None when empty."""
        if not self._queue:
            return None
        records = self._queue[0].records
        return int(records[0].timestamp) if records else 0

    def pop(self, most: int) -> Fetch:
        """Take the oldest fetches as one: of at most so many records, but at least one fetch."""
        taken = [self._queue.popleft()]
        count = len(taken[0].records)
        while self._queue and count + len(self._queue[0].records) <= most:
            taken.append(self._queue.popleft())
            count += len(taken[-1].records)
        self._records -= count
        first, last = taken[0], taken[-1]
        if first is last:
            return first
        records = tuple(chain.from_iterable(fetch.records for fetch in taken))
        return Fetch(first.tp, first.start, last.end, last.readable_end, records)
