"""Records on their way to the partition that joins them (`tidegauge.core.collect.forwarding`)."""

from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import ConsumerRecord

from tidegauge.core.collect.forwarding import Forwarded, Kind, SourceMark, decode, encode


class Origin(NamedTuple):
    """A record as it was published; named as in aiokafka's `ConsumerRecord`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes


class Received(NamedTuple):
    """What a part of the topic holds."""

    predictions: list[Origin]
    feedback: list[Origin]
    marks: list[SourceMark]


def pack(record: ConsumerRecord, kind: Kind) -> bytes:
    """The value under which a record is forwarded."""
    made = Forwarded(
        kind, record.partition, record.offset, record.timestamp, record.key, record.value
    )
    return encode(made)


def unpack(records: Sequence[ConsumerRecord], topics: dict[Kind, str]) -> Received:
    """Read records of the topic.

    Args:
        records: the records.
        topics: the topic that each kind of event is published to.
    """
    received = Received([], [], [])
    for record in records:
        told = decode(record.value)
        if isinstance(told, SourceMark):
            received.marks.append(told)
            continue
        kept = received.predictions if told.kind == "prediction" else received.feedback
        topic = topics[told.kind]
        kept.append(Origin(topic, told.source, told.offset, told.append, told.key, told.value))
    return received
