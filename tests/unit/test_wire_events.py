"""Which bytes are events, why others are not, and what makes two events the same."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.reasons import Reason
from tidegauge.wire.events import (
    MAX_EVENT_BYTES,
    InvalidEvent,
    content_digest,
    decode_feedback,
    decode_prediction,
)

BASE: dict[str, Any] = {
    "request_id": "r-1",
    "model": "flights",
    "version": "3",
    "timestamp": "2013-01-01T05:17:00.250-05:00",
    "prediction": True,
}


def raw(**changes: Any) -> bytes:
    return json.dumps(BASE | changes).encode()


def raw_with(text: str) -> bytes:
    return f"{json.dumps(BASE)[:-1]},{text}}}".encode()


def test_a_whole_prediction() -> None:
    event = decode_prediction(
        raw(
            score=0.25,
            probabilities={"late": 0.25, "on time": 0.75},
            features={"distance": 1400, "carrier": "UA", "holiday": False, "wind": None},
            segments={"origin": "EWR"},
            attributions={"distance": -0.2},
            latency_seconds=0.004,
            code_version="9b1c2f7",
        )
    )
    assert event == Prediction(
        request_id="r-1",
        model="flights",
        version="3",
        timestamp=datetime(2013, 1, 1, 10, 17, 0, 250_000, tzinfo=UTC),
        prediction=True,
        score=0.25,
        probabilities={"late": 0.25, "on time": 0.75},
        features={"distance": 1400.0, "carrier": "UA", "holiday": False, "wind": None},
        segments={"origin": "EWR"},
        attributions={"distance": -0.2},
        latency_seconds=0.004,
        code_version="9b1c2f7",
    )


def test_a_whole_feedback() -> None:
    event = decode_feedback(
        b'{"request_id":"r-1","timestamp":"2013-01-01T08:30:00Z","label":"late","revision":2}'
    )
    assert event == Feedback(
        request_id="r-1",
        timestamp=datetime(2013, 1, 1, 8, 30, tzinfo=UTC),
        label="late",
        revision=2,
    )


@pytest.mark.parametrize("outcome", [True, 0, 1, 2**53, -1.5, 0.0, "late", ""])
def test_a_class_or_a_number_keeps_its_type(outcome: object) -> None:
    event = decode_prediction(raw(prediction=outcome))
    assert (type(event.prediction), event.prediction) == (type(outcome), outcome)


ALL_MISSING = (
    "request_id: this field is required; model: this field is required; "
    "version: this field is required; and 2 more"
)
TIME_RULE = (
    "timestamp: must be an RFC 3339 time with an offset from UTC, "
    "such as 2013-01-01T05:17:00.250-05:00"
)


@pytest.mark.parametrize(
    ("value", "reason", "message"),
    [
        (None, Reason.EMPTY, "the record has no value; publish the event as JSON"),
        (b"", Reason.EMPTY, "the record has no value; publish the event as JSON"),
        (b"x" * 1_000_000, Reason.TOO_LARGE, "1000000 bytes; an event has at most 262144"),
        (b"\x80\x04abc", Reason.INVALID_UTF8, "not UTF-8: invalid start byte at byte 0"),
        (b'{"model":"\xff"}', Reason.INVALID_UTF8, "not UTF-8: invalid start byte at byte 10"),
        (
            raw()[:-1],
            Reason.INVALID_JSON,
            "Invalid JSON: EOF while parsing an object at line 1 column 122",
        ),
        (
            raw() + b"{}",
            Reason.INVALID_JSON,
            "Invalid JSON: trailing characters at line 1 column 124",
        ),
        (
            raw_with(r'"code_version":"\ud800"'),
            Reason.INVALID_JSON,
            "Invalid JSON: unexpected end of hex escape at line 1 column 146",
        ),
        (
            raw_with('"extra":' + "[" * 1000 + "]" * 1000),
            Reason.INVALID_JSON,
            "Invalid JSON: recursion limit exceeded at line 1 column 332",
        ),
        (b"[]", Reason.NOT_AN_OBJECT, "must be a JSON object"),
        (b"null", Reason.NOT_AN_OBJECT, "must be a JSON object"),
        (
            b"{}",
            Reason.MISSING_FIELD,
            ALL_MISSING,
        ),
        (raw(prediction=[]), Reason.WRONG_TYPE, "prediction: must be a string, boolean or number"),
        (raw(model=7), Reason.WRONG_TYPE, "model: Input should be a valid string"),
        (raw(features=None), Reason.WRONG_TYPE, "features: Input should be an object"),
        (
            raw(features={"a": {}}),
            Reason.WRONG_TYPE,
            "features.a: must be a string, boolean, number or null",
        ),
        (raw(score=1.5), Reason.OUT_OF_RANGE, "score: Input should be less than or equal to 1"),
        (
            raw(prediction=2**53 + 1),
            Reason.OUT_OF_RANGE,
            "prediction: must lie between -9007199254740992 and 9007199254740992",
        ),
        (
            raw_with('"features":{"a":' + "9" * 5000 + "}"),
            Reason.OUT_OF_RANGE,
            "Invalid JSON: number out of range at line 1 column 4441",
        ),
        (raw(score=float("nan")), Reason.NOT_A_NUMBER, "score: Input should be a finite number"),
        (
            raw(features={"a": float("-inf")}),
            Reason.NOT_A_NUMBER,
            "features.a: must be a finite number",
        ),
        (
            raw_with('"features":{"a":1e400}'),
            Reason.NOT_A_NUMBER,
            "features.a: must be a finite number",
        ),
        (
            raw(request_id=""),
            Reason.TOO_SHORT,
            "request_id: String should have at least 1 character",
        ),
        (
            raw(prediction="x" * 201),
            Reason.TOO_LONG,
            "prediction: must have at most 200 characters",
        ),
        (raw(timestamp="2013-01-01T05:17:00"), Reason.BAD_TIMESTAMP, TIME_RULE),
        (raw(timestamp="2013-01-01"), Reason.BAD_TIMESTAMP, TIME_RULE),
        (raw(timestamp=1357016400), Reason.BAD_TIMESTAMP, TIME_RULE),
        (
            raw(timestamp="0001-01-01T00:00:00+23:59"),
            Reason.BAD_TIMESTAMP,
            "timestamp: must lie in the years 1970 to 9998",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(value: bytes | None, reason: Reason, message: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        decode_prediction(value)
    assert (refusal.value.reason, refusal.value.message) == (reason, message)


def test_an_unknown_field_is_named_beside_the_known_ones() -> None:
    with pytest.raises(InvalidEvent, match=r"^unknown_field: modle: unknown field; known") as error:
        decode_feedback(
            b'{"request_id":"r","timestamp":"2013-01-01T08:30:00Z","label":1,"modle":"m"}'
        )
    assert error.value.message.endswith(
        "known fields are request_id, timestamp, label, model, revision, source"
    )


def test_a_refusal_is_one_short_printable_line_without_the_values() -> None:
    with pytest.raises(InvalidEvent) as error:
        decode_prediction(raw(**{"a\n\x1b" + "k" * 1000: 1}, code_version=["secret"]))
    assert len(error.value.message) <= 500
    assert error.value.message.isprintable()
    assert "secret" not in error.value.message


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (raw(features={f"f{i}": [] for i in range(9000)}), Reason.WRONG_TYPE),
        (raw(features={f"f{i}": 1 for i in range(9000)}), Reason.TOO_LONG),
        (raw(**{f"f{i}": [] for i in range(9000)}), Reason.UNKNOWN_FIELD),
        (raw(traceparent="x" * 100_000), Reason.TOO_LONG),
        (raw(version="", data_version="x" * 100_000), Reason.TOO_SHORT),
        (raw(score=2, data_version="x" * 100_000), Reason.OUT_OF_RANGE),
        (raw(timestamp="2013-01-01T00:00:00", data_version="x" * 100_000), Reason.BAD_TIMESTAMP),
        (raw(timestamp="2013-01-01", data_version="x" * 100_000), Reason.BAD_TIMESTAMP),
        (raw_with('"score":1e400,"a":"' + "x" * 100_000 + '"'), Reason.NOT_A_NUMBER),
        (raw_with('"revision":"' + "x" * 100_000 + '"'), Reason.UNKNOWN_FIELD),
        (raw() + b"x" * 100_000, Reason.INVALID_JSON),
        (raw() + b" " * 100_000 + b"x", Reason.INVALID_JSON),
        (b'{"request_id":"r"' + b" " * 100_000 + b"}", Reason.MISSING_FIELD),
        (b'"' + b"x" * 100_000 + b'"', Reason.NOT_AN_OBJECT),
        (raw_with('"features":{"a":' + "9" * 100_000 + "}"), Reason.NOT_A_NUMBER),
        (raw(prediction=10**4000, data_version="x" * 100_000), Reason.OUT_OF_RANGE),
    ],
)
def test_a_large_event_is_refused_for_its_first_fault(value: bytes, reason: Reason) -> None:
    assert len(value) > 32 * 1024
    with pytest.raises(InvalidEvent) as error:
        decode_prediction(value)
    assert error.value.reason == reason


def test_an_event_may_fill_the_limit() -> None:
    largest = raw() + b" " * (MAX_EVENT_BYTES - len(raw()))
    assert decode_prediction(largest) == decode_prediction(raw())


def test_a_duplicate_has_the_digest_of_the_first() -> None:
    first = raw(features={"a": 1, "b": 2.5}, segments={"x": "1", "y": "2"})
    again = json.dumps(
        {"score": None, "segments": {"y": "2", "x": "1"}, "features": {"b": 2.5, "a": 1.0}}
        | dict(reversed(BASE.items()))
        | {"timestamp": "2013-01-01T10:17:00.250Z"}
    ).encode()
    assert content_digest(decode_prediction(first)) == content_digest(decode_prediction(again))


@pytest.mark.parametrize(
    "change",
    [
        {"prediction": 1},
        {"prediction": 1.0},
        {"prediction": "true"},
        {"timestamp": "2013-01-01T05:17:00.251-05:00"},
        {"score": 0.5},
        {"features": {"a": None}},
        {"segments": {"a": ""}},
        {"code_version": ""},
    ],
)
def test_a_conflict_has_another_digest(change: dict[str, Any]) -> None:
    assert content_digest(decode_prediction(raw())) != content_digest(
        decode_prediction(raw(**change))
    )


def test_every_accepted_time_has_a_digest_and_is_utc_convertible() -> None:
    for text in ("1970-01-01T00:00:00+23:59", "9998-12-31T23:59:59.999999-23:59"):
        event = decode_prediction(raw(timestamp=text))
        assert 0 <= content_digest(event) < 2**64
        assert event.timestamp.astimezone(UTC) - event.timestamp == timedelta(0)


def test_a_digest_stays_the_same_over_releases() -> None:
    assert content_digest(decode_prediction(raw())) == 5811340502115711872
