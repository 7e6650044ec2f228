"""A detector or stream restored after any pane equals one that never was."""

import math
from collections.abc import Callable
from functools import partial

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.config import MINUTE, DetectionConfig
from tidegauge.core.detect.detectors import AdaptiveWindow, Detector, TwoSidedPageHinkley
from tidegauge.core.detect.ring import RingDetector
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict
from tidegauge.core.events import MAX_NUMBER

CONFIG = DetectionConfig(
    learn_ms=30 * MINUTE,
    learn_samples=30,
    min_samples=20,
    resolve_panes=3,
)
UNHURRIED = settings(deadline=None, max_examples=60)
"""A busy machine is no reason to fail."""

detectors = st.sampled_from(
    [partial(AdaptiveWindow, 0.1), partial(TwoSidedPageHinkley, 3.0, 0.1)],
)
inputs = st.integers(-8, 8)
levels = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.integers(1, 25)),
    min_size=1,
    max_size=5,
)
kinds = st.sampled_from([kind for kind in StreamKind if not kind.is_age])


@UNHURRIED
@given(detectors, st.lists(inputs, max_size=80), st.integers(0, 80))
def test_a_restored_ring_detector_goes_on_as_if_nothing_had_been(
    make: Callable[[], Detector], pushed: list[int], at: int
) -> None:
    never = RingDetector(make, scale=1.0, epoch=6)
    restored = RingDetector(make, scale=1.0, epoch=6)
    for number, units in enumerate(pushed):
        if number >= at:
            restored = RingDetector(make, scale=1.0, epoch=6, ring=restored.ring)
        assert restored.push(units) == never.push(units)
        assert restored.ring == never.ring


def often() -> float:
    """False alarms per week: one in a hundred panes."""
    return 100.0


def panes(kind: StreamKind, steps: list[tuple[float, int]]) -> list[PaneInput]:
    """64 minutes around 0.3, then each level for as many panes, a minute apart."""
    values = [0.2 + 0.2 * (i % 2) for i in range(64)]
    values += [level for level, length in steps for _ in range(length)]
    counts = [1 + 7 * i % 11 for i in range(len(values))]
    return [
        PaneInput(
            i * MINUTE,
            (i + 1) * MINUTE,
            count,
            round(count * value) if kind.is_rate else value,
            0.1,
        )
        for i, (count, value) in enumerate(zip(counts, values, strict=True))
    ]


def restore(kind: StreamKind, stream: DetectorStream) -> DetectorStream:
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(stream.to_state()))
    assert state == stream.to_state()
    return DetectorStream.from_state(kind, CONFIG, state)


@UNHURRIED
@given(kinds, levels, st.integers(0, 150), st.integers(1, 7))
def test_a_restored_stream_gives_the_same_verdicts_and_state(
    kind: StreamKind, steps: list[tuple[float, int]], at: int, every: int
) -> None:
    never = DetectorStream(kind, CONFIG)
    restored = DetectorStream(kind, CONFIG)
    for number, pane in enumerate(panes(kind, steps)):
        if number >= at and number % every == 0:
            restored = restore(kind, restored)
        assert restored.step(pane, often) == never.step(pane, often)
        assert restored.to_state() == never.to_state()


@UNHURRIED
@given(kinds, levels)
def test_alerts_open_and_resolve_by_turns(kind: StreamKind, steps: list[tuple[float, int]]) -> None:
    stream = DetectorStream(kind, CONFIG)
    firing = False
    for pane in panes(kind, steps):
        verdict = stream.step(pane, often)
        assert not (verdict.opened and verdict.resolved)
        assert not (verdict.opened and firing)
        assert not (verdict.resolved and not firing)
        firing = (firing or verdict.opened) and not verdict.resolved
        assert firing == (verdict.phase is Phase.FIRING)
        if verdict.opened or verdict.resolved:
            assert verdict.detectors
            assert verdict.firing_since_ms is not None
        if verdict.opened:
            assert verdict.effect is not None
            assert abs(verdict.effect) >= verdict.min_effect


def numbers(verdict: Verdict) -> list[float]:
    return [value for value in verdict if isinstance(value, float)]


@UNHURRIED
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1000), st.floats(-MAX_NUMBER, MAX_NUMBER), st.floats(0, 2 * MAX_NUMBER)
        ),
        max_size=60,
    )
)
def test_whatever_finite_panes_come_every_figure_stays_finite(
    figures: list[tuple[int, float, float]],
) -> None:
    stream = DetectorStream(StreamKind.MEAN, CONFIG)
    for number, (count, mean, deviation) in enumerate(figures):
        pane = PaneInput(number * MINUTE, (number + 1) * MINUTE, count, mean, deviation)
        verdict = stream.step(pane, often)
        assert all(math.isfinite(value) for value in numbers(verdict))


@UNHURRIED
@given(
    kinds,
    st.sampled_from([0.0, 1.0, 0.1, 1e-9, 12345.678, -3.0, 1e15]),
    st.lists(st.integers(1, 1000), min_size=60, max_size=200),
)
def test_a_constant_raises_no_alarm(kind: StreamKind, value: float, counts: list[int]) -> None:
    if kind.is_rate:
        value = float(value >= 1.0)
    stream = DetectorStream(kind, CONFIG)
    for number, count in enumerate(counts):
        total = int(value) * count if kind.is_rate else value
        verdict = stream.step(
            PaneInput(number * MINUTE, (number + 1) * MINUTE, count, total), often
        )
        assert not verdict.opened
