"""Why an event was refused: the closed list that dead letters and counters name."""

from enum import StrEnum


class Reason(StrEnum):
    """One cause of refusal; the value is stable and is used as a label of metrics."""

    EMPTY = "empty"
    """The record has no value: null (a tombstone) or zero bytes."""
    TOO_LARGE = "too_large"
    """The value has more bytes than an event may have."""
    INVALID_UTF8 = "invalid_utf8"
    INVALID_JSON = "invalid_json"
    """Not JSON: truncated, binary, or followed by something else."""
    NOT_AN_OBJECT = "not_an_object"
    """JSON, but a list, string, number, boolean or null where an object is needed."""
    MISSING_FIELD = "missing_field"
    UNKNOWN_FIELD = "unknown_field"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    """A number outside the limits of its field."""
    NOT_A_NUMBER = "not_a_number"
    """NaN, an infinity, or a number too large to be finite."""
    TOO_SHORT = "too_short"
    """A text that must not be empty is empty."""
    TOO_LONG = "too_long"
    """A text with too many characters or a mapping with too many entries."""
    BAD_TIMESTAMP = "bad_timestamp"
    """Not an RFC 3339 date and time with an offset from UTC."""

    FUTURE_TIMESTAMP = "future_timestamp"
    """The event's time is further ahead of the record's append time than is allowed."""
    CONFLICT_PREDICTION = "conflict_prediction"
    """Same request id, model and version as an earlier prediction, other content."""
    CONFLICT_FEEDBACK = "conflict_feedback"
    """Same request id and revision as an earlier feedback, other content."""
    POISON = "poison"
    """Moved here by an operator, because the worker died repeatedly at this record."""
