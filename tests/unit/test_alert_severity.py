"""How bad a change is: by how many of the smallest effects worth an alert it is."""

import pytest

from tidegauge.core.alertrecords import Severity
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.alerts import severity
from tidegauge.core.monitor.streams import StreamKey, Subject


@pytest.mark.parametrize(
    ("subject", "smallest", "effect", "wanted"),
    [
        (Subject.FEATURE, 0.5, -1.49, Severity.WARNING),
        (Subject.FEATURE, 0.5, -1.5, Severity.CRITICAL),
        (Subject.MISSING, 0.25, 0.75, Severity.CRITICAL),
        (Subject.TRAFFIC, 0.5, -0.74, Severity.WARNING),
        (Subject.TRAFFIC, 0.5, -0.75, Severity.CRITICAL),
        (Subject.LABELS, 0.5, -1.0, Severity.CRITICAL),
        (Subject.LABELS, 0.125, -0.375, Severity.CRITICAL),
        (Subject.LABELS, 0.125, -0.374, Severity.WARNING),
        (Subject.LABELS, 1.0, -1.0, Severity.CRITICAL),
    ],
)
def test_three_times_the_smallest_is_critical_or_half_way_to_all(
    subject: Subject, smallest: float, effect: float, wanted: Severity
) -> None:
    verdict = Verdict(Phase.FIRING, effect=effect, min_effect=smallest)
    assert severity(StreamKey(subject), verdict) is wanted
