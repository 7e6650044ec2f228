"""Dead letters: records that could not be used, and why."""

import base64
import binascii
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from tidegauge.contract.base import Count, Record, Time
from tidegauge.core.reasons import Reason


def _check_base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        raise PydanticCustomError("base64", "must be base64") from None
    return value


Base64: TypeAlias = Annotated[
    str,
    AfterValidator(_check_base64),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class DeadLetter(Record):
    """One record that was refused, with its place and its bytes."""

    type: Literal["record"]
    reason: Reason
    message: str
    """For the publisher: which field, what it must be, what to do."""
    topic: str
    partition: Count
    offset: Count
    timestamp: Time
    """When the broker appended the refused record."""
    model: str | None
    """Null where the record does not tell."""
    key: Base64 | None
    """The record's key, or a prefix of it."""
    key_length: Count | None
    """Bytes of the whole key."""
    value: Base64 | None
    """The record's value, or a prefix of it."""
    value_length: Count | None
    """Bytes of the whole value."""
    value_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    """SHA-256 of the whole value."""


class RefusedOffsets(Record):
    """Offsets from ``first`` to ``last``, both included."""

    first: Count
    last: Count
    count: Count
    """Refused records among them; others in between may have been fine."""


class DeadLetterSummary(Record):
    """Refusals of one reason in one partition that were counted and not copied: a flood."""

    type: Literal["summary"]
    reason: Reason
    topic: str
    partition: Count
    count: Count
    """Refused records in all ranges."""
    ranges: list[RefusedOffsets]
