"""More events than a worker can take: they wait in Kafka, seen by all; memory does not grow.

A filled topic is an overload without end for as long as it lasts: once the requests that are
retained are there, working off the rest needs no more memory.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer
from wholepath.badinput import START, message, rfc3339
from wholepath.deployment import Deployment, WorkerProcess, wait_until
from wholepath.topic import Message

from tidegauge.kafka.admin import admin_client
from tidegauge.kafka.client import Connection
from tidegauge.live.lag import unread_events

pytestmark = [pytest.mark.broker, pytest.mark.long, pytest.mark.timeout(1_800)]

PARTITIONS = 4
REQUESTS = 250_000
ROOM_MIB = 35
"""The second half of the events alone would need some 100 MiB."""
PER_SECOND = 2_000
"""Requests for each second of event time."""
SETTINGS = {
    "time": {"out_of_orderness": "2s", "lateness": "5s"},
    "join": {"label_horizon": "10s", "correction_horizon": "10s", "orphan_horizon": "10s"},
    "windows": {"panes": [{"width": "10s", "span": "1h"}], "sizes": ["1m"]},
    "reference": {"learn": "30d", "sample_size": 500},
    "detection": {"learn": "30d"},
}
"""About 30,000 requests are retained, whatever the number of events."""


def backlog(requests: int) -> Iterator[Message]:
    for number in range(requests):
        time = START + number * 1_000 // PER_SECOND
        made = {"request_id": f"request-{number}", "timestamp": rfc3339(time)}
        features = {f"feature{n}": number * 0.1 + n for n in range(8)}
        told = {"model": "m", "version": "1", "prediction": number % 2, "features": features}
        yield message("predictions", made | told)
        yield message("feedback", made | {"label": number % 2})


def resident_mib(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def lag(world: Deployment) -> tuple[float, int | None]:
    """What is unread by the worker's metrics, and by the live view."""
    samples = world.workers[-1].samples().items()
    inputs = (world.names.predictions, world.names.feedback)
    shown = sum(
        value
        for (name, labels), value in samples
        if name == "tidegauge_lag_records" and dict(labels)["topic"] in inputs
    )
    with admin_client(Connection.of(world.settings.kafka)) as client:
        consumer = KafkaConsumer(bootstrap_servers=world.bootstrap)
        try:
            return shown, unread_events(client, consumer, world.settings.kafka)
        finally:
            consumer.close()


def uncommitted(worker: WorkerProcess) -> float:
    name = "tidegauge_uncommitted_records"
    return max((v for (of, _), v in worker.samples().items() if of == name), default=0.0)


def test_memory_does_not_grow_with_what_waits(deploy):
    world = deploy(PARTITIONS, SETTINGS)
    published = world.publish(backlog(REQUESTS))
    worker = world.start_worker()
    worker.wait_active()

    def seen() -> bool:
        shown, viewed = lag(world)
        return all(published / 8 < unread <= published for unread in (shown, viewed or 0))

    wait_until(seen, lambda: lag(world), 30)
    most = 0.0

    def reached(events: float) -> bool:
        nonlocal most
        most = max(most, uncommitted(worker))
        return world.processed() >= events

    wait_until(lambda: reached(published / 2), lambda: worker.log, 900)
    half = resident_mib(worker.process.pid)
    wait_until(lambda: reached(published), lambda: worker.log, 900)
    assert resident_mib(worker.process.pid) < half + ROOM_MIB
    settings = world.settings.worker
    assert most <= 2 * (settings.commit_records + settings.fetch_records)
    assert worker.stop() == 0
