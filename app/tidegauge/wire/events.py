"""Bytes of the two public events to core values, and why bytes were refused.

msgspec decides, with the limits that are part of the types in `core.events`. Only when it refuses
is the value given to the pydantic model of the contract, which words the reason for a publisher.
Rules that follow from the decoder:

- A key that occurs twice: the last value counts, but every one of them must be valid.
- ``NaN``, ``Infinity`` and numbers beyond a double (``1e400``) are refused, as are integers beyond
  2^53 in magnitude where a class is expected, since other readers could not tell them apart.
- Unpaired surrogates are no text and are refused, escaped or not.
- Times keep microseconds; further digits are rounded.
- A refused event of more than 32 KiB is described by msgspec's first complaint alone, since
  listing thousands of faults takes far longer than refusing.

The two agree on what is valid but for these, where msgspec's decision and words stand:

=======================================================  ========  ========
input                                                    msgspec   pydantic
=======================================================  ========  ========
a key twice, the first value invalid, the last valid     refused   accepted
a time that rounding to microseconds moves past the      refused   accepted
last year
a time that rounding to microseconds moves into the      accepted  refused
first year
=======================================================  ========  ========
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, cast

import msgspec
import xxhash
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tidegauge.contract import feedback, prediction
from tidegauge.contract.base import Record
from tidegauge.core.events import MAX_NAME, MAX_YEAR, MIN_YEAR, Feedback, Prediction
from tidegauge.core.reasons import Reason

MAX_EVENT_BYTES = 256 * 1024
"""Largest event in bytes."""
MAX_MESSAGE = 500
"""Longest message of a refusal in characters."""
_MAX_WORDED = 32 * 1024
_MAX_NAME = 60
_MAX_ERRORS = 3
_MAX_KNOWN_NAMES = 10_000

_REASONS = {
    "datetime_rfc_3339": Reason.BAD_TIMESTAMP,
    "datetime_year": Reason.BAD_TIMESTAMP,
    "datetime_from_date_parsing": Reason.BAD_TIMESTAMP,
    "datetime_parsing": Reason.BAD_TIMESTAMP,
    "extra_forbidden": Reason.UNKNOWN_FIELD,
    "finite_number": Reason.NOT_A_NUMBER,
    "greater_than_equal": Reason.OUT_OF_RANGE,
    "json_invalid": Reason.INVALID_JSON,
    "less_than_equal": Reason.OUT_OF_RANGE,
    "missing": Reason.MISSING_FIELD,
    "model_type": Reason.NOT_AN_OBJECT,
    "string_too_long": Reason.TOO_LONG,
    "string_too_short": Reason.TOO_SHORT,
    "timezone_aware": Reason.BAD_TIMESTAMP,
    "too_long": Reason.TOO_LONG,
}

# the starts and then the parts of msgspec's messages; only names of unknown fields are not its own
_MSGSPEC_REASONS = (
    ("Object contains unknown field", Reason.UNKNOWN_FIELD),
    ("Object missing required field", Reason.MISSING_FIELD),
    ("RFC3339", Reason.BAD_TIMESTAMP),
    ("timestamp: year", Reason.BAD_TIMESTAMP),
    ("`datetime`", Reason.BAD_TIMESTAMP),
    ("Integer value out of range", Reason.OUT_OF_RANGE),
    ("Number out of range", Reason.NOT_A_NUMBER),
    ("of length <=", Reason.TOO_LONG),
    ("of length >=", Reason.TOO_SHORT),
    ("<=", Reason.OUT_OF_RANGE),
    (">=", Reason.OUT_OF_RANGE),
    (" - at `$", Reason.WRONG_TYPE),
    ("Expected `object`", Reason.NOT_AN_OBJECT),
)

_Event = TypeVar("_Event", Prediction, Feedback)


class InvalidEvent(ValueError):  # noqa: N818 - it says what the event is, as everywhere here
    """An event that cannot be used.

    Attributes:
        reason: One of the closed list of reasons.
        message: For the publisher: which field, and what it must be; at most 500 characters,
            without the values of the event.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


def decode_prediction(raw: bytes | None) -> Prediction:
    """Decodes the value of a record of the predictions topic.

    Raises:
        InvalidEvent: It is not a valid prediction.
    """
    event = _decode(raw, _decode_prediction, prediction.Prediction)
    if not (_known_names.issuperset(event.features) and _known_names.issuperset(event.segments)):
        _check_names(raw, "features", event.features)
        _check_names(raw, "segments", event.segments)
    if event.probabilities is not None:
        _check_names(raw, "probabilities", event.probabilities)
    if event.attributions is not None:
        _check_names(raw, "attributions", event.attributions)
    return event


def decode_feedback(raw: bytes | None) -> Feedback:
    """Decodes the value of a record of the feedback topic.

    Raises:
        InvalidEvent: It is not a valid feedback.
    """
    return _decode(raw, _decode_feedback, feedback.Feedback)


def decode_predictions(raws: Sequence[bytes | None]) -> list[Prediction | InvalidEvent]:
    """`decode_prediction` of many records; an event that is not valid is its refusal."""
    found = _decode_all(raws, _decode_prediction, decode_prediction)
    valid = [event for event in found if isinstance(event, Prediction)]
    named: list[Mapping[str, object]] = [
        *(event.features for event in valid),
        *(event.segments for event in valid),
        *(event.probabilities for event in valid if event.probabilities),
        *(event.attributions for event in valid if event.attributions),
    ]
    if _known_names.issuperset(set().union(*named)):
        return found
    return [
        _decoded(raw, decode_prediction) if isinstance(event, Prediction) else event
        for raw, event in zip(raws, found, strict=True)
    ]


def decode_feedbacks(raws: Sequence[bytes | None]) -> list[Feedback | InvalidEvent]:
    """`decode_feedback` of many records; an event that is not valid is its refusal."""
    return _decode_all(raws, _decode_feedback, decode_feedback)


def _decode_all(
    raws: Sequence[bytes | None],
    decode: Callable[[bytes], _Event],
    decode_one: Callable[[bytes | None], _Event],
) -> list[_Event | InvalidEvent]:
    """Decode without looking at each event in Python; what fails is looked at by itself.

    The names in predictions are still to be checked.
    """
    found: list[_Event | InvalidEvent] = []
    left = iter(raws)
    while len(found) < len(raws):
        try:
            # what is decoded before one that fails stays in the list
            found.extend(map(decode, cast("Iterator[bytes]", left)))
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError):
            found.append(_decoded(raws[len(found)], decode_one))
    for at, raw in enumerate(raws):
        if raw is not None and len(raw) > MAX_EVENT_BYTES:
            found[at] = _decoded(raw, decode_one)
    years = {event.timestamp.year for event in found if not isinstance(event, InvalidEvent)}
    if years and not (min(years) >= MIN_YEAR and max(years) <= MAX_YEAR):
        return [_decoded(raw, decode_one) for raw in raws]
    return found


def _decoded(
    raw: bytes | None, decode_one: Callable[[bytes | None], _Event]
) -> _Event | InvalidEvent:
    try:
        return decode_one(raw)
    except InvalidEvent as invalid:
        return invalid


class _Named(msgspec.Struct):
    model: str | None = None


_decode_named = msgspec.json.Decoder(_Named).decode


def named_model(raw: bytes | None) -> str | None:
    """The model that an event names which cannot be used otherwise; None where none can be told."""
    if not raw or len(raw) > MAX_EVENT_BYTES:
        return None
    try:
        name = _decode_named(raw).model
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return name if name and len(name) <= MAX_NAME else None


def content_digest(event: Prediction | Feedback) -> int:
    """64-bit xxHash3 of the event's content: equal for a duplicate, different for a conflict.

    The order of keys, an explicit null for an absent field and the offset in which a time is
    written do not change it; ``1``, ``1.0`` and ``true`` as an outcome are three contents.
    """
    return xxhash.xxh3_64_intdigest(_encode(event))


def content_digests(events: Iterable[Prediction | Feedback]) -> list[int]:
    """`content_digest` of many events."""
    return list(map(xxhash.xxh3_64_intdigest, map(_encode, events)))


_decode_prediction = msgspec.json.Decoder(Prediction).decode
_decode_feedback = msgspec.json.Decoder(Feedback).decode
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


_known_names: set[str] = set()
"""Names that were found to be within their limits, since nearly all events repeat them."""


def _check_names(raw: bytes | None, field: str, named: Mapping[str, object]) -> None:
    new = named.keys() - _known_names
    if not all(0 < len(name) <= MAX_NAME for name in new):
        error = f"Expected `str` of length >= 1 and <= {MAX_NAME} - at `key` in `$.{field}`"
        raise _refusal(raw or b"", error, prediction.Prediction)
    if len(_known_names) + len(new) <= _MAX_KNOWN_NAMES:
        _known_names.update(new)


def _decode(raw: bytes | None, decode: Callable[[bytes], _Event], contract: type[Record]) -> _Event:
    if not raw:
        raise InvalidEvent(Reason.EMPTY, "the record has no value; publish the event as JSON")
    if len(raw) > MAX_EVENT_BYTES:
        raise InvalidEvent(
            Reason.TOO_LARGE, f"{len(raw)} bytes; an event has at most {MAX_EVENT_BYTES}"
        )
    try:
        event = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refusal(raw, str(error), contract) from None
    if MIN_YEAR <= event.timestamp.year <= MAX_YEAR:
        return event
    raise _refusal(raw, f"timestamp: year {event.timestamp.year}", contract)


def _refusal(raw: bytes, error: str, contract: type[Record]) -> InvalidEvent:
    """Words a refusal by the contract, or by msgspec's error where the contract has none."""
    try:
        raw.decode()
    except UnicodeDecodeError as invalid:
        return InvalidEvent(
            Reason.INVALID_UTF8, f"not UTF-8: {invalid.reason} at byte {invalid.start}"
        )
    if len(raw) <= _MAX_WORDED:
        try:
            contract.model_validate_json(raw)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False, include_context=False, include_input=False)
            return InvalidEvent(_reason(errors[0]), _message(errors, contract))
    reason = next((r for part, r in _MSGSPEC_REASONS if part in error), Reason.INVALID_JSON)
    return InvalidEvent(reason, _shortened(error, MAX_MESSAGE))


def _reason(error: ErrorDetails) -> Reason:
    if error["type"] == "json_invalid" and "number out of range" in error["msg"]:
        return Reason.OUT_OF_RANGE
    return _REASONS.get(error["type"], Reason.WRONG_TYPE)


def _message(errors: list[ErrorDetails], contract: type[Record]) -> str:
    parts = [_sentence(error) for error in errors[:_MAX_ERRORS]]
    if len(errors) > _MAX_ERRORS:
        parts.append(f"and {len(errors) - _MAX_ERRORS} more")
    if any(error["type"] == "extra_forbidden" for error in errors[:_MAX_ERRORS]):
        parts.append(f"known fields are {', '.join(contract.model_fields)}")
    return _shortened("; ".join(parts), MAX_MESSAGE)


def _sentence(error: ErrorDetails) -> str:
    if error["type"] == "model_type":
        return "must be a JSON object"
    if not error["loc"]:
        return error["msg"]
    path = ".".join(_shortened(str(part), _MAX_NAME) for part in error["loc"])
    if error["type"] == "missing":
        return f"{path}: this field is required"
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown field"
    return f"{path}: {error['msg']}"


def _shortened(text: str, limit: int) -> str:
    """The text on one line and within the limit."""
    printable = "".join(char if char.isprintable() else "?" for char in text[: limit + 1])
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"
