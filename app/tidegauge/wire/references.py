"""The references topic: the newest reference profile per model version, by ``model|version``."""

import msgspec

from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.wire.public import (
    InvalidRecord,
    decode_object,
    encode_json,
    joined_key,
    milliseconds,
    rfc3339,
)

_TIMES = ("effective_from", "learned_from", "learned_until")


def reference_key(model: str, version: str) -> bytes:
    """The key of a model version's profile."""
    return joined_key(model, version)


def encode_reference(profile: ReferenceProfile) -> tuple[bytes, bytes]:
    """Key and value of a profile."""
    public = msgspec.structs.asdict(profile)
    public |= {name: rfc3339(public[name]) for name in _TIMES if public[name] is not None}
    for histogram in ("score_counts", "value_counts"):
        public[histogram] = {str(number): n for number, n in public[histogram].items()}
    return reference_key(profile.model, profile.version), encode_json(public)


def decode_reference(value: bytes) -> ReferenceProfile:
    """Reads a profile.

    Raises:
        InvalidRecord: It is none, or its id does not belong to its content.
    """
    public = decode_object(value)
    try:
        public |= {name: milliseconds(public[name]) for name in _TIMES if public[name] is not None}
        profile = msgspec.convert(public, ReferenceProfile, str_keys=True)
    except KeyError as error:
        raise InvalidRecord(f"missing field {error}") from None
    except msgspec.ValidationError as error:
        raise InvalidRecord(str(error)) from None
    if profile.id != profile.content_id():
        raise InvalidRecord(
            f"reference profile of {profile.model!r} version {profile.version!r}: its id is "
            f"{profile.id!r}, but its content has the id {profile.content_id()!r}; it was "
            "altered, publish it again"
        )
    return profile
