"""The dead-letters topic: refused records and summaries of floods, told apart by ``type``.

A refused record keeps its key, as far as it was kept; a summary has ``topic|partition|reason``.
"""

from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.wire.public import (
    InvalidRecord,
    decode_object,
    encode_json,
    from_public,
    joined_key,
    to_public,
)


def encode_dead_letter(record: DeadLetterRecord) -> tuple[bytes | None, bytes]:
    """Key and value of one refused record; bytes in the value are base64."""
    return record.key, encode_json(to_public(record) | {"type": "record"})


def encode_summary(record: DeadLetterSummaryRecord) -> tuple[bytes, bytes]:
    """Key and value of the summary of a flood."""
    key = joined_key(record.topic, str(record.partition), record.reason)
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
