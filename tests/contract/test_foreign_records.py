"""What Tidegauge cannot have written is refused, with its fault."""

import json
from typing import Any

import pytest

from tidegauge.contract.examples import EXAMPLES
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.metrics import decode_metrics
from tidegauge.wire.public import InvalidRecord
from tidegauge.wire.references import decode_reference


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "other"}, "its id is .* it was altered, publish it again"),
        ({"sample_count": "5"}, "Expected `int`"),
        ({"features": [{"type": "pickle"}]}, "Invalid value 'pickle'"),
        ({"learned_from": 3}, "not an RFC 3339 time"),
    ],
)
def test_an_altered_reference_is_refused(change: dict[str, Any], message: str) -> None:
    decode_reference(json.dumps(EXAMPLES["reference"]).encode())
    with pytest.raises(InvalidRecord, match=message):
        decode_reference(json.dumps(EXAMPLES["reference"] | change).encode())


def test_a_reference_without_a_field_is_refused() -> None:
    with pytest.raises(InvalidRecord, match="missing field 'effective_from'"):
        decode_reference(b"{}")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"\x00", "not a JSON object"),
        (b"\xff", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b"{}", "type is None"),
        (b'{"type":"other"}', "type is 'other'"),
        (b'{"type":"ledger"}', "missing required field `model`"),
        (b'{"type":"ledger","model":"m","time":"2013","x":1}', "unknown fields x"),
        (b'{"type":"ledger","model":"m","time":"2013-01-01T00:00:00"}', "not an RFC 3339 time"),
        (b'{"type":"ledger","model":"m","time":3}', "not an RFC 3339 time"),
        (b'{"type":"ledger","model":3,"time":"2013-01-01T00:00:00Z"}', "got `int`"),
    ],
)
def test_a_foreign_record_is_refused_with_its_fault(value: bytes, message: str) -> None:
    with pytest.raises(InvalidRecord, match=message):
        decode_metrics(value)


def test_a_record_without_its_cloudevents_headers_is_no_alert() -> None:
    with pytest.raises(InvalidRecord, match="not a CloudEvent"):
        decode_alert(b'{"window":{"start":"","end":""},"samples":{}}', [])
