"""Refused records, as they are published. Times are int ms since the epoch (UTC)."""

import hashlib
from typing import Self

import msgspec

from tidegauge.core.reasons import Reason


class DeadLetterRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was refused, with the bytes it had."""

    reason: Reason
    message: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """The refused record's append time."""
    model: str | None = None
    """None where it cannot be told."""
    key: bytes | None = None
    key_length: int | None = None
    value: bytes | None = None
    """All of it, or a prefix."""
    value_length: int | None = None
    value_sha256: str | None = None
    """Of the whole value, in hex."""

    @classmethod
    def of(
        cls,
        *,
        reason: Reason,
        message: str,
        topic: str,
        partition: int,
        offset: int,
        timestamp_ms: int,
        key: bytes | None,
        value: bytes | None,
        model: str | None = None,
        max_value_bytes: int = 64 * 1024,
        max_key_bytes: int = 1024,
    ) -> Self:
        """Builds a dead letter that keeps a bounded prefix of the refused key and value."""
        return cls(
            reason=reason,
            message=message,
            topic=topic,
            partition=partition,
            offset=offset,
            timestamp_ms=timestamp_ms,
            model=model,
            key=None if key is None else key[:max_key_bytes],
            key_length=None if key is None else len(key),
            value=None if value is None else value[:max_value_bytes],
            value_length=None if value is None else len(value),
            value_sha256=None if value is None else hashlib.sha256(value).hexdigest(),
        )


class OffsetRange(msgspec.Struct, frozen=True):
    """Refused records at offsets from ``first`` to ``last``, both included."""

    first: int
    last: int
    count: int
    """Refused ones among them; others in between may have been fine."""


class DeadLetterSummaryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Refusals of one reason in one partition that a rate limit kept from being copied."""

    reason: Reason
    topic: str
    partition: int
    count: int
    ranges: tuple[OffsetRange, ...]
