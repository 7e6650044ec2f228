"""Notifiers as processes, and alert events to be told."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from msgspec.structs import replace
from samplerecords import T, alert_at
from typer.testing import CliRunner, Result

import tidegauge
from tidegauge.cli.main import app
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.wire.alerts import encode_alert

SECONDS = 100.0
OPENED = alert_at(
    T,
    id="opened",
    labels={"alertname": "FeatureDrift", "model": "delay", "subject": "feature"},
)
WORSE = replace(OPENED, id="worse", severity=Severity.CRITICAL, revision=1)
ENDED = replace(WORSE, id="ended", status=AlertStatus.RESOLVED, ends_at_ms=T, revision=2)
OTHER = replace(
    OPENED,
    id="other",
    fingerprint="fedcba9876543210",
    model="fraud",
    labels={**OPENED.labels, "model": "fraud"},
)


def until(good: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not good():
        assert time.monotonic() < end, f"not in {SECONDS:.0f} s: {what}"
        time.sleep(0.05)


@dataclass
class Notifiers:
    """Topics of one test, and what tells of them."""

    bootstrap: str
    prefix: str
    folder: Path
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    kafka: dict[str, Any] = field(default_factory=dict)
    topics: dict[str, Any] = field(default_factory=dict)
    started: int = 0

    def config(self) -> Path:
        path = self.folder / "tidegauge.yaml"
        notify = {
            "targets": self.targets,
            "group": f"{self.prefix}notify",
            "start": "earliest",
            "timeout": "1s",
            "retry_min": "100ms",
            "retry_max": "300ms",
            "port": 0,
            **self.rules,
        }
        kafka = {"bootstrap": self.bootstrap, "topic_prefix": self.prefix, **self.kafka}
        settings = {"kafka": kafka, "topics": self.topics, "notify": notify}
        path.write_text(yaml.safe_dump(settings))
        return path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["-c", str(self.config()), *arguments])

    def send(self, *alerts: AlertRecord) -> None:
        producer = KafkaProducer(bootstrap_servers=self.bootstrap)
        for alert in alerts:
            producer.send(f"{self.prefix}alerts", **encode_alert(alert)._asdict())
        producer.flush()
        producer.close()

    @contextmanager
    def started_one(self, **environment: str) -> Iterator["Process"]:
        self.started += 1
        log = self.folder / f"{self.started}.log"
        paths = os.pathsep.join([str(Path(tidegauge.__file__).parents[1])])
        with (
            log.open("w") as out,
            subprocess.Popen(
                [sys.executable, "-m", "tidegauge", "-c", str(self.config()), "notify"],
                stderr=out,
                stdout=out,
                env={**os.environ, "PYTHONPATH": paths, **environment},
            ) as process,
        ):
            one = Process(process, log)
            try:
                yield one
            finally:
                process.kill()

    def position(self, target: str) -> int:
        """Records of the topic that a target's group has behind it."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=f"{self.prefix}notify.{target}"
        )
        topic = f"{self.prefix}alerts"
        places = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        behind = sum(consumer.committed(place) or 0 for place in places)
        consumer.close()
        return behind


@dataclass
class Process:
    """One running notifier."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        def urls() -> list[str]:
            return [x for x in self.log.read_text().split() if x.startswith("url=")]

        until(lambda: bool(urls()), f"an address in {self.log.read_text()}")
        return urls()[0].removeprefix("url=")

    def page(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 - ours
            return str(answer.read().decode())

    def target(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.page("/health"))["targets"]
        return next(target for target in found if target["target"] == name)

    def ready(self) -> None:
        until(self._ready, "ready")

    def _ready(self) -> bool:
        try:
            return self.page("/ready") == "ok\n"
        except OSError:
            return False

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SECONDS) == 0, self.log.read_text()
