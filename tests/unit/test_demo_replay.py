"""The replay: order, contract, and that faults of the binary model touch only what they should."""

from collections.abc import Iterable
from datetime import date

import msgspec
import pytest

from tidegauge.core.events import Feedback, Prediction
from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import QUEUE_MINUTES, Fault, FaultKind, Faults, parse_fault
from tidegauge.demo.flights import (
    MINUTE_MS,
    Flight,
    Outcome,
    count_outcomes,
    load_flights,
    new_york_midnight_ms,
)
from tidegauge.demo.replay import Replayed, replay
from tidegauge.demo.tasks import ModelName
from tidegauge.wire.events import decode_feedback, decode_prediction

BINARY = [ModelName.FLIGHT_DELAY]
FAULT_DAY = date(2013, 1, 17)
FAULT_MS = new_york_midnight_ms(FAULT_DAY)


@pytest.fixture(scope="module")
def flights() -> list[Flight]:
    return load_flights(date(2013, 1, 16), date(2013, 1, 18))


@pytest.fixture(scope="module")
def events(flights: list[Flight]) -> list[Replayed]:
    return list(replay(flights, BINARY))


def with_fault(flights: list[Flight], kind: FaultKind) -> list[Replayed]:
    return list(replay(flights, BINARY, Faults([Fault(kind, FAULT_DAY)])))


def predictions(events: Iterable[Replayed]) -> dict[str, Prediction]:
    found = (item.event for item in events)
    return {event.request_id: event for event in found if isinstance(event, Prediction)}


def labels(events: Iterable[Replayed]) -> dict[str, Feedback]:
    found = (item.event for item in events)
    return {event.request_id: event for event in found if isinstance(event, Feedback)}


def after_fault(prediction: Prediction) -> bool:
    return prediction.timestamp.timestamp() * 1000 >= FAULT_MS


def test_events_follow_their_times_and_labels_their_predictions(events: list[Replayed]):
    times = [item.time_ms for item in events]
    assert times == sorted(times)
    seen: set[str] = set()
    for item in events:
        if isinstance(item.event, Prediction):
            seen.add(item.event.request_id)
        else:
            assert item.event.request_id in seen


def test_time_in_the_event_is_its_place_in_the_replay(events: list[Replayed]):
    assert all(item.event.timestamp.timestamp() * 1000 == item.time_ms for item in events)


def test_every_departure_is_predicted_and_every_arrival_labelled(
    flights: list[Flight], events: list[Replayed]
):
    outcomes = count_outcomes(flights)
    assert outcomes[Outcome.CANCELLED] > 0
    assert outcomes[Outcome.DIVERTED] > 0
    assert len(predictions(events)) == len(flights) - outcomes[Outcome.CANCELLED]
    assert len(labels(events)) == outcomes[Outcome.ARRIVED]
    assert len(events) == len(predictions(events)) + len(labels(events))


def test_label_says_whether_the_flight_was_over_15_minutes_late(
    flights: list[Flight], events: list[Replayed]
):
    delays = {flight.request_id: flight.arrival_delay for flight in flights}
    for request_id, feedback in labels(events).items():
        delay = delays[request_id]
        assert delay is not None
        assert feedback.label == int(delay > 15)
        assert feedback.model == "flight-delay"


def test_events_pass_the_contract_as_published(events: list[Replayed]):
    for item in events:
        raw = msgspec.json.encode(item.event)
        decode = decode_prediction if isinstance(item.event, Prediction) else decode_feedback
        assert decode(raw) == item.event
        assert b'Z"' in raw


def test_prediction_carries_what_a_viewer_wants_to_see(events: list[Replayed]):
    for prediction in predictions(events).values():
        assert prediction.model == "flight-delay"
        assert prediction.version == "1"
        assert len(prediction.features) == 8
        assert prediction.segments.keys() == {"origin", "carrier"}
        assert prediction.score is not None
        assert prediction.prediction == int(prediction.score >= 0.5)
        assert prediction.latency_seconds is not None
        assert 0 < prediction.latency_seconds < 1


def test_part_of_a_period_gives_the_same_events(flights: list[Flight], events: list[Replayed]):
    second_day = [flight for flight in flights if flight.scheduled_ms >= FAULT_MS]
    part = list(replay(reversed(second_day), BINARY))
    whole = predictions(events)
    for request_id, prediction in predictions(part).items():
        assert prediction.score == pytest.approx(whole[request_id].score, rel=1e-12)
        assert prediction.latency_seconds == whole[request_id].latency_seconds


def test_broken_feature_changes_one_feature_and_the_answers(
    flights: list[Flight], events: list[Replayed]
):
    broken = with_fault(flights, FaultKind.BROKEN_FEATURE)
    healthy = predictions(events)
    assert labels(broken) == labels(events)
    changed_answers = 0
    for request_id, prediction in predictions(broken).items():
        before = healthy[request_id]
        if not after_fault(prediction):
            assert prediction == before
            continue
        delay = before.features["departure_delay_minutes"]
        assert isinstance(delay, int)
        assert prediction.features == before.features | {"departure_delay_minutes": 60 * delay}
        changed_answers += prediction.prediction != before.prediction
    assert changed_answers > 100


def test_bad_version_answers_the_opposite_under_its_own_number(
    flights: list[Flight], events: list[Replayed]
):
    bad = with_fault(flights, FaultKind.BAD_VERSION)
    healthy = predictions(events)
    assert labels(bad) == labels(events)
    for request_id, prediction in predictions(bad).items():
        before = healthy[request_id]
        if not after_fault(prediction):
            assert prediction == before
            continue
        assert (prediction.version, prediction.code_version) == ("2", "2.0.0")
        assert prediction.features == before.features
        assert prediction.score == pytest.approx(1 - (before.score or 0.0))


def test_concept_change_delays_the_arrivals_of_one_origin_only(
    flights: list[Flight], events: list[Replayed]
):
    changed = with_fault(flights, FaultKind.CONCEPT_CHANGE)
    assert predictions(changed) == predictions(events)
    by_id = {flight.request_id: flight for flight in flights}
    before = labels(events)
    for request_id, feedback in labels(changed).items():
        flight = by_id[request_id]
        assert flight.departure_ms is not None
        assert flight.arrival_ms is not None
        assert flight.arrival_delay is not None
        if flight.origin != "EWR" or flight.departure_ms < FAULT_MS:
            assert feedback == before[request_id]
            continue
        arrival = feedback.timestamp.timestamp() * 1000
        assert arrival == flight.arrival_ms + QUEUE_MINUTES * MINUTE_MS
        assert feedback.label == int(flight.arrival_delay + QUEUE_MINUTES > 15)
    times = [item.time_ms for item in changed]
    assert times == sorted(times)


def test_of_two_faults_of_one_kind_the_earlier_counts():
    kind = FaultKind.CONCEPT_CHANGE
    faults = Faults([Fault(kind, FAULT_DAY), Fault(kind, date(2013, 3, 1))])
    assert faults.in_force(kind, FAULT_MS)
    assert not faults.in_force(kind, FAULT_MS - 1)
    assert not faults.in_force(FaultKind.BAD_VERSION, FAULT_MS)


def test_fault_is_read_from_text():
    expected = Fault(FaultKind.BROKEN_FEATURE, date(2013, 2, 10))
    assert parse_fault("broken-feature@2013-02-10") == expected


@pytest.mark.parametrize(
    "text",
    ["", "broken-feature", "broken@2013-02-10", "bad-version@soon", "bad-version@2014-01-01"],
)
def test_fault_that_is_not_understood_is_refused_with_an_example(text: str):
    with pytest.raises(DemoError, match="for instance broken-feature@2013-02-10"):
        parse_fault(text)
