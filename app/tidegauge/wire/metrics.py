"""The metrics topic: windows, ledgers and deployments, told apart by ``type``.

Keys put the model first: ``model|version|field|value|60s|start`` for a window (field and value
are empty for a whole version), ``model|ledger`` for a ledger, ``model|deployment|kind|value`` for
a deployment.
"""

import re

from tidegauge.core.records import DeploymentRecord, LedgerRecord, MetricRecord
from tidegauge.wire.public import (
    InvalidRecord,
    decode_object,
    encode_json,
    from_public,
    joined_key,
    rfc3339,
    to_public,
)

_WINDOW_PARTS = 6
_SIZE = re.compile(rb"[0-9.e+]{1,20}s")


def encode_metric(record: MetricRecord) -> tuple[bytes, bytes]:
    """Key and value of a window's record."""
    segment = "" if record.segment_field is None else record.segment_field
    value = "" if record.segment_value is None else record.segment_value
    size_ms = record.end_ms - record.start_ms
    series = record.model, record.version, segment, value
    public = to_public(record) | {"type": "window", "size_seconds": size_ms / 1_000}
    return window_key(series, size_ms, record.start_ms), encode_json(public)


def window_key(series: tuple[str, str, str, str], size_ms: int, start_ms: int) -> bytes:
    """The key of a window's record: of a model, version, segment field and value."""
    return joined_key(*series, f"{size_ms / 1_000:.15g}s", rfc3339(start_ms))


def window_size_ms(key: bytes) -> int | None:
    """The length of the window that a record's key names; None for a record of another type."""
    parts = key.split(b"|")
    if len(parts) != _WINDOW_PARTS or not _SIZE.fullmatch(parts[4]):
        return None
    return round(float(parts[4][:-1]) * 1_000)


def encode_ledger(record: LedgerRecord) -> tuple[bytes, bytes]:
    """Key and value of a model's ledger."""
    return joined_key(record.model, "ledger"), encode_json(to_public(record) | {"type": "ledger"})


def encode_deployment(record: DeploymentRecord) -> tuple[bytes, bytes]:
    """Key and value of the mark of a deployment."""
    key = joined_key(record.model, "deployment", record.kind, record.value)
    return key, encode_json(to_public(record) | {"type": "deployment"})


def decode_metrics(value: bytes) -> MetricRecord | LedgerRecord | DeploymentRecord:
    """Reads any kind of record.

    Raises:
        InvalidRecord: It is none.
    """
    public = decode_object(value)
    match public.pop("type", None):
        case "window":
            public.pop("size_seconds", None)
            return from_public(public, MetricRecord)
        case "ledger":
            return from_public(public, LedgerRecord)
        case "deployment":
            return from_public(public, DeploymentRecord)
        case other:
            raise InvalidRecord(f"type is {other!r}; known are window, ledger and deployment")
