"""The references topic: the newest reference profile per model version, by ``model|version``."""

from tidegauge.core.reference_records import ReferenceRecord
from tidegauge.wire.public import decode_object, encode_json, from_public, joined_key, to_public


def reference_key(model: str, version: str) -> bytes:
    """The key of a model version's profile."""
    return joined_key(model, version)


def encode_reference(record: ReferenceRecord) -> tuple[bytes, bytes]:
    """Key and value of a profile."""
    return reference_key(record.model, record.version), encode_json(to_public(record))


def decode_reference(value: bytes) -> ReferenceRecord:
    """Reads a profile.

    Raises:
        InvalidRecord: It is none.
    """
    return from_public(decode_object(value), ReferenceRecord)
