"""Reads topics backwards: chunk by chunk from an end to a beginning, the newest records first."""

from collections.abc import Iterator, Mapping
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

CHUNK_RECORDS: Final = 10_000
"""Read from all partitions of a topic together, before what is older."""
MOST_RECORDS: Final = 500_000
"""Of one topic: what is older is left unread."""
_POLL_MS: Final = 100


class Past:
    """What one topic held when it was asked for.

    Args:
        consumer: Nobody else uses it meanwhile.
        begins: The first offset of interest of each partition.
        ends: The offset after the last one.
        newest_only: Only the newest record of each key is wanted.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        begins: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
        *,
        newest_only: bool = True,
    ) -> None:
        self._consumer = consumer
        self._newest_only = newest_only
        most = max(1, MOST_RECORDS // max(1, len(ends)))
        self._chunk = max(1, CHUNK_RECORDS // max(1, len(ends)))
        self._tops = dict(ends)
        self._begins = {place: max(begins[place], ends[place] - most) for place in ends}
        self._seen: set[bytes] = set()

    def chunks(self) -> Iterator[list[ConsumerRecord]]:
        """The wanted records, newest chunk first; empty while the broker is awaited."""
        while places := [p for p, top in self._tops.items() if top > self._begins[p]]:
            bottoms = {p: max(self._begins[p], self._tops[p] - self._chunk) for p in places}
            self._consumer.assign(places)
            for place in places:
                self._consumer.seek(place, bottoms[place])
            found: list[ConsumerRecord] = []
            while any(self._consumer.position(p) < self._tops[p] for p in places):
                fetched = self._consumer.poll(timeout_ms=_POLL_MS)
                found += [r for p, records in fetched.items() for r in records]
                yield []
            wanted = (r for r in reversed(found) if r.offset < self._tops[_place(r)])
            yield self._unseen(wanted) if self._newest_only else list(wanted)
            self._tops |= bottoms

    def _unseen(self, records: Iterator[ConsumerRecord]) -> list[ConsumerRecord]:
        fresh = []
        for record in records:
            if record.key not in self._seen:
                self._seen.add(record.key)
                fresh.append(record)
        return fresh


def _place(record: ConsumerRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)
