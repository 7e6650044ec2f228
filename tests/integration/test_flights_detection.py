"""The detectors on real flights: silence while nothing is broken, an alert soon after something is.

No Kafka: the replay's events are folded into panes of an hour, labels at the time they arrive. The
baseline is learned from the first fourteen days, as the demo does.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from statistics import fmean, stdev

import pytest

from tidegauge.core.config import DAY, HOUR, DetectionConfig
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind
from tidegauge.core.events import Prediction
from tidegauge.demo.faults import Fault, FaultKind, Faults
from tidegauge.demo.features import CATEGORIES, DEPARTURE_DELAY, NUMBERS
from tidegauge.demo.flights import FIRST_DAY, Flight, load_flights, new_york_midnight_ms
from tidegauge.demo.model import load_model
from tidegauge.demo.replay import replay

MONTH_END = date(2013, 2, 1)
BROKEN_FROM = date(2013, 1, 20)
ERROR = "error rate"
SCORE = "score mean"
Values = dict[str, dict[int, list[float]]]
"""By stream and by start of the pane."""


@cache
def flights() -> tuple[Flight, ...]:
    return tuple(load_flights(FIRST_DAY, MONTH_END))


def observe(faults: Faults) -> Iterator[tuple[str, int, float]]:
    """Stream, time and value of everything that the detectors watch."""
    model = load_model()
    answers: dict[str, object] = {}
    for replayed in replay(flights(), model, faults):
        event, time_ms = replayed.event, replayed.time_ms
        if not isinstance(event, Prediction):
            yield ERROR, time_ms, float(answers.pop(event.request_id) != event.label)
            continue
        answers[event.request_id] = event.prediction
        if event.score is not None:
            yield SCORE, time_ms, event.score
        for name in NUMBERS:
            value = event.features[name]
            yield f"{name} missing", time_ms, float(value is None)
            if isinstance(value, int | float):
                yield f"{name} mean", time_ms, float(value)
        for name in CATEGORIES:
            value = event.features[name]
            yield f"{name} missing", time_ms, float(value is None)
            yield f"{name} unseen", time_ms, float(value not in model.categories[name])


def alerts(faults: Faults) -> dict[str, list[int]]:
    """When each stream opened alerts, in ms."""
    values: Values = defaultdict(lambda: defaultdict(list))
    for stream, time_ms, value in observe(faults):
        values[stream][time_ms // HOUR * HOUR].append(value)
    return {stream: list(openings(stream, panes)) for stream, panes in values.items()}


def openings(name: str, panes: dict[int, list[float]]) -> Iterator[int]:
    kind = StreamKind.MEAN if name.endswith("mean") else StreamKind.RATE
    stream = DetectorStream(kind, DetectionConfig(learn_ms=14 * DAY))
    for start, values in sorted(panes.items()):
        if kind is StreamKind.RATE:
            pane = PaneInput(start, start + HOUR, len(values), sum(values))
        else:
            deviation = stdev(values) if len(values) > 1 else 0.0
            pane = PaneInput(start, start + HOUR, len(values), fmean(values), deviation)
        if stream.step(pane).opened:
            yield start + HOUR


def test_the_second_half_of_january_opens_at_most_one_alert() -> None:
    found = alerts(Faults())
    assert len(found) == 2 + 2 * len(NUMBERS) + 2 * len(CATEGORIES)
    assert len(list(itertools.chain.from_iterable(found.values()))) <= 1


@pytest.mark.parametrize(
    ("kind", "streams", "within_ms"),
    [
        (FaultKind.BROKEN_FEATURE, [f"{DEPARTURE_DELAY} mean"], DAY),
        (FaultKind.BAD_VERSION, [ERROR, SCORE], DAY),
        # one more flight in five fails, as on a stormy day: it takes more than one such day
        (FaultKind.CONCEPT_CHANGE, [ERROR], 3 * DAY),
    ],
)
def test_each_fault_opens_one_alert_on_each_stream_it_touches(
    kind: FaultKind, streams: list[str], within_ms: int
) -> None:
    found = alerts(Faults([Fault(kind, BROKEN_FROM)]))
    broken_ms = new_york_midnight_ms(BROKEN_FROM)
    for stream in streams:
        (opened,) = found[stream]
        assert broken_ms < opened <= broken_ms + within_ms
