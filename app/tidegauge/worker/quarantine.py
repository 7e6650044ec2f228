"""Records that a stage dies on, and records set aside by hand.

A stage that raises ends the worker, and the restarted worker would die on the same chunk. So the
range of a death is written to the changelog (``#died``); next time its records are given one by
one, the log names the one, and a person can have it set aside (``#aside``): it then goes to the
dead letters instead of the stage.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec
from aiokafka import ConsumerRecord

from tidegauge.worker.inbox import Fetch
from tidegauge.worker.stage import RESERVED_PREFIX

DIED = RESERVED_PREFIX + b"died"
ASIDE = RESERVED_PREFIX + b"aside"


class Death(msgspec.Struct, array_like=True, frozen=True):
    """Where a stage raised, as a range of positions, and how often in a row."""

    topic: str
    start: int
    end: int
    times: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a fetch, and the records taken out of it."""

    fetch: Fetch
    aside: tuple[ConsumerRecord, ...] = ()


_death = msgspec.json.Decoder(Death)
_aside = msgspec.json.Decoder(dict[str, set[int]])


def encode_aside(offsets: dict[str, set[int]]) -> bytes:
    """The value of ``#aside``: offsets by topic."""
    return msgspec.json.encode({topic: sorted(which) for topic, which in offsets.items()})


@dataclass(slots=True)
class Quarantine:
    """What is known of dangerous records of one partition."""

    death: Death | None = None
    aside: dict[str, set[int]] = field(default_factory=dict)
    _changed: set[bytes] = field(default_factory=set)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take a changelog record of this module."""
        if key == DIED:
            self.death = None if value is None else _death.decode(value)
        else:
            self.aside = {} if value is None else _aside.decode(value)

    def pieces(self, fetch: Fetch) -> Iterator[Piece]:
        """Split a fetch where it must be read record by record, and take out what is set aside."""
        for part in self._split(fetch):
            aside = self.aside.get(fetch.tp.topic)
            if not aside:
                yield Piece(part)
                continue
            out = tuple(record for record in part.records if record.offset in aside)
            kept = tuple(record for record in part.records if record.offset not in aside)
            yield Piece(replace(part, records=kept), out)

    def _split(self, fetch: Fetch) -> Iterator[Fetch]:
        death = self.death
        if death is None or death.topic != fetch.tp.topic or death.end <= fetch.start:
            yield fetch
            return
        start = fetch.start
        batch: list[ConsumerRecord] = []
        for record in fetch.records:
            if death.start <= record.offset < death.end:
                if batch:
                    yield replace(fetch, start=start, end=record.offset, records=batch)
                    start, batch = record.offset, []
                yield replace(fetch, start=start, end=record.offset + 1, records=(record,))
                start = record.offset + 1
            else:
                batch.append(record)
        if start < fetch.end:
            yield replace(fetch, start=start, records=batch)

    def failed(self, fetch: Fetch, offset: int | None) -> Death:
        """A stage raised on this part; ``offset`` is the record it named, if any."""
        if offset is None and len(fetch.records) == 1:
            offset = fetch.records[0].offset
        start, end = (fetch.start, fetch.end) if offset is None else (offset, offset + 1)
        before = self.death
        times = 1
        if before and before.topic == fetch.tp.topic and before.start <= start < before.end:
            times = before.times + 1
        self.death = Death(fetch.tp.topic, start, end, times)
        return self.death

    def passed(self, topic: str, position: int) -> None:
        """Everything before ``position`` is processed: forget what lay there."""
        if self.death is not None and self.death.topic == topic and self.death.end <= position:
            self.death = None
            self._changed.add(DIED)
        if aside := self.aside.get(topic):
            left = {offset for offset in aside if offset >= position}
            if left != aside:
                self.aside[topic] = left
                self._changed.add(ASIDE)

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """Changelog records for what changed since the last call."""
        changed, self._changed = self._changed, set()
        values = {
            DIED: None if self.death is None else msgspec.json.encode(self.death),
            ASIDE: encode_aside(self.aside) if any(self.aside.values()) else None,
        }
        return [(key, values[key]) for key in sorted(changed)]
