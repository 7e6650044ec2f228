"""The detectors on real flights: silence while nothing is broken, an alert soon after something is.

No Kafka: the replay's events are folded into panes of an hour, labels at the time they arrive. The
baseline is learned from the first fourteen days.
"""

import itertools
import math
import random
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from datetime import date
from functools import cache
from statistics import fmean, stdev
from typing import NamedTuple, TypeVar

import pytest

from tidegauge.core.config import DAY, HOUR, DetectionConfig, ModelConfig, ModelKind
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind
from tidegauge.core.events import Features, Prediction
from tidegauge.core.monitor.budget import PARTS, Pool
from tidegauge.core.monitor.contrasts import contrasts, judged
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.monitor.streams import StreamKey, Streams, Subject
from tidegauge.core.monitor.symptoms import COMMON
from tidegauge.core.monitor.windows import Series
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.demo.faults import Fault, FaultKind, Faults
from tidegauge.demo.features import DEPARTURE_DELAY, RECENT_DELAY
from tidegauge.demo.flights import FIRST_DAY, Flight, load_flights, new_york_midnight_ms
from tidegauge.demo.model import load_model
from tidegauge.demo.replay import replay
from tidegauge.demo.tasks import ModelName

MONTH_END = date(2013, 2, 1)
BROKEN_FROM = date(2013, 1, 20)
ERROR = "error rate"
SCORE = "score mean"
IS = " is "
ANSWER = "answer mean"
ABSOLUTE_ERROR = "absolute error mean"
JANUARY_DAYS = 31
SHUFFLES = 6
BUDGET_PER_WEEK = 1.0
"""Of the installation of three models."""
ALARMS_PER_WEEK = BUDGET_PER_WEEK / 200 / 2 / 18
"""Of one of 18 streams of a model, as the default settings have it."""
CATEGORY_ALARMS_PER_WEEK = BUDGET_PER_WEEK / 200 / 2 * PARTS[Pool.CATEGORIES] / 8
"""Of one of the shares of 8 common categories."""
CALM = Faults()
Pane = TypeVar("Pane")


class Seen(NamedTuple):
    """What a detector is told of a pane."""

    count: int
    total: float
    """Of a rate; the mean of a numeric stream."""
    deviation: float = 0.0


Panes = dict[str, dict[int, Seen]]
"""By stream and by start of the pane."""


@cache
def flights() -> tuple[Flight, ...]:
    return tuple(load_flights(FIRST_DAY, MONTH_END))


def observe(model: ModelName, faults: Faults) -> Iterator[tuple[str, int, float]]:
    """Stream, time and value of everything that the detectors watch."""
    answers: dict[str, list[object]] = defaultdict(list)
    learned = load_model(model, "1").linear.categories
    for replayed in replay(flights(), [model], faults):
        event, time_ms = replayed.event, replayed.time_ms
        if isinstance(event, Prediction):
            answers[event.request_id].append(event.prediction)
            for stream, value in (*of_answer(event), *of_features(event.features, learned)):
                yield stream, time_ms, value
            continue
        for answer in answers.pop(event.request_id):
            if isinstance(answer, float) and isinstance(event.label, float):
                yield ABSOLUTE_ERROR, time_ms, abs(answer - event.label)
            else:
                yield ERROR, time_ms, float(answer != event.label)


def of_answer(event: Prediction) -> Iterator[tuple[str, float]]:
    """Score and answer, or the confidence in it and which class it is."""
    if event.score is not None:
        yield SCORE, event.score
    elif event.probabilities is not None:
        yield SCORE, event.probabilities[str(event.prediction)]
        for name in event.probabilities:
            yield f"{name} share", float(event.prediction == name)
    else:
        yield ANSWER, float(event.prediction)


@cache
def common_categories() -> dict[str, list[str]]:
    """By text feature, as a reference of the first fourteen days has them."""
    until = new_york_midnight_ms(FIRST_DAY) + 14 * DAY
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for replayed in replay(flights(), [ModelName.FLIGHT_DELAY], CALM):
        if isinstance(replayed.event, Prediction) and replayed.time_ms < until:
            for name, value in replayed.event.features.items():
                if isinstance(value, str):
                    counts[name][value] += 1
    return {
        name: sorted(value for value, n in found.items() if n >= COMMON * found.total())
        for name, found in counts.items()
    }


def of_features(
    features: Features, learned: Mapping[str, Container[str]]
) -> Iterator[tuple[str, float]]:
    for name, value in features.items():
        yield f"{name} missing", float(value is None)
        if isinstance(value, int | float):
            yield f"{name} mean", float(value)
        elif name in learned:
            yield f"{name} unseen", float(value not in learned[name])
            for category in common_categories()[name]:
                yield f"{name}{IS}{category}", float(value == category)


@cache
def hourly(model: ModelName, faults: Faults) -> Panes:
    """All streams by the hour."""
    values: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for stream, time_ms, value in observe(model, faults):
        values[stream][time_ms // HOUR * HOUR].append(value)
    return {
        stream: {start: seen(kind_of(stream), pane) for start, pane in panes.items()}
        for stream, panes in values.items()
    }


def kind_of(stream: str) -> StreamKind:
    return StreamKind.MEAN if stream.endswith("mean") else StreamKind.RATE


def seen(kind: StreamKind, values: list[float]) -> Seen:
    if kind is StreamKind.RATE:
        return Seen(len(values), sum(values))
    return Seen(len(values), fmean(values), stdev(values) if len(values) > 1 else 0.0)


def alerts(model: ModelName, faults: Faults) -> dict[str, list[int]]:
    """When each stream opened alerts, in ms."""
    return {
        stream: list(openings(stream, panes)) for stream, panes in hourly(model, faults).items()
    }


def alarms_per_week(stream: str) -> float:
    return CATEGORY_ALARMS_PER_WEEK if IS in stream else ALARMS_PER_WEEK


def openings(name: str, panes: Mapping[int, Seen]) -> Iterator[int]:
    budget = alarms_per_week(name)
    stream = DetectorStream(kind_of(name), DetectionConfig(learn_ms=14 * DAY))
    for start, pane in sorted(panes.items()):
        if stream.step(PaneInput(start, start + HOUR, *pane), lambda: budget).opened:
            yield start + HOUR


@pytest.mark.parametrize(
    ("model", "streams"),
    [(ModelName.FLIGHT_DELAY, 26), (ModelName.ARRIVAL_DELAY, 26), (ModelName.FLIGHT_STATUS, 26)],
)
def test_the_second_half_of_january_opens_alerts_only_on_its_storms(
    model: ModelName, streams: int
) -> None:
    found = alerts(model, CALM)
    assert len(found) == streams
    assert len(list(itertools.chain.from_iterable(found.values()))) <= 3


@pytest.mark.parametrize(
    ("kind", "model", "streams", "within_ms"),
    [
        (FaultKind.BROKEN_FEATURE, ModelName.FLIGHT_DELAY, [f"{DEPARTURE_DELAY} mean"], DAY),
        (
            FaultKind.BROKEN_FEATURE,
            ModelName.ARRIVAL_DELAY,
            [f"{DEPARTURE_DELAY} mean", ANSWER, ABSOLUTE_ERROR],
            DAY,
        ),
        (FaultKind.BROKEN_FEATURE, ModelName.FLIGHT_STATUS, [f"{RECENT_DELAY} mean"], DAY),
        (FaultKind.BAD_VERSION, ModelName.FLIGHT_DELAY, [ERROR, SCORE], DAY),
        # one more flight in five fails, as on a stormy day: it takes more than a few such days to
        # see it in the errors of all
        (FaultKind.CONCEPT_CHANGE, ModelName.FLIGHT_DELAY, [ERROR], 7 * DAY),
        (FaultKind.CONCEPT_CHANGE, ModelName.ARRIVAL_DELAY, [ABSOLUTE_ERROR], 7 * DAY),
    ],
)
def test_each_fault_opens_one_alert_on_each_stream_it_touches_in_time(
    kind: FaultKind, model: ModelName, streams: list[str], within_ms: int
) -> None:
    found = alerts(model, Faults([Fault(kind, BROKEN_FROM)]))
    broken_ms = new_york_midnight_ms(BROKEN_FROM)
    for stream in streams:
        (opened,) = (at for at in found[stream] if at > broken_ms)
        assert opened <= broken_ms + within_ms


def shuffled(panes: Mapping[int, Pane], seed: int) -> dict[int, Pane]:
    """The days of a stream in another order, the same for all streams: nothing has changed."""
    first = new_york_midnight_ms(FIRST_DAY)
    order = list(range(JANUARY_DAYS))
    random.Random(seed).shuffle(order)  # noqa: S311 - repeatable, no secret
    return {
        (start - first) % DAY + first + order[(start - first) // DAY] * DAY: values
        for start, values in panes.items()
        if first <= start < first + JANUARY_DAYS * DAY
    }


def largest(expected: float) -> int:
    """The most alarms that chance raises in 99 of 100 cases, if so many are expected (Poisson)."""
    chances = (math.exp(-expected) * expected**n / math.factorial(n) for n in itertools.count())
    return next(n for n, sum_ in enumerate(itertools.accumulate(chances)) if sum_ >= 0.99)


def test_days_in_another_order_stay_within_the_budget() -> None:
    opened, allowed = 0, 0.0
    for model in (ModelName.FLIGHT_DELAY, ModelName.ARRIVAL_DELAY, ModelName.FLIGHT_STATUS):
        streams = hourly(model, CALM)
        allowed += sum(map(alarms_per_week, streams))
        for seed in range(SHUFFLES):
            for name, panes in streams.items():
                opened += len(list(openings(name, shuffled(panes, seed))))
    weeks = SHUFFLES * (JANUARY_DAYS - 14) / 7
    assert opened <= largest(allowed * weeks)


def label_panes(faults: Faults) -> dict[int, dict[Series, FirstLabels]]:
    """First labels of the classifier by the hour, of all and by airport and airline."""
    found: dict[int, dict[Series, FirstLabels]] = defaultdict(lambda: defaultdict(FirstLabels))
    asked: dict[str, Prediction] = {}
    for replayed in replay(flights(), [ModelName.FLIGHT_DELAY], faults):
        event = replayed.event
        if isinstance(event, Prediction):
            asked[event.request_id] = event
            continue
        answer = asked.pop(event.request_id)
        one = FirstLabels(1, int(answer.prediction != event.label))
        pane = found[replayed.time_ms // HOUR * HOUR]
        for field, value in (("", ""), *answer.segments.items()):
            pane[Series("1", field, value)].add(one)
    return found


def openings_with_segments(panes: Mapping[int, dict[Series, FirstLabels]]) -> Iterator[int]:
    """When the stream of errors opens alerts, segments included, in ms."""
    streams = Streams(ModelConfig(detection=DetectionConfig(learn_ms=14 * DAY)), 200)
    errors, all_ = ErrorBook(HOUR), Series("1", "", "")
    for start, pane in sorted(panes.items()):
        errors.panes[start] = pane
        span, first = (start, start + HOUR), pane[all_]
        segments = contrasts(pane, first, errors.baseline, span, ModelKind.BINARY)
        inputs = PaneInput(*span, first.trials, first.errors)
        verdict = judged(streams, StreamKey(Subject.ERROR_RATE), inputs, segments)
        errors.after(start, verdict)
        if verdict.opened:
            yield start + HOUR


def test_a_closed_runway_is_seen_within_a_day_in_the_errors_of_its_airport() -> None:
    broken_ms = new_york_midnight_ms(BROKEN_FROM)
    faults = Faults([Fault(FaultKind.CONCEPT_CHANGE, BROKEN_FROM)])
    opened = list(openings_with_segments(label_panes(faults)))
    assert [at for at in opened if broken_ms < at <= broken_ms + DAY]


def test_days_in_another_order_open_no_alert_by_a_segment() -> None:
    panes = label_panes(CALM)
    opened = [list(openings_with_segments(shuffled(panes, seed))) for seed in range(SHUFFLES)]
    assert len(list(itertools.chain.from_iterable(opened))) <= largest(
        SHUFFLES * (JANUARY_DAYS - 14) / 7 * BUDGET_PER_WEEK / 200 / 4
    )
