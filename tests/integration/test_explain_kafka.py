"""``tidegauge explain`` on a real broker: the state says where a request's records lie."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from typer.testing import CliRunner, Result

from tidegauge.cli.main import app
from tidegauge.core.collect.batch import Batch
from tidegauge.core.collect.collect import Collect
from tidegauge.core.config import HOUR, MINUTE, CoreConfig, ReferenceConfig
from tidegauge.core.monitor.monitor import Monitor
from tidegauge.core.panes import pane_start
from tidegauge.core.partial import decode, encode
from tidegauge.core.partitioner import partition_for
from tidegauge.core.records import (
    AttributionStats,
    FeatureAttribution,
    MetricRecord,
    Traffic,
    WindowState,
)
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.wire.events import content_digests, decode_feedbacks, decode_predictions
from tidegauge.wire.metrics import encode_metric
from tidegauge.wire.references import encode_reference

pytestmark = pytest.mark.broker

PARTITIONS = 3
REQUESTS = 200
UNREAD = REQUESTS + 40
"""A request that the state does not have; its label was published astray."""
NOW = int(time.time()) * 1000
WIND = [number % 40 / 2 for number in range(REQUESTS)]


def rfc3339(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()


def prediction(number: int) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "model": "delay",
        "version": "7",
        "timestamp": rfc3339(NOW + number),
        "prediction": "late",
        "score": 0.9,
        "features": {"wind": WIND[number % REQUESTS], "carrier": "AB"[number % 2]},
        "segments": {"origin": "n"},
        "attributions": {"wind": 0.25},
        "code_version": "9b1c",
    }


def feedback(number: int) -> dict[str, Any]:
    label = "late" if number % 4 else "on time"
    return {"request_id": f"r{number}", "timestamp": rfc3339(NOW + 60_000), "label": label}


@dataclass
class World:
    """Topics with events, and the state that workers would have written of them."""

    options: list[str]
    bootstrap: str
    prefix: str

    def explain(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*self.options, "explain", *arguments])

    def delete_before_end(self, topic: str) -> None:
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap, group_id=None)
        places = [TopicPartition(self.prefix + topic, p) for p in range(PARTITIONS)]
        ends = consumer.end_offsets(places)
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.delete_records(ends)
        admin.close()
        consumer.close()


def profile() -> ReferenceProfile:
    rows = [prediction(number)["features"] for number in range(REQUESTS)]
    return build_reference(
        rows,
        np.full(REQUESTS, 0.9),
        np.ones(REQUESTS, np.int64),
        names=["carrier", "wind"],
        config=ReferenceConfig(),
        model="delay",
        version="7",
        effective_from=0,
        learned_from=None,
        learned_until=None,
    )


def window(size_ms: int, share: float) -> MetricRecord:
    start = pane_start(NOW + 8, size_ms)
    return MetricRecord(
        model="delay",
        version="7",
        start_ms=start,
        end_ms=start + size_ms,
        state=WindowState.PROVISIONAL,
        revision=0,
        predictions=REQUESTS,
        labelled=REQUESTS,
        traffic=Traffic(predictions=REQUESTS),
        attributions=AttributionStats(
            count=REQUESTS,
            features={"wind": FeatureAttribution(mean_absolute=0.5, share=share, wrong_share=0.75)},
        ),
    )


Send = Callable[[str, bytes, bytes, int], int]


def published(
    send: Send, topic: str, events: list[dict[str, Any]], astray: set[int]
) -> list[list[tuple[int, bytes]]]:
    """Publish events, and read them back as offset and value by partition."""
    logs: list[list[tuple[int, bytes]]] = [[] for _ in range(PARTITIONS)]
    for number, event in enumerate(events):
        key, value = event["request_id"].encode(), msgspec.json.encode(event)
        home = partition_for(key, PARTITIONS)
        partition = (home + 1) % PARTITIONS if number in astray else home
        logs[partition].append((send(topic, key, value, partition), value))
    return logs


@pytest.fixture(scope="module")
def world(broker: Any) -> World:
    prefix = f"test-explain-{NOW}-"
    options = ["-b", broker.bootstrap, "-s", f"kafka.topic_prefix={prefix}"]
    options += ["-s", f"topics.partitions={PARTITIONS}", "-s", "topics.partials_partitions=1"]
    assert CliRunner().invoke(app, [*options, "topics", "create"]).exit_code == 0
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    appended: dict[tuple[str, int, int], int] = {}

    def send(topic: str, key: bytes, value: bytes | None, partition: int) -> int:
        meta = producer.send(prefix + topic, key=key, value=value, partition=partition).get()
        appended[topic, partition, meta.offset] = meta.timestamp
        return int(meta.offset)

    predictions = published(send, "predictions", [prediction(n) for n in range(REQUESTS)], set())
    labels = published(send, "feedback", [feedback(n) for n in range(REQUESTS - 1)], set())
    monitor = Monitor(CoreConfig(), PARTITIONS)
    monitor.adopt(profile())
    for partition in range(PARTITIONS):
        core = Collect(CoreConfig(), partition, PARTITIONS)
        core.adopt(profile())
        for topic, log, read in (
            ("predictions", predictions, decode_predictions),
            ("feedback", labels, decode_feedbacks),
        ):
            offsets, values = zip(*log[partition], strict=True)
            events = read(values)
            appends = [appended[topic, partition, offset] for offset in offsets]
            batch = Batch(events, offsets, appends, content_digests(events))
            getattr(core, topic)(batch, appends[-1])
        for part in core.partials():
            monitor.take(decode(encode(part)))
        for key, value in core.changes():
            send("collect-state", key, value, partition)
    model = monitor.models["delay"]
    model.add_up()
    for pane in model.errors.panes.values():
        for series, first in pane.items():
            model.errors.baseline[series] = first
            model.errors.changed_baseline.add(series)
    for key, value in monitor.changes():
        send("monitor-state", key, value, 0)
    key, value = encode_reference(profile())
    send("references", key, value, 0)
    for size_ms, drift in ((HOUR, 0.25), (MINUTE, 0.5)):
        send("metrics", *encode_metric(window(size_ms, drift)), 0)
    for topic, event, away in (
        ("predictions", prediction(UNREAD), 0),
        ("feedback", feedback(UNREAD), 1),
    ):
        key = event["request_id"].encode()
        partition = (partition_for(key, PARTITIONS) + away) % PARTITIONS
        send(topic, key, msgspec.json.encode(event), partition)
    producer.flush()
    producer.close()
    return World(options, broker.bootstrap, prefix)


def test_a_request_is_explained(world: World) -> None:
    result = world.explain("r8", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert (told["model"], told["version"], told["code_version"]) == ("delay", "7", "9b1c")
    assert [label["label"] for label in told["labels"]] == ["on time"]
    wind = next(f for f in told["features"] if f["name"] == "wind")
    low, high = wind["percentile"]
    assert 0.0 <= low <= sum(w < WIND[8] for w in WIND) / REQUESTS <= high
    assert wind["attribution"] == 0.25
    assert told["attributions"]["features"][0]["usual_share"] == 0.25
    carrier = next(f for f in told["features"] if f["name"] == "carrier")
    assert carrier["share"] == 0.5
    assert carrier["likes"] == {"labels": 100, "error": 0.5}
    assert {"segment_field": "origin", "segment_value": "n"}.items() <= told["normal_errors"][
        1
    ].items()
    assert told["normal_errors"][0]["labels"] == REQUESTS - 1


def test_it_is_told_in_words(world: World) -> None:
    result = world.explain("r8")
    assert result.exit_code == 0, result.stderr
    assert "label on time, 60 s later" in result.stdout
    assert "normally wrong: 0.5 of 100 labels" in result.stdout
    moved = "wind +0.25, 100.0% of the answer, usually 0.5, 25.0% of the answers, 75.0% of wrong"
    assert moved in result.stdout


def test_a_request_without_a_label_is_told(world: World) -> None:
    result = world.explain(f"r{REQUESTS - 1}")
    assert result.exit_code == 0, result.stderr
    assert "no label yet" in result.stdout


def test_what_is_not_retained_is_searched_in_the_topics(world: World) -> None:
    result = world.explain(f"r{UNREAD}", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["request_id"] == f"r{UNREAD}"
    assert [label["label"] for label in told["labels"]] == ["on time"]


def test_what_was_never_published_is_nowhere(world: World) -> None:
    result = world.explain("other")
    assert result.exit_code == 1
    told = "no event of request 'other' was published: retention has removed no prediction so far"
    assert told in result.stderr


def test_topics_are_searched_around_a_time(world: World) -> None:
    result = world.explain("r8", "--at", rfc3339(NOW), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["labels"][0]["label"] == "on time"
    far = world.explain("r8", "--at", rfc3339(NOW - 7_200_000))
    assert far.exit_code == 1


def test_retention_that_has_passed_is_said(world: World) -> None:
    world.delete_before_end("predictions")
    result = world.explain("r8")
    assert result.exit_code == 1
    assert "retention has passed" in result.stderr
    assert "label on time" in result.stdout
    result = world.explain("other")
    assert "retention has removed all predictions" in result.stderr
