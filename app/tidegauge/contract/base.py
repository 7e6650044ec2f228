"""What all public records share: strictness, and the types of names, times, numbers and classes."""

import math
import re
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    Strict,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from tidegauge.core.events import MAX_NUMBER, MAX_YEAR, MIN_YEAR

MAX_INTEGER = 2**53
"""Largest magnitude of an integer: up to it a double, so any JSON reader, holds it exactly."""
MAX_TEXT = 200
"""Most characters (code points) of a name or a text."""

# msgspec reads RFC 3339 with these liberties: a space for the T, lower case, no colon in the offset
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


class Record(BaseModel):
    """A public record: strict, closed and immutable."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


def _check_time_text(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise PydanticCustomError(
        "datetime_rfc_3339",
        "must be an RFC 3339 time with an offset from UTC, such as 2013-01-01T05:17:00.250-05:00",
    )


def _check_year(value: datetime) -> datetime:
    if not MIN_YEAR <= value.year <= MAX_YEAR:
        raise PydanticCustomError(
            "datetime_year", f"must lie in the years {MIN_YEAR} to {MAX_YEAR}"
        )
    return value


def _check_scalar(value: object, expected: str, largest_integer: float) -> object:
    """Checks a string, boolean, integer or number; each by the limits of what it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise PydanticCustomError("string_too_long", f"must have at most {MAX_TEXT} characters")
        return value
    if not isinstance(value, int | float):
        raise PydanticCustomError("scalar_type", f"must be {expected}")
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "must be a finite number")
    limit = largest_integer if isinstance(value, int) else MAX_NUMBER
    if not -limit <= value <= limit:
        raise PydanticCustomError(
            "less_than_equal", "must lie between -{limit} and {limit}", {"limit": limit}
        )
    return value


def _check_outcome(value: object) -> object:
    return _check_scalar(value, "a string, boolean or number", MAX_INTEGER)


def _check_feature(value: object) -> object:
    if value is None:
        return None
    checked = _check_scalar(value, "a string, boolean, number or null", MAX_NUMBER)
    return float(checked) if type(checked) is int else checked


_TEXT_SCHEMA: dict[str, Any] = {"type": "string", "maxLength": MAX_TEXT}
_NUMBER_SCHEMA: dict[str, Any] = {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
Text: TypeAlias = Annotated[str, Field(max_length=MAX_TEXT)]
Time: TypeAlias = Annotated[
    AwareDatetime,
    Strict(False),  # the text that the check before it lets through is to be parsed
    BeforeValidator(_check_time_text),
    AfterValidator(_check_year),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Number: TypeAlias = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
Outcome: TypeAlias = Annotated[
    bool | int | float | str,
    PlainValidator(_check_outcome),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "boolean"}, _NUMBER_SCHEMA]}),
]
FeatureValue: TypeAlias = Annotated[
    bool | float | str | None,
    PlainValidator(_check_feature),
    WithJsonSchema(
        {"anyOf": [_NUMBER_SCHEMA, _TEXT_SCHEMA, {"type": "boolean"}, {"type": "null"}]}
    ),
]
