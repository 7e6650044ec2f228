"""A flood of refusals is copied within a bound and counted beyond."""

from tidegauge.core.collect.refusals import MAX_RANGES, MINUTE_MS, RefusalGate
from tidegauge.core.deadletters import OffsetRange
from tidegauge.core.reasons import Reason


def test_so_many_of_one_reason_pass_in_a_minute_of_append_time() -> None:
    gate = RefusalGate("predictions", 3, per_minute=2)
    passed = [gate.passes(Reason.EMPTY, offset, 59_999) for offset in range(4)]
    assert passed == [True, True, False, False]
    assert gate.passes(Reason.BAD_TIMESTAMP, 4, 59_999)
    assert gate.passes(Reason.EMPTY, 5, MINUTE_MS)


def test_the_rest_is_summed_up_with_its_offsets_once() -> None:
    gate = RefusalGate("predictions", 3, per_minute=0)
    for offset in (1, 2, 3, 7, 9, 10):
        gate.passes(Reason.INVALID_JSON, offset, 0)
    (summary,) = gate.summaries()
    assert summary.reason is Reason.INVALID_JSON
    assert (summary.topic, summary.partition) == ("predictions", 3)
    assert summary.count == 6
    assert summary.ranges == (OffsetRange(1, 3, 3), OffsetRange(7, 7, 1), OffsetRange(9, 10, 2))
    assert gate.summaries() == []


def test_a_summary_is_bounded_and_loses_no_count() -> None:
    gate = RefusalGate("predictions", 3, per_minute=0)
    for offset in range(0, 1_000, 2):
        gate.passes(Reason.EMPTY, offset, 0)
    (summary,) = gate.summaries()
    assert len(summary.ranges) == MAX_RANGES
    assert summary.count == 500
    assert summary.ranges[-1].last == 998
