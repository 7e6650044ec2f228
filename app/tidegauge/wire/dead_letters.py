"""The dead-letters topic: refused records and summaries of floods, told apart by ``type``.

Keys name the place: ``topic|partition|offset``, of a summary the first offset of its ranges.
"""

from tidegauge.core.records import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.wire.public import (
    InvalidRecord,
    decode_object,
    encode_json,
    from_public,
    joined_key,
    to_public,
)


def encode_dead_letter(record: DeadLetterRecord) -> tuple[bytes, bytes]:
    """Key and value of one refused record; bytes become base64."""
    key = joined_key(record.topic, str(record.partition), str(record.offset))
    return key, encode_json(to_public(record) | {"type": "record"})


def encode_summary(record: DeadLetterSummaryRecord) -> tuple[bytes, bytes]:
    """Key and value of the summary of a flood."""
    first = str(record.ranges[0].first) if record.ranges else ""
    key = joined_key(record.topic, str(record.partition), first, record.reason)
    return key, encode_json(to_public(record) | {"type": "summary"})


def decode_dead_letter(value: bytes) -> DeadLetterRecord | DeadLetterSummaryRecord:
    """Reads either kind of record.

    Raises:
        InvalidRecord: It is neither.
    """
    public = decode_object(value)
    match public.pop("type", None):
        case "record":
            return from_public(public, DeadLetterRecord)
        case "summary":
            return from_public(public, DeadLetterSummaryRecord)
        case other:
            raise InvalidRecord(f"type is {other!r}; known are record and summary")
