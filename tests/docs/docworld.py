"""What the documentation takes for granted: a Kafka with the demo on it, a worker, some files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from docblocks import ROOT
from kafka import KafkaConsumer
from receiver import Receiver

import tidegauge

DEMO = ROOT / "app" / "tidegauge" / "demo" / "demo.yaml"
QUICK = {"commit_interval": "200ms", "publish_interval": "1s"}
BROKEN_FROM = "2013-01-03"
DAYS = ("2013-01-01", "2013-01-04")
MODELS = ("--model", "flight-delay", "--model", "arrival-delay")
"""Flights of so many days raise the alert whose fingerprint stands in for those on the pages."""
FINGERPRINT = re.compile(r"\b81fc[0-9a-f]*\b|\bFINGERPRINT\b")
BROKER = re.compile(r"\b(kafka1|k1|127\.0\.0\.1|localhost):9092\b")
GAUGES = re.compile(r"\b(127\.0\.0\.1|localhost):9464\b")
MOMENT = re.compile(r"(?<=--at )\S+")
TARGET = re.compile(r"\blocalhost:8080\b")
SECONDS = 60.0


def program() -> list[str]:
    """The command line as users call it, but of this checkout."""
    return [sys.executable, "-m", "tidegauge"]


@dataclass
class DocWorld:
    """Where the commands of the pages run.

    Attributes:
        bootstrap: the broker.
        gauges: the address of the worker's HTTP server.
        settings: the file that the worker was started with.
        files: a folder with the files that pages name.
        fingerprint: of an alert that the topic keeps.
        receiver: takes what targets are told.
    """

    bootstrap: str
    settings: Path
    files: Path
    receiver: Receiver
    gauges: str = ""
    fingerprint: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def here(self, text: str) -> str:
        """A command or a snippet with the addresses of this world."""
        text = BROKER.sub(self.bootstrap, text)
        text = GAUGES.sub(self.gauges, text)
        text = MOMENT.sub(datetime.now(UTC).isoformat(timespec="seconds"), text)
        text = TARGET.sub(f"127.0.0.1:{self.receiver.port}", text)
        return FINGERPRINT.sub(self.fingerprint, text)

    def folder(self, path: Path) -> Path:
        """A working directory for the commands of one page, with the files that pages name."""
        shutil.copytree(self.files, path, symlinks=True, dirs_exist_ok=True)
        return path


@contextmanager
def doc_world(bootstrap: str, folder: Path) -> Iterator[DocWorld]:
    """Make topics, start a worker, replay flights with a fault, and wait for its alert."""
    content = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    content["kafka"] = {"bootstrap": bootstrap}
    del content["topics"]
    content["worker"] = QUICK
    content["join"] = {"label_horizon": "5d", "correction_horizon": "5d"}
    content["reference"] = content["detection"] = {"learn": "1d"}
    settings, files, binaries = folder / "world.yaml", folder / "files", folder / "bin"
    _make_program(binaries)
    with Receiver() as receiver:
        target = {"type": "webhook", "url": receiver.url}
        content["notify"] = {"targets": {"oncall": target}, "start": "earliest"}
        settings.write_text(yaml.safe_dump(content), encoding="utf-8")
        _make_files(files, settings)
        world = DocWorld(bootstrap, settings, files, receiver)
        world.environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith("TIDEGAUGE_")},
            "PATH": f"{binaries}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(tidegauge.__file__).parents[1]),
            "TIDEGAUGE_CONFIG": str(settings),
            "TIDEGAUGE_KAFKA__BOOTSTRAP": bootstrap,
            "TIDEGAUGE_HTTP__PORT": "0",
            "TIDEGAUGE_NOTIFY__PORT": "0",
        }
        _call(world, "topics", "create")
        log = folder / "worker.log"
        with log.open("w") as out:
            worker = subprocess.Popen(
                [*program(), "worker"], env=world.environment, stdout=out, stderr=out
            )
        try:
            span = (
                "--from",
                DAYS[0],
                "--until",
                DAYS[1],
                "--fault",
                f"broken-feature@{BROKEN_FROM}",
            )
            _call(world, "demo", "--publish-only", "--speed", "max", "--exit", *MODELS, *span)
            _call(world, "publish", "predictions", str(files / "events.jsonl"))
            announced = ("--model", "fraud", "--version", "8", "--prediction", "is_fraud")
            named = ("--request-id", "id", "--output", str(files / "candidate.json"))
            _call(world, "reference", "build", str(files / "train.csv"), *announced, *named)
            _call(world, "reference", "put", str(files / "candidate.json"))
            world.gauges = _until(
                lambda: re.search(r"event=serving url=http://([^/\s]+)", log.read_text()), log
            )[1]
            world.environment = {**world.environment, "GAUGES": f"http://{world.gauges}/metrics"}
            world.fingerprint = _first_alert(bootstrap, log)
            yield world
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(SECONDS)


def _call(world: DocWorld, *arguments: str) -> None:
    done = subprocess.run(
        [*program(), *arguments],
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=4 * SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _until(found, log: Path):
    deadline = time.monotonic() + SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.1)
    return result


def _first_alert(bootstrap: str, log: Path) -> str:
    consumer = KafkaConsumer(
        "alerts",
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        consumer_timeout_ms=int(2 * SECONDS * 1000),
    )
    try:
        for record in consumer:
            return record.key.decode()
    finally:
        consumer.close()
    raise AssertionError(log.read_text()[-3000:])


def _make_program(folder: Path) -> None:
    """A program called tidegauge, for lines that a shell runs."""
    folder.mkdir()
    path = folder / "tidegauge"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m tidegauge "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def _make_files(folder: Path, settings: Path) -> None:
    """The files that pages name."""
    folder.mkdir()
    week = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [
        {
            "id": f"r-{n}",
            "amount": float(n % 97),
            "country": ("NO", "SE", "DK")[n % 3],
            "is_fraud": int(n % 17 == 0),
        }
        for n in range(2000)
    ]
    header = ",".join(rows[0])
    lines = [header, *(",".join(str(value) for value in row.values()) for row in rows)]
    (folder / "train.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    events = [_event(row, "6", week + timedelta(minutes=4 * n)) for n, row in enumerate(rows)]
    _json_lines(folder / "events.jsonl", events)
    labels = ("request_id", "model", "timestamp")
    _json_lines(
        folder / "labels.jsonl",
        [
            {**{name: event[name] for name in labels}, "label": event["prediction"]}
            for event in events
        ],
    )
    _json_lines(folder / "log.jsonl", [event | {"version": "7"} for event in events])
    pq.write_table(
        pa.table(
            {name: [row[name] for row in rows] for name in ("amount", "country")}
            | {"prediction": [row["is_fraud"] for row in rows]}
        ),
        folder / "log.parquet",
    )
    shutil.copy(settings, folder / "prod.yaml")
    (folder / ".venv").symlink_to(sys.prefix)


def _event(row: dict, version: str, time_: datetime) -> dict:
    return {
        "request_id": row["id"],
        "model": "fraud",
        "version": version,
        "timestamp": time_.isoformat(),
        "prediction": row["is_fraud"],
        "score": 0.9 if row["is_fraud"] else 0.1,
        "features": {"amount": row["amount"], "country": row["country"]},
    }


def _json_lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
