"""msgspec decides and pydantic words: on generated inputs both accept or refuse the same bytes."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeAlias

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tidegauge.contract.base import Record
from tidegauge.contract.feedback import Feedback as FeedbackModel
from tidegauge.contract.prediction import Prediction as PredictionModel
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.reasons import Reason
from tidegauge.wire.events import (
    MAX_MESSAGE,
    InvalidEvent,
    content_digest,
    content_digests,
    decode_feedback,
    decode_feedbacks,
    decode_prediction,
    decode_predictions,
)

Decode: TypeAlias = Callable[[bytes | None], Prediction | Feedback]

REQUIRED = {
    "request_id": "r-1",
    "model": "flights",
    "version": "3",
    "timestamp": "2013-01-01T05:17:00.250-05:00",
    "prediction": True,
}

NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([0, 1, -1, 0.0, -0.0, 1.0, 1 + 1e-16, 1e-320, 2**31, 2**31 + 1, 1e6, 1e6 + 1]),
    st.sampled_from([2**53, 2**53 + 1, -(2**53), -(2**53) - 1]),
    st.sampled_from([1e100, -1e100, 1.1e100, 1e101, 10**100, 10**101]),
)
TEXTS = st.one_of(
    st.text(max_size=5),
    st.sampled_from(
        ["", "x" * 200, "x" * 201, "é" * 200, "😀" * 200, "😀" * 201, "\x00", "\ud800"]
    ),
)
TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat()),
    st.from_regex(
        r"[0-2]\d{3}-[01]\d-[0-3]\d[Tt _][0-2]\d:[0-6]\d:[0-6]\d"
        r"(\.\d{0,10})?([Zz]|[+-]\d\d:?\d\d)?",
        fullmatch=True,
    ),
    st.sampled_from(
        [
            "2013-01-01T00:00:00Z",
            "2013-01-01 00:00:00+0000",
            "2013-01-01t00:00:00z",
            "2013-01-01T00:00:00",
            "2013-01-01T00:00Z",
            "2013-01-01T00:00:60Z",
            "2013-01-01T24:00:00Z",
            "2013-01-01",
            "2013-02-29T00:00:00Z",
            "2013-01-01T00:00:00,5Z",
            "2013-01-01T00:00:00.Z",
            "2013-01-01T00:00:00.1234567Z",
            "2013-12-31T23:59:59.9999999Z",
            "2013-01-01T00:00:00+24:00",
            "2013-01-01T00:00:00+23:60",
            "2013-01-01T00:00:00-00:00",
            "1969-12-31T23:59:59Z",
            "9998-12-31T23:59:59.999999-23:59",
            "9999-01-01T00:00:00Z",
            "0001-01-01T00:00:00+23:59",
            "1357016400",
            "",
        ]
    ),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, TIMES)
MAPPINGS = st.dictionaries(TEXTS, SCALARS, max_size=4)
VALUES = st.one_of(SCALARS, MAPPINGS, st.lists(SCALARS, max_size=2))
FIELDS = st.sampled_from(
    [*Prediction.__struct_fields__, *Feedback.__struct_fields__, "Model", "", "zzz", "\ud800"]
)


@st.composite
def events(draw: st.DrawFn, required: dict[str, Any]) -> bytes:
    """An event with some fields replaced, removed or added, written in some way."""
    event = dict(required)
    event |= draw(st.dictionaries(FIELDS, VALUES, max_size=3))
    if draw(st.booleans()):
        event["timestamp"] = draw(TIMES)
    for name in draw(st.lists(st.sampled_from(sorted(event)), max_size=1)):
        if draw(st.booleans()):
            del event[name]
    text = json.dumps(event, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn, required: dict[str, Any]) -> bytes:
    """An event with some bytes cut out or replaced."""
    raw = draw(events(required))
    start = draw(st.integers(0, len(raw)))
    end = draw(st.integers(start, min(len(raw), start + 4)))
    return raw[:start] + draw(st.binary(max_size=4)) + raw[end:]


FEEDBACK = {"request_id": "r-1", "timestamp": "2013-01-01T08:30:00Z", "label": 1}


def pydantic_result(model: type[Record], raw: bytes) -> Record | None:
    try:
        return model.model_validate_json(raw)
    except ValidationError:
        return None


def assert_same_content(event: msgspec.Struct, record: Record) -> None:
    fields = msgspec.structs.asdict(event)
    others = record.model_dump()
    # the two round digits beyond the microsecond differently
    assert abs(fields.pop("timestamp") - others.pop("timestamp")) <= timedelta(microseconds=1)
    assert fields == others
    assert repr(sorted(fields.items())) == repr(sorted(others.items()))  # 1, 1.0 and True differ


def decoded(decode: Decode, raw: bytes | None) -> Prediction | Feedback | InvalidEvent:
    try:
        return decode(raw)
    except InvalidEvent as refusal:
        return refusal


def assert_agreement(decode: Decode, model: type[Record], raw: bytes) -> None:
    worded = pydantic_result(model, raw)
    result = decoded(decode, raw)
    if isinstance(result, InvalidEvent):
        assert worded is None
        assert result.reason in Reason
        assert 0 < len(result.message) <= MAX_MESSAGE
        assert result.message.isprintable()
    else:
        assert worded is not None
        assert_same_content(result, worded)


@given(st.one_of(events(REQUIRED), damaged(REQUIRED), st.binary(max_size=40)))
@example(b"[" * 5000)
@example(b'{"request_id":' + b'{"a":' * 5000)
@example(b"9" * 5000)
@settings(max_examples=500, deadline=None)
def test_predictions_are_accepted_by_both_or_by_neither(raw: bytes) -> None:
    assert_agreement(decode_prediction, PredictionModel, raw)


@given(st.one_of(events(FEEDBACK), damaged(FEEDBACK), st.binary(max_size=40)))
@settings(max_examples=300, deadline=None)
def test_feedback_is_accepted_by_both_or_by_neither(raw: bytes) -> None:
    assert_agreement(decode_feedback, FeedbackModel, raw)


def told(event: Prediction | Feedback | InvalidEvent) -> object:
    return (event.reason, event.message) if isinstance(event, InvalidEvent) else event


raws = st.one_of(
    events(REQUIRED),
    events(FEEDBACK),
    damaged(REQUIRED),
    st.none(),
    st.sampled_from(
        [
            b"",
            b" " * 300_000,
            json.dumps(REQUIRED).encode() + b" " * 300_000,
            json.dumps(FEEDBACK | {"timestamp": "1969-12-31T23:59:59Z"}).encode(),
            json.dumps(REQUIRED | {"features": {"": 1}}).encode(),
            json.dumps(REQUIRED | {"attributions": {"x" * 201: 1}}).encode(),
        ]
    ),
)


@given(st.lists(raws, max_size=8))
def test_many_are_decoded_as_one_by_one(raws: list[bytes | None]) -> None:
    predictions, feedback = decode_predictions(raws), decode_feedbacks(raws)
    for raw, prediction, label in zip(raws, predictions, feedback, strict=True):
        assert told(prediction) == told(decoded(decode_prediction, raw))
        assert told(label) == told(decoded(decode_feedback, raw))
    valid = [event for event in predictions if isinstance(event, Prediction)]
    assert content_digests(valid) == list(map(content_digest, valid))


def prediction_with(text: str) -> bytes:
    """A valid prediction whose fields are followed by ``text``."""
    return json.dumps(REQUIRED)[:-1].encode() + b"," + text.encode() + b"}"


@pytest.mark.parametrize(
    ("raw", "msgspec_accepts", "pydantic_accepts"),
    [
        pytest.param(prediction_with('"version":"4"'), True, True, id="twice, both valid"),
        pytest.param(
            prediction_with('"score":"high","score":0.5'), False, True, id="twice, first invalid"
        ),
        pytest.param(
            prediction_with('"timestamp":"9998-12-31T23:59:59.9999999Z"'),
            False,
            True,
            id="rounded past the last year",
        ),
        pytest.param(
            prediction_with('"timestamp":"1969-12-31T23:59:59.9999999Z"'),
            True,
            False,
            id="rounded into the first year",
        ),
    ],
)
def test_the_known_differences(
    raw: bytes, *, msgspec_accepts: bool, pydantic_accepts: bool
) -> None:
    assert (pydantic_result(PredictionModel, raw) is not None) == pydantic_accepts
    result = decoded(decode_prediction, raw)
    assert isinstance(result, Prediction) == msgspec_accepts


def test_of_a_field_that_occurs_twice_the_last_value_counts() -> None:
    raw = prediction_with('"version":"4","features":{"a":1,"a":2}')
    worded = pydantic_result(PredictionModel, raw)
    assert isinstance(worded, PredictionModel)
    assert worded.version == decode_prediction(raw).version == "4"
    assert worded.features == decode_prediction(raw).features == {"a": 2.0}
