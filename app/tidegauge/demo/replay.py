"""The flights as a stream of events: the predictions of each model and, later, their labels.

Pure: the same flights, models and faults give the same events, whatever the clock says.
"""

import heapq
import itertools
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from statistics import NormalDist
from typing import NamedTuple

from tidegauge.core.events import Features, Feedback, Prediction
from tidegauge.demo.faults import FaultKind, Faults, bad_version
from tidegauge.demo.flights import Flight
from tidegauge.demo.model import Answer, Model, load_model
from tidegauge.demo.recent import RecentDelays
from tidegauge.demo.tasks import TASKS, ModelName, Task

BATCH = 1_024
"""Flights scored at a time."""
LOG_LATENCY = NormalDist(math.log(0.020), 0.5)
"""Serving times follow a lognormal distribution with a median of 20 ms."""
NO_FAULTS = Faults()
ALL_MODELS = tuple(ModelName)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event and its place in flight time (ms since the epoch)."""

    time_ms: int
    event: Prediction | Feedback


class _Request(NamedTuple):
    """A question that a model is asked."""

    time_ms: int
    flight: Flight
    features: Features


def replay(
    flights: Iterable[Flight],
    models: Sequence[ModelName] = ALL_MODELS,
    faults: Faults = NO_FAULTS,
    from_ms: int = 0,
) -> Iterator[Replayed]:
    """The events of ``flights`` in the order of their times, each prediction before its label.

    Those before ``from_ms``, in ms since the epoch, are left out; the others are as they would be.

    Models that are asked at departure say nothing of cancelled flights; diverted flights get no
    label. The last labels come after the last departure, so the stream ends when every flight has
    landed.
    """
    flown = [faults.flight(flight) for flight in flights]
    recent = RecentDelays(flown)
    streams: list[Iterator[Replayed]] = []
    for name in models:
        task = TASKS[name]
        versions = [load_model(name, version) for version in task.versions]
        requests = _requests(flown, task, recent, faults, from_ms)
        streams += [_predictions(requests, versions, faults), _feedback(flown, name, from_ms)]
    return heapq.merge(*streams, key=attrgetter("time_ms"))


def _requests(
    flights: Iterable[Flight], task: Task, recent: RecentDelays, faults: Faults, from_ms: int
) -> Iterator[_Request]:
    times = ((task.asked_ms(flight), flight) for flight in flights)
    asked = [(time, flight) for time, flight in times if time is not None and time >= from_ms]
    asked.sort(key=lambda item: (item[0], item[1].request_id))
    for time_ms, flight in asked:
        features = faults.features(task.features(flight, recent), time_ms)
        yield _Request(time_ms, flight, features)


def _predictions(
    requests: Iterable[_Request], versions: Sequence[Model], faults: Faults
) -> Iterator[Replayed]:
    replacements = [bad_version(model) for model in versions]
    by_version = itertools.groupby(
        requests, key=lambda request: faults.in_force(FaultKind.BAD_VERSION, request.time_ms)
    )
    for replaced, group in by_version:
        serving = replacements if replaced else versions
        while batch := list(itertools.islice(group, BATCH)):
            rows = [request.features for request in batch]
            answers = [model.answers(rows) for model in serving]
            for request, *given in zip(batch, *answers, strict=True):
                for model, answer in zip(serving, given, strict=True):
                    yield Replayed(request.time_ms, _prediction(request, model, answer))


def _prediction(request: _Request, model: Model, answer: Answer) -> Prediction:
    flight = request.flight
    return Prediction(
        request_id=flight.request_id,
        model=model.name,
        version=model.version,
        timestamp=_time(request.time_ms),
        prediction=answer.prediction,
        score=answer.score,
        probabilities=answer.probabilities,
        features=request.features,
        segments={"origin": flight.origin, "carrier": flight.carrier},
        attributions=answer.attributions,
        latency_seconds=_latency_seconds(flight.request_id),
        code_version=model.code_version,
        data_version=model.data_version,
    )


def _feedback(flights: Iterable[Flight], name: ModelName, from_ms: int) -> Iterator[Replayed]:
    truths = ((TASKS[name].truth(flight), flight.request_id) for flight in flights)
    known = [
        (truth.time_ms, request_id, truth.label)
        for truth, request_id in truths
        if truth is not None and truth.time_ms >= from_ms
    ]
    for time_ms, request_id, label in sorted(known, key=lambda item: item[:2]):
        yield Replayed(time_ms, Feedback(request_id, _time(time_ms), label, model=str(name)))


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _latency_seconds(request_id: str) -> float:
    """A draw that depends on the request alone, so any part of the year repeats it."""
    uniform = (zlib.crc32(request_id.encode()) + 0.5) / 2**32
    return round(math.exp(LOG_LATENCY.inv_cdf(uniform)), 6)
