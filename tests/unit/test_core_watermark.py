"""Watermarks over timelines.

One column is one second of append time, which is also the event's time. ``*`` is an event, ``|``
how far the log is read; what stands behind it is not read yet. Without ``|`` nothing is known.
"""

from dataclasses import replace

import pytest

from tidegauge.core.config import SECOND, CoreConfig, ModelConfig
from tidegauge.core.monitor.watermark import Completeness, Marks, Watermarks
from tidegauge.core.partial import Progress
from tidegauge.core.streamtime import NEVER, StreamClock

RULES = ModelConfig(out_of_orderness_ms=1 * SECOND, label_horizon_ms=10 * SECOND)
CONFIG = replace(CoreConfig(), publication_skew_ms=0, idle_ms=30 * SECOND, default=RULES)


def read(timeline: str) -> tuple[list[int], int]:
    """The times of the events read, and how far the log is read, in ms."""
    end = timeline.find("|")
    known = timeline[: end if end >= 0 else None]
    times = [column * SECOND for column, sign in enumerate(known) if sign == "*"]
    return times, end * SECOND if end >= 0 else NEVER


def reached(*sources: tuple[str, str], config: CoreConfig = CONFIG) -> Marks:
    """The watermarks in s, given the logs of predictions and feedback of each source partition."""
    watermarks = Watermarks(config, RULES, len(sources))
    complete = {}
    for source, logs in enumerate(sources):
        (predictions, predictions_end), (feedback, feedback_end) = map(read, logs)
        for time in predictions:
            watermarks.observe(source, Progress(predictions_time=time, predictions_append=time))
        for time in feedback:
            watermarks.observe(source, Progress(feedback_time=time, feedback_append=time))
        complete[source] = Completeness(predictions_end, feedback_end)
    marks = watermarks.advance(complete)
    found = (marks.predictions, marks.labels, marks.settled)
    return Marks(*(NEVER if mark < 0 else mark // SECOND for mark in found))


def test_the_watermark_is_the_newest_event_less_the_disorder_allowed() -> None:
    marks = reached(("--*----*|", "---*---*|"))
    assert (marks.predictions, marks.labels) == (6, 6)


def test_a_partition_that_lags_holds_the_model_back() -> None:
    marks = reached(
        ("--*------*|", "----------|"),
        ("--*|    * ", "----------|"),
    )
    assert marks.predictions == 2 - 1


def test_a_partition_without_events_of_the_model_holds_it_back_only_until_read() -> None:
    busy = ("--*------*|", "----------|")
    assert reached(busy, ("-----|", "----------|")).predictions == 2 - 1
    assert reached(busy, ("----------|", "----------|")).predictions == 9 - 1


def test_an_unheard_partition_stops_everything() -> None:
    watermarks = Watermarks(CONFIG, RULES, 2)
    watermarks.observe(0, Progress(predictions_time=9 * SECOND, predictions_append=9 * SECOND))
    assert watermarks.advance({0: Completeness(9 * SECOND, 9 * SECOND)}).predictions == NEVER


def test_feedback_is_evidence_of_how_far_predictions_have_come() -> None:
    assert reached(("--*-------|", "---*----*-|")).predictions == 8 - 1


def test_labels_wait_for_predictions_that_may_bring_one() -> None:
    marks = reached(("--*|      ", "--*------*|"))
    assert marks.labels == 2 - 1


def test_no_label_pane_closes_before_the_predictions_of_its_time() -> None:
    marks = reached(("--*-------|", "----------|"))
    assert (marks.predictions, marks.labels) == (1, NEVER)


def test_without_feedback_what_is_settled_follows_at_the_label_horizon() -> None:
    log = "*-------------------------*|"
    silent = "-" * 27 + "|"
    assert reached((log, silent)).settled == 26 - 10 - 1


def test_nothing_is_settled_while_feedback_is_unread() -> None:
    log = "*-------------------------*|"
    assert reached((log, "")).settled == NEVER
    assert reached((log, "--|")).settled == NEVER


@pytest.mark.parametrize(("silence", "expected"), [(30, 2), (31, 2 + 31)])
def test_silence_moves_time_on_at_the_pace_of_the_log(silence: int, expected: int) -> None:
    log = "--*" + "-" * (silence - 1) + "|"
    assert reached((log, log)).predictions == expected - 1


def test_silence_in_a_partition_that_lags_moves_nothing() -> None:
    quiet = "--*" + "-" * 60 + "|"
    assert reached((quiet, quiet), ("-----|", quiet)).predictions == 2 - 1


def test_watermarks_never_go_back() -> None:
    watermarks = Watermarks(CONFIG, RULES, 1)
    watermarks.observe(0, Progress(predictions_time=9 * SECOND, predictions_append=9 * SECOND))
    complete = {0: Completeness(9 * SECOND, 9 * SECOND)}
    first = watermarks.advance(complete).predictions
    watermarks.observe(0, Progress(predictions_time=3 * SECOND, predictions_append=10 * SECOND))
    assert watermarks.advance(complete).predictions == first


def test_restored_watermarks_claim_no_more_than_before() -> None:
    lived = Watermarks(CONFIG, RULES, 2)
    for time in range(0, 90, 3):
        for source in (0, 1):
            own = Progress(predictions_time=time * SECOND, predictions_append=time * SECOND)
            lived.observe(source, own)
    restored = Watermarks(CONFIG, RULES, 2)
    for source in (0, 1):
        restored.restore(source, lived.progress(source))
    for until in range(0, 120, 7):
        complete = {s: Completeness(until * SECOND, until * SECOND) for s in (0, 1)}
        assert restored.advance(complete).predictions <= lived.advance(complete).predictions
    assert restored.marks == lived.marks


def test_a_clock_remembers_no_more_than_can_be_asked() -> None:
    clock = StreamClock(grain_ms=5)
    for time in range(10_000):
        clock.observe(time, time)
        clock.forget_before(time - 100)
    assert len(list(clock.steps())) <= 100 / 4 + 2
    assert 9_900 - 5 <= clock.as_of(9_900) <= 9_900


def test_a_clock_with_no_past_answers_never() -> None:
    assert StreamClock().as_of(10**15) == NEVER
    assert StreamClock(50, 80).as_of(79) == NEVER
    assert StreamClock(50, 80).as_of(80) == 50
