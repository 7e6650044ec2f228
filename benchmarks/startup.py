"""How long a worker takes from its start to the first record processed, and where the time goes.

Starts a broker of its own; each start has topics and a group of its own, with empty state, and one
record that waits. Prints the median of each part in seconds. A cold start compiles all Python code
first, as the first one after an installation does; a warm one finds it compiled.

    python benchmarks/startup.py [--repeats N] [--save]
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import yaml
from kafka import KafkaProducer

import tidegauge
from results import SAVE_HELP, finish
from tidegauge.broker.embedded import EmbeddedBroker

PARTITIONS = 8
PATIENCE = 60.0
POLL_SECONDS = 0.02
MARKS = (
    ("Python and imports", r"event=serving url=(\S+)/metrics"),
    ("connect, check topics", r"event=phase phase=joining"),
    ("join the group", r"event=phase phase=running|event=opened"),
    ("open partitions", r"event=opened"),
)
"""Parts of a start, and the line of the log with which each ends."""


def start(bootstrap: str, folder: Path, number: int, cache: Path) -> dict[str, float]:
    """Start one worker; the seconds of each part, and the whole."""
    prefix = f"start{number}-{cache.name}-"
    file = folder / f"{prefix}.yaml"
    kafka = {"bootstrap": bootstrap, "topic_prefix": prefix, "group": prefix}
    file.write_text(
        yaml.safe_dump({"kafka": kafka, "topics": {"partitions": PARTITIONS}, "http": {"port": 0}})
    )
    source = str(Path(tidegauge.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": source, "PYTHONPYCACHEPREFIX": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "tidegauge", "--config", str(file)]
    subprocess.run([*command, "topics", "create"], check=True, capture_output=True)
    publish(bootstrap, prefix)
    log = folder / f"{prefix}.log"
    began = time.time()
    with log.open("w") as out:
        worker = subprocess.Popen([*command, "worker"], stdout=out, stderr=out, env=environment)
    try:
        end = wait_processed(log, began)
        return parts(log.read_text(), began, end)
    finally:
        worker.kill()
        worker.wait()


def publish(bootstrap: str, prefix: str) -> None:
    """One prediction."""
    now = datetime.now(UTC).isoformat()
    event = {"request_id": "r", "model": "m", "version": "1", "timestamp": now, "prediction": 1}
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(f"{prefix}predictions", json.dumps(event).encode(), b"r").get(30)
    producer.close()


def wait_processed(log: Path, began: float) -> float:
    """When the first record was processed."""
    while time.time() < began + PATIENCE:
        served = re.search(MARKS[0][1], log.read_text())
        if served is not None:
            with urllib.request.urlopen(f"{served[1]}/metrics") as answer:  # noqa: S310
                page = answer.read().decode()
            if re.search(r"^tidegauge_raw_records_total\{.*\} [1-9]", page, re.MULTILINE):
                return time.time()
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"nothing was processed: {log.read_text()}")


def parts(text: str, began: float, end: float) -> dict[str, float]:
    """The seconds of each part; opening ends with the last partition."""
    found, before = {}, began
    for name, pattern in MARKS:
        lines = [line for line in text.splitlines() if re.search(pattern, line)]
        if not lines:
            continue
        last = lines[-1] if name == "open partitions" else lines[0]
        at = datetime.fromisoformat(last.split()[0]).timestamp()
        found[name], before = max(0.0, at - before), max(at, before)
    return found | {"first record": max(0.0, end - before), "whole": end - began}


def told(kind: str, starts: list[dict[str, float]]) -> dict[str, float]:
    """Print the medians of some starts, and return them."""
    medians = {name: median(s.get(name, 0.0) for s in starts) for name in starts[0]}
    whole = [s["whole"] for s in starts]
    print(f"{kind}: {medians['whole']:.2f} s ({min(whole):.2f} to {max(whole):.2f}), of which")
    for name, seconds in medians.items():
        if name != "whole":
            print(f"  {seconds:5.2f} s  {name}")
    return medians | {"longest": max(whole)}


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--save", action="store_true", help=SAVE_HELP)
    options = arguments.parse_args()
    repeats = options.repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with EmbeddedBroker(folder / "broker") as broker:
            cold = [
                start(broker.bootstrap, folder, n, folder / f"cache{n}") for n in range(repeats)
            ]
            warm = [
                start(broker.bootstrap, folder, repeats + n, folder / "cache0")
                for n in range(repeats)
            ]
    figures = {"cold": told("cold start", cold), "warm": told("warm start", warm)}
    finish("startup", {"repeats": repeats}, figures, save=options.save)


if __name__ == "__main__":
    main()
