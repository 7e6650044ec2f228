"""Times on the wire: exact to the millisecond, in UTC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.wire.public import InvalidRecord, milliseconds, rfc3339


@given(st.integers(0, 253_370_764_799_999))
def test_times_are_exact(time_ms: int) -> None:
    assert milliseconds(rfc3339(time_ms)) == time_ms


def test_times_are_utc_with_milliseconds() -> None:
    assert rfc3339(1_356_998_400_250) == "2013-01-01T00:00:00.250Z"
    assert milliseconds("2013-01-01T01:00:00.2509+01:00") == 1_356_998_400_250


@pytest.mark.parametrize("text", ["", "2013-01-01", "2013-01-01T00:00:00", "1356998400"])
def test_what_is_no_time_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecord, match="not an RFC 3339 time with an offset"):
        milliseconds(text)
