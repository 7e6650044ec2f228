"""Which windows are compared."""

from tidegauge.core.records import WindowState
from tidegauge.live.compare import (
    USUAL_WINDOWS,
    Baseline,
    Comparison,
    compare,
    side_by_side,
    trouble_since,
)

HOUR = 3_600_000


def starts(comparison, first):
    return [
        None if w is None else (w.start_ms - first) // HOUR
        for w in (comparison.newest, comparison.judged, *comparison.usual)
    ]


def test_without_windows_nothing_is_compared():
    assert compare([], None) == Comparison(None, None, (), Baseline.NONE)


def test_quality_is_that_of_the_newest_closed_window_with_half_its_labels(window):
    windows = [
        window(0),
        window(1),
        window(2, label_coverage=0.4),
        window(3, label_coverage=0.0, labelled=0),
        window(4, state=WindowState.OPEN),
    ]
    comparison = compare(windows, None)
    assert starts(comparison, windows[0].start_ms) == [3, 1, 0]
    assert comparison.baseline is Baseline.PREVIOUS


def test_where_labels_are_always_few_the_newest_labelled_one_must_do(window):
    windows = [window(n, label_coverage=0.05, labelled=5) for n in range(3)]
    assert starts(compare(windows, None), windows[0].start_ms) == [2, 2, 0, 1]


def test_the_baseline_is_of_so_many_windows_at_most(window):
    windows = [window(n) for n in range(USUAL_WINDOWS + 3)]
    first = windows[0].start_ms
    assert starts(compare(windows, None), first)[2:] == list(range(2, USUAL_WINDOWS + 2))
    troubled = compare(windows, first + (USUAL_WINDOWS + 1) * HOUR)
    assert starts(troubled, first)[2:] == list(range(1, USUAL_WINDOWS + 1))


def test_without_labels_there_is_no_quality(window):
    windows = [window(0, labelled=0, label_coverage=0.0)]
    assert compare(windows, None) == Comparison(windows[0])


def test_an_open_window_is_shown_before_any_is_closed(window):
    windows = [window(0, state=WindowState.OPEN)]
    assert compare(windows, None).judged is windows[0]


def test_while_an_alert_fires_the_baseline_is_from_before_it_began(window):
    windows = [window(n) for n in range(6)]
    first = windows[0].start_ms
    comparison = compare(windows, first + 2 * HOUR + 1)
    assert starts(comparison, first) == [5, 5, 0, 1]
    assert comparison.baseline is Baseline.BEFORE_ALERT


def test_a_baseline_that_is_not_old_enough_is_said_to_be_so(window):
    windows = [window(n) for n in range(6)]
    first = windows[0].start_ms
    comparison = compare(windows, first)
    assert starts(comparison, first) == [5, 5, 0]
    assert comparison.baseline is Baseline.OLDEST


def test_trouble_that_began_after_the_judged_window_does_not_move_the_baseline(window):
    windows = [window(0), window(1), window(2, labelled=0, label_coverage=0.0)]
    first = windows[0].start_ms
    comparison = compare(windows, first + 2 * HOUR)
    assert starts(comparison, first) == [2, 1, 0]
    assert comparison.baseline is Baseline.PREVIOUS


def test_trouble_begins_with_the_earliest_alert(alert):
    assert trouble_since([]) is None
    assert trouble_since([alert(starts_at_ms=7), alert(starts_at_ms=5)]) == 5


def test_side_by_side_the_same_window_is_judged(window):
    early = [window(n) for n in range(5)]
    late = [window(n) for n in range(4)] + [window(4, labelled=0, label_coverage=0.0)]
    ended = [window(0)]
    found = side_by_side([early, late, ended, []], None)
    first = early[0].start_ms
    assert [starts(c, first)[:2] for c in found] == [[3, 3], [4, 3], [0, 0], [None, None]]


def test_what_ended_long_ago_is_not_waited_for(window):
    first = window(0).start_ms
    found = side_by_side([[window(n) for n in range(9)], [window(n) for n in range(4)]], None)
    assert [starts(c, first)[1] for c in found] == [8, 3]
