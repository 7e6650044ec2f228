"""Frames and sliding windows against brute force, and how they come and go."""

import random
from dataclasses import replace

import pytest

from tidegauge.core.config import MINUTE, SECOND, CoreConfig, ModelConfig, PaneLevel
from tidegauge.core.monitor.windows import Frame, FrameKey, Series, Windows
from tidegauge.core.panes import SlotKey, level_of, pane_start
from tidegauge.core.stats.quality import LabelCounts
from tidegauge.core.sums import SlotSums, TrafficCounts

RULES = ModelConfig(
    lateness_ms=10 * SECOND, label_horizon_ms=10 * MINUTE, correction_horizon_ms=10 * MINUTE
)
CONFIG = replace(
    CoreConfig(),
    panes=(
        PaneLevel(10 * SECOND, MINUTE),
        PaneLevel(MINUTE, 5 * MINUTE),
        PaneLevel(5 * MINUTE, 10**9),
    ),
    windows_ms=(MINUTE, 5 * MINUTE, 30 * MINUTE),
    default=RULES,
)
WHOLE = Series("1", "", "")


def slot(time: int, level: int = 0) -> SlotKey:
    return SlotKey("1", "", "", level, pane_start(time, CONFIG.panes[level].width_ms))


def one() -> SlotSums:
    return SlotSums(TrafficCounts(predictions=1))


def label(count: int = 1) -> SlotSums:
    return SlotSums(labels=LabelCounts(cells={1: count}))


def labels(sums: SlotSums) -> int:
    return sum(sums.labels.cells.values()) if sums.labels else 0


@pytest.mark.parametrize(
    ("delay", "level"),
    [
        (-5, 0),
        (0, 0),
        (MINUTE, 0),
        (MINUTE + 1, 1),
        (5 * MINUTE, 1),
        (5 * MINUTE + 1, 2),
        (10**12, 2),
    ],
)
def test_the_level_follows_from_the_delay_alone(delay: int, level: int) -> None:
    assert level_of(delay, CONFIG.panes) == level


def test_sliding_windows_equal_brute_force_after_many_advances() -> None:
    rng = random.Random(7)  # noqa: S311 - repeatable, no secret
    windows, times, now = Windows(CONFIG, RULES), [], 10 * MINUTE
    for _ in range(600):
        jump = 7 * MINUTE if rng.random() < 0.02 else 0
        now += rng.choice([0, 500, 3 * SECOND, 20 * SECOND, jump])
        time = now - rng.choice([0, 0, 0, 4 * SECOND, MINUTE])
        windows.advance(now)
        windows.add(slot(time), one())
        times.append(time)
        if rng.random() < 0.1:
            windows.settle(now - 30 * SECOND)
            windows.let_go()
        for window in CONFIG.windows_ms:
            end = windows.sliding_end(window)
            expected = sum(end - window <= t < end for t in times)
            found = windows.sliding.get(WHOLE, {}).get(window, SlotSums())
            assert (found.traffic.predictions if found.traffic else 0) == expected


def test_a_model_that_falls_silent_has_empty_sliding_windows() -> None:
    windows = Windows(CONFIG, RULES)
    windows.advance(MINUTE)
    windows.add(slot(MINUTE), one())
    windows.advance(2 * 60 * MINUTE)
    assert windows.sliding == {}


def test_late_labels_reach_the_windows_of_their_level() -> None:
    windows = Windows(CONFIG, RULES)
    windows.advance(MINUTE)
    for level in range(3):
        windows.add(slot(MINUTE, level), label())
    found = {key.size: labels(frame.sums) for key, frame in windows.frames.items()}
    assert found == {10 * SECOND: 1, MINUTE: 2, 5 * MINUTE: 3, 30 * MINUTE: 3}


def test_a_window_is_final_when_no_label_of_its_levels_can_come() -> None:
    windows = Windows(CONFIG, RULES)
    assert windows.final_after(10 * SECOND) == MINUTE + 10 * SECOND
    assert windows.final_after(MINUTE) == 5 * MINUTE + 10 * SECOND
    assert windows.final_after(5 * MINUTE) == 10 * MINUTE + 10 * SECOND  # the horizon, not the span


def test_final_windows_come_once_in_order_and_are_let_go() -> None:
    windows = Windows(CONFIG, RULES)
    windows.advance(0)
    windows.add(slot(0), one())
    windows.advance(MINUTE)
    windows.add(slot(MINUTE), one())
    first, second = (FrameKey(WHOLE, MINUTE, start) for start in (0, MINUTE))
    edge = first.end + windows.final_after(MINUTE)
    assert windows.settle(edge - 1) == []
    assert windows.settle(edge) == [first]
    assert windows.settle(edge) == []
    assert windows.is_final(first)
    assert not windows.is_final(second)
    windows.advance(10 * 60 * MINUTE)
    windows.let_go()
    assert first not in windows.frames
    assert second in windows.frames
    assert first in windows.changed
    windows.settle(10 * 60 * MINUTE)
    windows.let_go()
    assert windows.frames == {}
    assert all(not starts for starts in windows._by_start.values())


def test_what_comes_after_a_window_is_final_changes_nothing_and_is_counted() -> None:
    windows = Windows(CONFIG, RULES)
    windows.advance(0)
    windows.add(slot(0), one())
    windows.settle(MINUTE + windows.final_after(MINUTE))
    windows.add(slot(0), label())
    found = {key.size: labels(frame.sums) for key, frame in windows.frames.items()}
    assert (found[10 * SECOND], found[MINUTE]) == (0, 0)
    assert (found[5 * MINUTE], found[30 * MINUTE]) == (1, 1)
    assert windows.after_final == 2


def test_restored_windows_slide_on_as_if_nothing_had_happened() -> None:
    rng = random.Random(3)  # noqa: S311 - repeatable, no secret
    lived = Windows(CONFIG, RULES)
    now = 0
    for _ in range(200):
        now += rng.randint(0, 20 * SECOND)
        lived.advance(now)
        lived.add(slot(now), one())
        lived.settle(now)
        lived.let_go()
    restored = Windows(CONFIG, RULES)
    for key, frame in lived.frames.items():
        copy = SlotSums.from_wire(frame.sums.to_wire())
        restored.restore(key, Frame(copy, frame.revision))
    restored.restored(now, lived.settled)
    for step in range(0, 40 * MINUTE, 30 * SECOND):
        for windows in (lived, restored):
            windows.advance(now + step)
        found = [
            {w: s.to_wire() for w, s in x.sliding.get(WHOLE, {}).items() if not s.is_zero()}
            for x in (lived, restored)
        ]
        assert found[0] == found[1]
