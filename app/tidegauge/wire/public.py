"""Core records to public JSON values and back: what alerts, metrics and the others share.

In the core a time is a field ``x_ms`` of int milliseconds; in public it is a field ``x`` of RFC
3339 text. All else keeps its name and shape.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SUFFIX = "_ms"

_Record = TypeVar("_Record", bound=msgspec.Struct)

encode_json = msgspec.json.Encoder(order="sorted").encode
"""JSON with sorted keys: equal values are equal bytes. A figure that is not finite is null."""


class InvalidRecord(ValueError):  # noqa: N818 - it says what the record is
    """A record in one of Tidegauge's own topics that Tidegauge cannot have written."""


def rfc3339(time_ms: int) -> str:
    """``1356998400250`` as ``2013-01-01T00:00:00.250Z``."""
    time = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def milliseconds(text: str) -> int:
    """The inverse of `rfc3339`; any offset from UTC is read, parts of a millisecond are dropped.

    Raises:
        InvalidRecord: It is not a time with an offset.
    """
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
    except (TypeError, ValueError, OverflowError):
        raise InvalidRecord(f"{text!r} is not an RFC 3339 time with an offset") from None


def to_public(record: msgspec.Struct) -> dict[str, Any]:
    """The fields of a record under their public names, times as text."""
    return {
        name.removesuffix(_SUFFIX): (
            rfc3339(value) if name.endswith(_SUFFIX) and value is not None else value
        )
        for name, value in msgspec.structs.asdict(record).items()
    }


def from_public(public: Mapping[str, Any], record_type: type[_Record]) -> _Record:
    """Builds a record from its public fields.

    Raises:
        InvalidRecord: A field is missing, unknown or of a wrong type.
    """
    names = {name.removesuffix(_SUFFIX): name for name in record_type.__struct_fields__}
    unknown = public.keys() - names.keys()
    if unknown:
        raise InvalidRecord(f"unknown fields {', '.join(sorted(unknown))}")
    values = {
        names[name]: (
            milliseconds(value) if names[name].endswith(_SUFFIX) and value is not None else value
        )
        for name, value in public.items()
    }
    try:
        return msgspec.convert(values, record_type)
    except msgspec.ValidationError as error:
        raise InvalidRecord(str(error)) from None


def decode_object(value: bytes) -> dict[str, Any]:
    """The JSON object that a record's value holds.

    Raises:
        InvalidRecord: It is not a JSON object.
    """
    try:
        return _decode_object(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRecord(f"the value is not a JSON object: {error}") from None


def joined_key(*parts: str) -> bytes:
    """A record key of several parts: percent-encoded where needed, separated by ``|``."""
    return "|".join(quote(part, safe=" ,:;@=+") for part in parts).encode()


_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
