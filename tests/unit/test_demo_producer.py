"""Publishing the replay: pace, order of the flushes, stops and failures, without a broker."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest
from kafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from tidegauge.core.events import Feedback, Prediction
from tidegauge.demo.errors import DemoError
from tidegauge.demo.producer import FLUSH_EVENTS, TICK_SECONDS, connected, parse_speed
from tidegauge.demo.producer import publish as publish_at
from tidegauge.demo.progress import Identity, Progress
from tidegauge.demo.replay import Replayed
from tidegauge.settings.kafka import TopicNames

SECOND = 1_000
HOUR = 3_600 * SECOND
HOUR_A_SECOND = 3_600.0
publish = partial(publish_at, speed=HOUR_A_SECOND)


@dataclass
class Placed:
    topic: str
    offset: int
    partition: int = 0


@dataclass
class Delivered:
    exception: Exception | None
    value: Placed


@dataclass
class RecordingClient:
    failure: Exception | None = None
    flush_failure: Exception | None = None
    sent: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    flushed_at: list[int] = field(default_factory=list)

    def send(self, topic: str, *, value: bytes, key: bytes) -> Delivered:
        self.sent.append((topic, key, value))
        before = sum(sent == topic for sent, _, _ in self.sent)
        return Delivered(self.failure, Placed(topic, before - 1))

    def flush(self) -> None:
        if self.flush_failure is not None:
            raise self.flush_failure
        self.flushed_at.append(len(self.sent))


class Clock:
    """Time that passes only by waiting; a stop is asked for at ``stop_at`` seconds."""

    def __init__(self, stop_at: float = float("inf")) -> None:
        self.now = 100.0
        self.stop_at = 100.0 + stop_at
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now += seconds
        return self.now >= self.stop_at


def prediction(time_ms: int) -> Replayed:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return Replayed(time_ms, Prediction(f"r{time_ms}", "m", "1", moment, 1))


def feedback(time_ms: int) -> Replayed:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return Replayed(time_ms, Feedback("r0", moment, 1))


def test_each_event_goes_to_its_topic_under_its_request_id():
    client, clock = RecordingClient(), Clock()
    events = [prediction(0), feedback(SECOND)]
    topics = TopicNames(predictions="p", feedback="f")
    done = publish(events, client, wait=clock.wait, clock=clock, topics=topics)
    assert [(topic, key) for topic, key, _ in client.sent] == [("p", b"r0"), ("f", b"r0")]
    assert msgspec.json.decode(client.sent[0][2], type=Prediction) == events[0].event
    assert msgspec.json.decode(client.sent[1][2], type=Feedback) == events[1].event
    assert done == Progress(SECOND, 1, 1, 1, {"p/0": 1, "f/0": 1})


def test_flight_time_is_compressed_by_the_speed():
    client, clock = RecordingClient(), Clock()
    publish([prediction(HOUR * n) for n in range(4)], client, wait=clock.wait, clock=clock)
    assert clock.waits == pytest.approx([1.0, 1.0, 1.0])


def test_what_comes_before_the_paced_time_is_due_at_once():
    client, clock = RecordingClient(), Clock()
    events = [prediction(HOUR * n) for n in range(5)]
    publish(events, client, wait=clock.wait, clock=clock, paced_from_ms=3 * HOUR)
    assert clock.waits == pytest.approx([1.0])
    assert client.flushed_at == [4, 5]


def test_all_is_acknowledged_before_each_wait():
    client, clock = RecordingClient(), Clock()
    reports: list[Progress] = []
    events = [prediction(0), feedback(0), prediction(HOUR), feedback(2 * HOUR)]
    publish(events, client, wait=clock.wait, clock=clock, on_progress=reports.append)
    assert client.flushed_at == [2, 3, 4]
    assert reports == [
        Progress(0, 1, 1, 2, {"predictions/0": 1, "feedback/0": 1}),
        Progress(HOUR, 2, 1, 1, {"predictions/0": 2, "feedback/0": 1}),
        Progress(2 * HOUR, 2, 2, 1, {"predictions/0": 2, "feedback/0": 2}),
    ]


def test_events_within_a_tick_go_out_together():
    client, clock = RecordingClient(), Clock()
    minutes = [prediction(60 * SECOND * n) for n in range(6)]  # 17 ms apart
    publish(minutes, client, wait=clock.wait, clock=clock)
    assert clock.waits == []
    assert client.flushed_at == [6]


def test_late_publisher_catches_up_without_waiting():
    client, clock = RecordingClient(), Clock()

    def events() -> Iterator[Replayed]:
        yield prediction(0)
        clock.now += 10.0
        yield prediction(HOUR)
        yield prediction(12 * HOUR)

    publish(events(), client, wait=clock.wait, clock=clock)
    assert clock.waits == pytest.approx([2.0])


def test_unpaced_run_never_waits_and_flushes_often_enough():
    client, clock = RecordingClient(), Clock()
    events = [prediction(HOUR * n) for n in range(2 * FLUSH_EVENTS + 1)]
    publish(events, client, wait=clock.wait, clock=clock, speed=parse_speed("max"))
    assert clock.now == 100.0
    assert client.flushed_at == [FLUSH_EVENTS, 2 * FLUSH_EVENTS, 2 * FLUSH_EVENTS + 1]


def test_flight_time_stands_still_while_it_is_held():
    client, clock = RecordingClient(), Clock()
    events = [prediction(HOUR * n) for n in range(3)]
    held = iter([True, True, False, False])
    publish(events, client, wait=clock.wait, clock=clock, held=lambda: next(held))
    assert clock.waits == pytest.approx([1.0, TICK_SECONDS, TICK_SECONDS, 1.0])
    assert client.flushed_at == [1, 2, 3]


def test_a_stop_ends_a_hold():
    client, clock = RecordingClient(), Clock(stop_at=1.3)
    events = [prediction(HOUR * n) for n in range(3)]
    done = publish(events, client, wait=clock.wait, clock=clock, held=lambda: True)
    assert done == Progress(0, 1, 0, 1, {"predictions/0": 1})


def test_stop_leaves_nothing_on_its_way():
    client, clock = RecordingClient(), Clock(stop_at=1.5)
    events = [prediction(HOUR * n) for n in range(10)]
    done = publish(events, client, wait=clock.wait, clock=clock)
    assert done == Progress(HOUR, 2, 0, 1, {"predictions/0": 2})
    assert client.flushed_at[-1] == len(client.sent) == 2


def test_what_is_in_the_topics_already_counts_and_is_not_sent_again():
    client, clock = RecordingClient(), Clock()
    events = [prediction(0), feedback(0), prediction(SECOND)]
    before = Progress(0, 5, 5, 3, {"predictions/0": 5})
    there = {Identity(False, "r0", "", ""), Identity(True, "another's", "m", "1")}
    done = publish(events, client, wait=clock.wait, clock=clock, progress=before, there=there)
    assert [key for _, key, _ in client.sent] == [b"r0", b"r1000"]
    assert done == Progress(SECOND, 7, 6, 1, {"predictions/0": 5})


def test_nothing_to_publish_is_no_progress():
    client, clock = RecordingClient(), Clock()
    assert publish([], client, wait=clock.wait, clock=clock) == Progress()


@pytest.mark.parametrize(
    "client",
    [
        RecordingClient(failure=MessageSizeTooLargeError("too large")),
        RecordingClient(flush_failure=MessageSizeTooLargeError("too large")),
    ],
)
def test_refused_record_ends_the_run_with_its_cause(client: RecordingClient):
    clock = Clock()
    with pytest.raises(DemoError, match=r"predictions and feedback failed: .*too large"):
        publish([prediction(0)], client, wait=clock.wait, clock=clock)


def test_broker_that_does_not_answer_is_named():
    def unreachable(**_: object) -> None:
        raise KafkaConnectionError("refused")

    connection = {"bootstrap_servers": "kafka.example:9092", "kafka_client": unreachable}
    with (
        pytest.raises(DemoError, match=r"Kafka at kafka\.example:9092: .*refused"),
        connected(connection),
    ):
        pass


@pytest.mark.parametrize(
    ("text", "speed"), [("1h", 3600.0), ("6h30m", 23_400.0), ("500ms", 0.5), ("max", 0.0)]
)
def test_speed_is_the_flight_time_of_a_second(text: str, speed: float):
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["fast", "-1h", "3600", "0s", ""])
def test_speed_that_is_none_is_refused(text: str):
    with pytest.raises(DemoError, match="for instance 6h or 30m, or max"):
        parse_speed(text)
