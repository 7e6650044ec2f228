"""The flights as a stream of events: a prediction at each departure, its label at the arrival.

Pure: the same flights, model and faults give the same events, whatever the clock says.
"""

import heapq
import itertools
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import NormalDist

from tidegauge.core.events import Feedback, Prediction
from tidegauge.demo.faults import FaultKind, Faults, bad_version
from tidegauge.demo.features import features_of
from tidegauge.demo.flights import Flight
from tidegauge.demo.model import LATE_MINUTES, Model

BATCH = 1_024
"""Flights scored at a time."""
LOG_LATENCY = NormalDist(math.log(0.020), 0.5)
"""Serving times follow a lognormal distribution with a median of 20 ms."""
NO_FAULTS = Faults()


@dataclass(frozen=True, slots=True)
class Replayed:
    """One event and its place in flight time (ms since the epoch)."""

    time_ms: int
    event: Prediction | Feedback


def replay(
    flights: Iterable[Flight], model: Model, faults: Faults = NO_FAULTS
) -> Iterator[Replayed]:
    """The events of ``flights`` in the order of their times, each prediction before its label.

    Cancelled flights give no event, diverted ones a prediction and no label. The last labels come
    after the last departure, so the stream ends when every flight has landed.
    """
    departed = [
        (flight.departure_ms, faults.flight(flight))
        for flight in flights
        if flight.departure_ms is not None
    ]
    departed.sort(key=lambda item: (item[0], item[1].request_id))
    return heapq.merge(
        _predictions(departed, model, faults),
        _feedback(flight for _, flight in departed),
        key=lambda replayed: replayed.time_ms,
    )


def _predictions(
    departed: Sequence[tuple[int, Flight]], model: Model, faults: Faults
) -> Iterator[Replayed]:
    replacement = bad_version(model)
    by_version = itertools.groupby(
        departed, key=lambda item: faults.in_force(FaultKind.BAD_VERSION, item[0])
    )
    for replaced, group in by_version:
        serving = replacement if replaced else model
        while batch := list(itertools.islice(group, BATCH)):
            yield from _answers(batch, serving, faults)


def _answers(
    batch: Sequence[tuple[int, Flight]], model: Model, faults: Faults
) -> Iterator[Replayed]:
    rows = [faults.features(features_of(flight), departure) for departure, flight in batch]
    scores = model.scores(rows)
    answers = zip(batch, rows, scores.tolist(), model.predict(scores).tolist(), strict=True)
    for (departure, flight), features, score, answer in answers:
        prediction = Prediction(
            request_id=flight.request_id,
            model=model.name,
            version=model.version,
            timestamp=_time(departure),
            prediction=answer,
            score=score,
            features=features,
            segments={"origin": flight.origin, "carrier": flight.carrier},
            latency_seconds=_latency_seconds(flight.request_id),
            code_version=model.code_version,
            data_version=model.data_version,
        )
        yield Replayed(departure, prediction)


def _feedback(flights: Iterable[Flight]) -> Iterator[Replayed]:
    landed = [
        (flight.arrival_ms, flight.request_id, flight.arrival_delay)
        for flight in flights
        if flight.arrival_ms is not None and flight.arrival_delay is not None
    ]
    for arrival, request_id, delay in sorted(landed):
        label = int(delay > LATE_MINUTES)
        yield Replayed(arrival, Feedback(request_id, _time(arrival), label))


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _latency_seconds(request_id: str) -> float:
    """A draw that depends on the request alone, so any part of the year repeats it."""
    uniform = (zlib.crc32(request_id.encode()) + 0.5) / 2**32
    return round(math.exp(LOG_LATENCY.inv_cdf(uniform)), 6)
