import pytest

from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.wire.references import encode_reference
from tidegauge.worker.references import told_reference


def test_what_is_no_profile_is_passed_over_with_a_warning(caplog: pytest.LogCaptureFixture):
    profile = ReferenceProfile(
        id="",
        model="a",
        version="1",
        effective_from=0,
        learned_from=None,
        learned_until=None,
        sample_count=0,
        features=(),
        score_counts={},
        positive_rate=None,
    )
    key, altered = encode_reference(profile)
    assert told_reference(key, altered) is None
    (record,) = caplog.records
    assert record.getMessage().startswith("event=reference_refused key=b'a|1' problem=")
    assert told_reference(key, encode_reference(profile.changed())[1]) == profile.changed()
