"""How long is too long: pauses, silences and features that stand still."""

import math
import random
from itertools import pairwise

import msgspec
import pytest

from tidegauge.core.config import DAY, HOUR, MINUTE, DetectionConfig
from tidegauge.core.detect.age import CRITICAL, AgeStream, limit_ms
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict

CONFIG = DetectionConfig(learn_ms=DAY)
RATE = 0.01
"""False alarms a week."""


class Run:
    """A stream, and what it said of each pane."""

    def __init__(self, kind: StreamKind = StreamKind.SILENCE) -> None:
        self.kind = kind
        self.stream = AgeStream(kind, CONFIG)
        self.said: list[Verdict] = []

    def feed(self, pane: PaneInput) -> Verdict:
        before = self.stream.firing
        self.stream.step(pane, lambda: RATE)
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(self.stream.to_state()))
        self.stream = AgeStream.from_state(self.kind, CONFIG, state)
        self.said.append(self.stream.verdict(pane, before))
        return self.said[-1]

    def comes(self, start: int) -> Verdict:
        self.passes(start)
        return self.feed(PaneInput(start, start + MINUTE, 1, 0))

    def passes(self, until: int) -> None:
        while (due := self.stream.due_ms) is not None and due <= until:
            self.feed(PaneInput(due - MINUTE, due, 0, 0))


def hourly(days: int) -> Run:
    run = Run()
    for hour in range(24 * days):
        run.comes(hour * HOUR)
    return run


@pytest.mark.parametrize("steps", [1, 7, 500])
def test_silence_opens_one_alert_at_a_time_of_its_own_and_ends_when_something_comes(
    steps: int,
) -> None:
    run = hourly(2)
    assert all(v.phase is not Phase.FIRING for v in run.said)
    last, limit = run.said[-1].window_end_ms or 0, round(HOUR * (run.said[-1].threshold or 0.0))
    assert 2 * 59 * MINUTE <= limit < 6 * HOUR
    run.said = []
    for step in range(1, steps + 1):
        run.passes(last + step * DAY // steps)
    opened, critical = run.said
    assert (opened.opened, critical.opened) == (True, False)
    assert limit <= (opened.window_end_ms or 0) - last < limit + MINUTE
    assert CRITICAL <= (critical.effect or 0.0) < CRITICAL + 0.1
    assert opened.window_start_ms == opened.firing_since_ms == last
    again = run.comes(last + 2 * DAY)
    assert again.resolved
    assert not run.comes(last + 2 * DAY + HOUR).resolved


def test_what_comes_seldom_enough_is_never_stale() -> None:
    run = Run()
    for hour in range(9):
        run.comes(hour * HOUR)
    run.passes(100 * DAY)
    assert {v.phase for v in run.said} == {Phase.LEARNING}


def test_a_feature_that_is_refreshed_daily_is_stale_when_it_is_not_though_nights_pass() -> None:
    run = Run(StreamKind.STILL)
    hours = [day * DAY + hour * HOUR for day in range(40) for hour in range(8, 20)]
    for at in hours:
        day = min(at // DAY, 30)
        run.feed(PaneInput(at, at + HOUR, 5, float(day)))
    (opened,) = (v for v in run.said if v.opened)
    assert (opened.window_start_ms or 0) == 30 * DAY + 9 * HOUR
    assert 2 * 11 <= (opened.current or 0.0) <= 5 * 11
    assert (opened.samples, opened.resolved) == (5 * (opened.current or 0.0), False)
    changed = PaneInput(40 * DAY, 40 * DAY + HOUR, 5, 0.0)
    assert run.feed(changed).resolved


def test_steady_change_leaves_the_state_alone() -> None:
    stream = AgeStream(StreamKind.STILL, CONFIG)
    panes = [PaneInput(h * HOUR, (h + 1) * HOUR, 9, 1.0, 0.5) for h in range(40)]
    changed = [stream.step(pane, lambda: RATE) for pane in panes]
    assert any(changed)
    assert not any(changed[30:])


def test_whatever_changes_the_state_is_said_so_that_it_is_saved() -> None:
    stream = AgeStream(StreamKind.STILL, CONFIG)
    saved = stream.to_state()
    for hour in range(90):
        stands = hour > 60 and hour % 5 in (1, 2, 4)
        pane = PaneInput(hour * HOUR, (hour + 1) * HOUR, 9, 1.0, 0.0 if stands else 0.5)
        if stream.step(pane, lambda: RATE):
            saved = stream.to_state()
        assert stream.to_state() == saved


def test_pauses_exceed_the_limit_as_often_as_is_allowed() -> None:
    """Over many streams of exponential pauses, each learned from a hundred of its own."""
    rng = random.Random(4)  # noqa: S311 - repeatable, no secret
    allowed, expected = 0.02, 0.0
    for _ in range(2_000):
        pauses = sorted((round(rng.expovariate(1 / MINUTE)) for _ in range(100)), reverse=True)
        limit = limit_ms(pauses[:26], sum(pauses), allowed / sum(pauses), 1)
        expected += math.exp(-limit / MINUTE) * 100
    assert expected / 2_000 <= 1.2 * allowed


def test_the_limit_rises_as_fewer_false_alarms_are_allowed() -> None:
    limits = [limit_ms([9 * HOUR, HOUR, HOUR], DAY, 10.0**-p / HOUR, MINUTE) for p in range(1, 8)]
    assert all(a <= b for a, b in pairwise(limits))
    assert limits[0] == 18 * HOUR
