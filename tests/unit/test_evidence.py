"""Whether what an alert rests on is still there, after corrections and what came late."""

import pytest

from tidegauge.core.config import DetectionConfig, ModelConfig, ModelKind
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.evidence import Evidence
from tidegauge.core.monitor.streams import StreamKey, Streams, Subject
from tidegauge.core.stats.corrections import ErrorCounts

ERRORS, TRAFFIC = StreamKey(Subject.ERROR_RATE), StreamKey(Subject.TRAFFIC)
WIDTH = 10


def watching(key: StreamKey, deviation: float, min_effect: float) -> Streams:
    """Streams that measure a change as those do that have learned."""
    streams = Streams(ModelConfig(detection=DetectionConfig()), 1)
    streams.verdicts[key] = Verdict(Phase.FIRING, min_effect=min_effect, deviation=deviation)
    streams.effect = lambda _, now, usual: (  # type: ignore[method-assign]
        (now - usual) / (usual if key is TRAFFIC else deviation)
    )
    return streams


@pytest.mark.parametrize(
    ("told", "now", "holds"),
    [
        (ErrorCounts(41, 37), ErrorCounts(41, 37), True),
        (ErrorCounts(41, 37), ErrorCounts(41, 25), True),  # most of it is left
        (ErrorCounts(41, 37), ErrorCounts(41, 5), False),  # as many as there may be by chance
        (ErrorCounts(4_000, 3_700), ErrorCounts(4_000, 600), True),  # small, and sure
        (ErrorCounts(4_000, 3_700), ErrorCounts(4_000, 420), False),  # sure, and too small
        (ErrorCounts(41, 37), ErrorCounts(), False),
    ],
)
def test_what_is_left_of_errors(told: ErrorCounts, now: ErrorCounts, holds: bool) -> None:
    streams = watching(ERRORS, 0.3, 0.2)
    effect = streams.effect(ERRORS, told.errors / told.trials, 0.1)
    held = Evidence(0, 100, 0.1, 1.0, effect, told)
    change = ErrorCounts(now.trials - told.trials, now.errors - told.errors)
    assert not held.take({100: change})
    assert held.take({90: change})
    assert held.holds(ERRORS, streams, ModelKind.BINARY) is holds


@pytest.mark.parametrize(("late", "holds"), [(0, True), (40, True), (95, False)])
def test_what_came_late_was_not_lost(late: int, holds: bool) -> None:
    """Of 10 that are normal none came for ten panes."""
    streams = watching(TRAFFIC, 3.0, 0.5)
    held = Evidence(0, 3 * WIDTH, 10.0, -1.0, 1.0, ErrorCounts(3, 0))
    for pane in range(3, 10):
        held.grow((pane + 1) * WIDTH, 10.0, 0.0)
    assert (held.end_ms, held.counts.trials, held.expected) == (100, 10, 10.0)
    held.take({50: ErrorCounts(0, late)})
    assert held.holds(TRAFFIC, streams, ModelKind.REGRESSION) is holds
