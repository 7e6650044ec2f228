"""Durations as people write them: numbers with units, ``500ms``, ``10s``, ``1h30m``, ``7d``."""

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_MILLISECOND = timedelta(milliseconds=1)
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": _MILLISECOND,
}
_PATTERN = "".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS)
_LONGEST = timedelta(days=3650)


def milliseconds(duration: timedelta) -> int:
    """The length in whole milliseconds."""
    return duration // _MILLISECOND


def text(duration: timedelta) -> str:
    """The duration as it would be written here: ``5400000 ms`` is ``1h30m``."""
    parts = []
    for unit, size in _UNITS.items():
        count, duration = divmod(duration, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _parse(value: object) -> timedelta:
    """Read a duration; a bare number is refused since its unit would be a guess."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(_PATTERN, value.strip()) if isinstance(value, str) else None
    if match is None or not match[0]:
        raise PydanticCustomError(
            "duration", "must be numbers with units (d, h, m, s, ms), such as 10s, 1h30m or 7d"
        )
    counts = zip(match.groups(default="0"), _UNITS.values(), strict=True)
    return sum((int(count) * size for count, size in counts), timedelta())


def _at_most_ten_years(value: timedelta) -> timedelta:
    if value > _LONGEST:
        raise PydanticCustomError("duration", "must be at most ten years (3650d)")
    return value


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise PydanticCustomError("duration", "must be longer than zero")
    return value


def _read(value: object) -> timedelta:
    return _at_most_ten_years(_parse(value))


def _read_positive(value: object) -> timedelta:
    return _positive(_read(value))


_AS_TEXT = PlainSerializer(text, return_type=str)
_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$"})

Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_read), _AS_TEXT, _SCHEMA]
"""A length of time from zero to ten years."""

PositiveDuration: TypeAlias = Annotated[
    timedelta, BeforeValidator(_read_positive), _AS_TEXT, _SCHEMA
]
"""A length of time from one millisecond to ten years."""
