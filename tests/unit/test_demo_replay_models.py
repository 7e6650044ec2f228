"""The replay of all models: what each is asked and told, and how faults reach it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date

import msgspec
import pytest

from tidegauge.core.events import Feedback, Outcome, Prediction
from tidegauge.demo.faults import Fault, FaultKind, Faults
from tidegauge.demo.flights import (
    HOUR_MS,
    Flight,
    load_flights,
    new_york_midnight_ms,
)
from tidegauge.demo.flights import Outcome as Flown
from tidegauge.demo.replay import NO_FAULTS, Replayed, replay
from tidegauge.demo.tasks import ModelName
from tidegauge.wire.events import decode_feedback, decode_prediction

FAULT_DAY = date(2013, 1, 17)
FAULT_MS = new_york_midnight_ms(FAULT_DAY)
DELAY, STATUS = ModelName.ARRIVAL_DELAY, ModelName.FLIGHT_STATUS
CLASSES = {"on time", "late", "very late", "cancelled"}


@pytest.fixture(scope="module")
def flights() -> dict[str, Flight]:
    loaded = load_flights(date(2013, 1, 16), date(2013, 1, 18))
    return {flight.request_id: flight for flight in loaded}


def play(flights: dict[str, Flight], model: ModelName, faults: Faults = NO_FAULTS) -> "Played":
    return Played(replay(flights.values(), [model], faults))


class Played:
    """Events of one model by version and request."""

    def __init__(self, events: Iterable[Replayed]) -> None:
        self.predictions: dict[str, dict[str, Prediction]] = defaultdict(dict)
        self.labels: dict[str, Feedback] = {}
        for event in (replayed.event for replayed in events):
            if isinstance(event, Prediction):
                self.predictions[event.version][event.request_id] = event
            else:
                self.labels[event.request_id] = event


@pytest.fixture(scope="module")
def delays(flights: dict[str, Flight]) -> Played:
    return play(flights, DELAY)


@pytest.fixture(scope="module")
def statuses(flights: dict[str, Flight]) -> Played:
    return play(flights, STATUS)


def after_fault(prediction: Prediction) -> bool:
    return prediction.timestamp.timestamp() * 1000 >= FAULT_MS


def test_models_answer_side_by_side_as_each_would_alone(flights: dict[str, Flight]):
    together = list(replay(flights.values()))
    assert [item.time_ms for item in together] == sorted(item.time_ms for item in together)
    assert {item.event.model for item in together} == set(ModelName)
    for name in ModelName:
        alone = list(replay(flights.values(), [name]))
        assert [item for item in together if item.event.model == name] == alone


def test_events_pass_the_contract_as_published(flights: dict[str, Flight]):
    seen: set[tuple[str | None, str]] = set()
    for item in replay(flights.values()):
        raw = msgspec.json.encode(item.event)
        if isinstance(item.event, Prediction):
            assert decode_prediction(raw) == item.event
            seen.add((item.event.model, item.event.request_id))
        else:
            assert decode_feedback(raw) == item.event
            assert (item.event.model, item.event.request_id) in seen


def test_delay_is_predicted_at_departure_by_the_champion_and_its_shadow(
    flights: dict[str, Flight], delays: Played
):
    assert delays.predictions.keys() == {"1", "1-lite"}
    champion, shadow = delays.predictions.values()
    departed = [f.request_id for f in flights.values() if f.departure_ms is not None]
    assert champion.keys() == shadow.keys() == set(departed)
    for request_id, answer in champion.items():
        other = shadow[request_id]
        assert other.features == answer.features
        assert other.timestamp == answer.timestamp
        assert isinstance(answer.prediction, float)
        assert answer.prediction == round(answer.prediction, 1)
        assert (answer.score, answer.probabilities) == (None, None)
    assert sum(shadow[r].prediction != champion[r].prediction for r in champion) > 1000


def test_delay_turns_out_at_the_arrival(flights: dict[str, Flight], delays: Played):
    arrived = [f for f in flights.values() if f.outcome is Flown.ARRIVED]
    assert delays.labels.keys() == {flight.request_id for flight in arrived}
    for flight in arrived:
        label = delays.labels[flight.request_id]
        assert label.label == flight.arrival_delay
        assert isinstance(label.label, float)
        assert label.timestamp.timestamp() * 1000 == flight.arrival_ms


def test_status_is_predicted_of_every_flight_when_it_should_leave(
    flights: dict[str, Flight], statuses: Played
):
    (answers,) = statuses.predictions.values()
    assert answers.keys() == flights.keys()
    for request_id, answer in answers.items():
        assert answer.timestamp.timestamp() * 1000 == flights[request_id].scheduled_ms
        assert "departure_delay_minutes" not in answer.features
        assert answer.probabilities is not None
        assert answer.probabilities.keys() == CLASSES
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert answer.prediction in CLASSES
        assert answer.score is None
    assert {answer.prediction for answer in answers.values()} == CLASSES


def expected_status(flight: Flight) -> tuple[Outcome, int | None]:
    if flight.arrival_delay is None:
        return "cancelled", flight.scheduled_ms + 3 * HOUR_MS
    if flight.arrival_delay > 60:
        return "very late", flight.arrival_ms
    return "late" if flight.arrival_delay > 15 else "on time", flight.arrival_ms


def test_status_turns_out_at_the_arrival_or_when_a_cancellation_is_known(
    flights: dict[str, Flight], statuses: Played
):
    told = [f for f in flights.values() if f.outcome is not Flown.DIVERTED]
    assert statuses.labels.keys() == {flight.request_id for flight in told}
    for flight in told:
        label = statuses.labels[flight.request_id]
        moment = round(label.timestamp.timestamp() * 1000)
        assert (label.label, moment) == expected_status(flight)
    counts = Counter(label.label for label in statuses.labels.values())
    assert counts["cancelled"] == sum(f.outcome is Flown.CANCELLED for f in told) > 0


@pytest.mark.parametrize(
    ("name", "feature"),
    [(DELAY, "departure_delay_minutes"), (STATUS, "recent_delay_minutes")],
)
def test_broken_feature_reaches_whoever_reads_a_delay(
    flights: dict[str, Flight], name: ModelName, feature: str
):
    healthy = play(flights, name)
    broken = play(flights, name, Faults([Fault(FaultKind.BROKEN_FEATURE, FAULT_DAY)]))
    assert broken.labels == healthy.labels
    changed = 0
    for version, answers in broken.predictions.items():
        for request_id, answer in answers.items():
            before = healthy.predictions[version][request_id]
            if not after_fault(answer):
                assert answer == before
                continue
            delay = before.features[feature]
            seconds = delay * 60 if isinstance(delay, int | float) else None
            assert answer.features == before.features | {feature: seconds}
            changed += answer.prediction != before.prediction
    assert changed > 100


def test_bad_version_is_one_of_the_binary_model_alone(flights: dict[str, Flight]):
    fault = Faults([Fault(FaultKind.BAD_VERSION, FAULT_DAY)])
    for name in (DELAY, STATUS):
        both = (play(flights, name, fault), play(flights, name))
        assert both[0].predictions == both[1].predictions


def test_concept_change_makes_delays_longer_and_statuses_worse(
    flights: dict[str, Flight], delays: Played, statuses: Played
):
    fault = Faults([Fault(FaultKind.CONCEPT_CHANGE, FAULT_DAY)])
    longer, worse = play(flights, DELAY, fault), play(flights, STATUS, fault)
    assert (longer.predictions, worse.predictions) == (delays.predictions, statuses.predictions)
    changed = 0
    for request_id, label in longer.labels.items():
        flight, before = flights[request_id], delays.labels[request_id].label
        queued = flight.origin == "EWR" and (flight.departure_ms or 0) >= FAULT_MS
        assert label.label == float(before) + (30 if queued else 0)
        if not queued:
            assert worse.labels[request_id] == statuses.labels[request_id]
        changed += worse.labels[request_id].label != statuses.labels[request_id].label
    assert changed > 100
