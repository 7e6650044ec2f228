"""A day of flights on a real broker, published as a user's program would."""

import threading
from datetime import date

import msgspec
import pytest
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import NewTopic
from typer.testing import CliRunner

from tidegauge.cli.main import app
from tidegauge.core.events import Feedback, Prediction
from tidegauge.demo.errors import DemoError
from tidegauge.demo.flights import load_flights
from tidegauge.demo.producer import UNPACED, connected, publish
from tidegauge.demo.replay import Replayed, replay
from tidegauge.settings.kafka import TopicNames

pytestmark = pytest.mark.broker

PARTITIONS = 3


@pytest.fixture
def topics(broker, topic_prefix: str) -> TopicNames:
    names = TopicNames(predictions=f"{topic_prefix}predictions", feedback=f"{topic_prefix}feedback")
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    admin.create_topics([NewTopic(n, PARTITIONS, 1) for n in (names.predictions, names.feedback)])
    admin.close()
    return names


def read(bootstrap: str, topic: str, kind: type, count: int) -> dict[int, list[object]]:
    """Events by partition, in the order of the log; the key is checked against the value."""
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    found: dict[int, list[object]] = {partition: [] for partition in range(PARTITIONS)}
    try:
        for _ in range(count):
            record = next(consumer)
            event = msgspec.json.decode(record.value, type=kind)
            assert record.key == event.request_id.encode()
            found[record.partition].append(event)
    finally:
        consumer.close()
    return found


def test_a_day_arrives_whole_and_in_order_of_its_times(broker, topics: TopicNames) -> None:
    events: list[Replayed] = list(replay(load_flights(date(2013, 1, 15), date(2013, 1, 16))))
    with connected({"bootstrap_servers": broker.bootstrap}) as client:
        done = publish(events, client, wait=threading.Event().wait, topics=topics, speed=UNPACED)
    assert done.predictions + done.feedback == len(events)
    homes: dict[str, int] = {}
    for topic, kind, count in (
        (topics.predictions, Prediction, done.predictions),
        (topics.feedback, Feedback, done.feedback),
    ):
        by_partition = read(broker.bootstrap, topic, kind, count)
        read_back = [event for partition in by_partition.values() for event in partition]
        published = [item.event for item in events if isinstance(item.event, kind)]
        assert sorted(read_back, key=_id) == sorted(published, key=_id)
        for partition, in_log in by_partition.items():
            times = [event.timestamp for event in in_log]
            assert times == sorted(times)
            for event in in_log:
                assert homes.setdefault(event.request_id, partition) == partition


def _id(event: Prediction | Feedback) -> tuple[str, ...]:
    version = event.version if isinstance(event, Prediction) else ""
    return event.request_id, event.model or "", version


def test_the_command_publishes_alone(broker, topics: TopicNames, topic_prefix: str) -> None:
    day = ["--from", "2013-01-15", "--until", "2013-01-16", "--speed", "max"]
    cluster = ["--bootstrap", broker.bootstrap, "--set", f"kafka.topic_prefix={topic_prefix}"]
    result = CliRunner().invoke(app, [*cluster, "demo", "--publish-only", *day])
    assert result.exit_code == 0, result.output
    assert "publishing has stopped" in result.output
    flights = load_flights(date(2013, 1, 15), date(2013, 1, 16))
    departed = sum(flight.departure_ms is not None for flight in flights)
    read(broker.bootstrap, topics.predictions, Prediction, departed)


def test_missing_topic_is_not_created_by_publishing(broker, topic_prefix: str) -> None:
    topics = TopicNames(predictions=f"{topic_prefix}none", feedback=f"{topic_prefix}no-feedback")
    flights = load_flights(date(2013, 1, 15), date(2013, 1, 16))[:1]
    connection = {"bootstrap_servers": broker.bootstrap, "max_block_ms": 500}
    with connected(connection) as client, pytest.raises(DemoError, match="the topics exist"):
        publish(
            replay(flights),
            client,
            wait=threading.Event().wait,
            topics=topics,
            speed=UNPACED,
        )
