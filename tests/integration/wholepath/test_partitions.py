"""The number of partitions is no part of any result."""

import pytest
from wholepath.drifting import CHANGE, HOUR

from tidegauge.core.alertrecords import AlertStatus

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

EVENTS = 10_000


def test_results_are_equal_for_1_3_and_8_partitions(undisturbed):
    one, three, eight = (undisturbed(EVENTS, partitions) for partitions in (1, 3, 8))
    assert one.differences(three) == {}
    assert one.differences(eight) == {}
    opened = [
        alert for alert in one.alerts if alert.status is AlertStatus.FIRING and alert.revision == 0
    ]
    assert {alert.labels["alertname"] for alert in opened} >= {"FeatureDrift", "ErrorRateChanged"}
    for alert in opened:
        assert alert.model == "pricing"
        assert 0 <= alert.time_ms - CHANGE <= 2 * HOUR
    assert len({alert.id for alert in one.alerts}) == len(one.alerts)
    assert len(one.windows) > 1000
    kinds = {window.model: window.kind.value for window in one.windows.values()}
    assert kinds == {
        "pricing": "binary",
        "fraud": "binary",
        "basket": "multiclass",
        "eta": "regression",
    }
    shadowed = [
        window
        for window in one.windows.values()
        if (window.model, window.version, window.segment_field) == ("pricing", "v2", None)
    ]
    for window in shadowed:
        assert sum(paired.pairs for paired in window.paired.values()) == window.labelled
        assert all(paired.agreement == 1.0 for paired in window.paired.values())
    assert sum(window.labelled for window in shadowed) > 100
