"""Events that were published away from home: sent to the partition that joins them.

The home of an event is the partition that its request id leads to by the configured partitioner.
Clients differ in where they put a record, so a source partition can read events of other homes. It
checks them, and sends them on through a topic with as many partitions, inside the transaction of
its commit; the home reads that topic beside its own two logs and joins what comes.

Two things must wait for what is on its way. What has been *sent* to and *received* from each
partition is counted, and monitor does not use a source's progress before all that it had sent by
then is received (`tidegauge.core.monitor.sources`). And each source tells all others how far it has
come (`SourceMark`), often where it sends events and now and then where it could, so that they
retain requests until no event on them can follow (`tidegauge.core.collect.expirytimes`).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from tidegauge.core.ledger import UNKNOWN_MODEL
from tidegauge.core.streamtime import NEVER, StreamClock

FORWARDING = b"f"
"""First byte of the changelog keys: alone for what was sent, with a source for its mark."""

Kind = Literal["prediction", "feedback"]
Record = tuple[bytes, bytes | None]


class Away(NamedTuple):
    """An event of a batch that is to be sent to another partition."""

    at: int
    """Its index in the batch."""
    home: int
    key: bytes
    """Its request id."""


class Forwarded(msgspec.Struct, array_like=True, tag=0):
    """An event on its way: the record as it was published, and where."""

    kind: Kind
    source: int
    """The partition it was published to."""
    offset: int
    append: int
    """ms."""
    key: bytes | None
    value: bytes


class SourceMark(msgspec.Struct, array_like=True, tag=1):
    """How far a source partition has come; it follows all events sent until then."""

    source: int
    sent: int = 0
    """Events that it has sent to the recipient, ever."""
    complete_until: int = NEVER
    """The append time up to which it has read both its logs, ms."""
    read_until: int = NEVER
    """The append time after which it has read nothing, ms."""
    times: dict[str, int] = {}
    """Event time that both its logs have passed, by model, ms."""


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Forwarded | SourceMark).decode
_decode_mark = msgspec.msgpack.Decoder(SourceMark).decode


_decode_sent = msgspec.msgpack.Decoder(dict[int, int]).decode


class Forwarding:
    """What one partition has sent to others, and has been told by them.

    Args:
        partition: its number.
        partitions: how many there are.
        grain_ms: steps of stream time finer than this are not remembered one by one.
    """

    def __init__(self, partition: int, partitions: int, grain_ms: int) -> None:
        self._grain = grain_ms
        self.others = [other for other in range(partitions) if other != partition]
        self.sent: dict[int, int] = {}
        """Events sent, by recipient."""
        self.marks: dict[int, SourceMark] = {}
        """The newest of each source."""
        self._clocks: dict[str, dict[int, StreamClock]] = {}
        self._changed: set[int | None] = set()

    def send(self, homes: Mapping[int, int]) -> None:
        """Count events that are sent on, by their home."""
        for home, count in homes.items():
            self.sent[home] = self.sent.get(home, 0) + count
            self._changed.add(None)

    def take(self, mark: SourceMark) -> None:
        """A source has told how far it has come."""
        before = self.marks.get(mark.source, SourceMark(mark.source))
        times = {
            name: max(time, mark.times.get(name, NEVER))
            for name, time in before.times.items()
            if name != UNKNOWN_MODEL
        }
        # what a source has just restored it does not yet know how to place
        self.marks[mark.source] = SourceMark(
            mark.source,
            max(before.sent, mark.sent),
            max(before.complete_until, mark.complete_until),
            max(before.read_until, mark.read_until),
            mark.times | times,
        )
        self._changed.add(mark.source)
        self._note(mark)

    def _note(self, mark: SourceMark) -> None:
        for model, time in mark.times.items():
            clocks = self._clocks.setdefault(model, {})
            if mark.source not in clocks:
                clocks[mark.source] = StreamClock(grain_ms=self._grain)
            clocks[mark.source].observe(time, mark.read_until)

    @property
    def all_known(self) -> bool:
        """Whether every other partition has told anything."""
        return len(self.marks) == len(self.others)

    @property
    def received(self) -> dict[int, int]:
        """Events that were received, by source."""
        return {source: mark.sent for source, mark in self.marks.items() if mark.sent}

    def clocks(self, model: str) -> list[StreamClock]:
        """How far event time of a model had come in the sources, by their append time."""
        return list(self._clocks.get(model, {}).values())

    def forget_before(self, append: int) -> None:
        """Drop the past that no question about ``append`` or later can need."""
        for clocks in self._clocks.values():
            for clock in clocks.values():
                clock.forget_before(append)

    def changes(self) -> list[Record]:
        """The changelog records of what changed since the last call."""
        records: list[Record] = []
        if None in self._changed:
            records.append((FORWARDING, encode(self.sent)))
        told = sorted(source for source in self._changed if source is not None)
        records += [(FORWARDING + encode(source), encode(self.marks[source])) for source in told]
        self._changed = set()
        return records

    def restore(self, key: bytes, value: bytes) -> None:
        """Take one changelog record."""
        if key == FORWARDING:
            self.sent = _decode_sent(value)
        else:
            mark = _decode_mark(value)
            self.marks[mark.source] = mark
            self._note(mark)
