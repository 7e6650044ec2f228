"""Throughput of one worker over the whole path, beside its broker, and the ratio to a limit.

    python benchmarks/throughput.py [--pairs 500000] [--rounds 3] [--partitions 8]

Starts the embedded broker, fills predictions and feedback, then lets a bare consumer (`limit.py`)
and a worker (`whole.py`) read all of it by turns, each worker with topics and a group of its own.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import yaml
from aiokafka import AIOKafkaProducer

from load import EVENTS_PER_SECOND, LABEL_DELAY_MS, pairs
from outcome import Outcome
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.core.partitioner import partitions_for
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings.load import load

HERE = Path(__file__).parent
INPUTS = ("predictions", "feedback")
FILL_PAIRS = 20_000
RUN_SECONDS = 300
TICKS = os.sysconf("SC_CLK_TCK")


def settings_file(folder: Path, bootstrap: str, name: str, partitions: int) -> Path:
    """Settings under which everything but the inputs belongs to the run called ``name``."""
    roles = ("partials", "alerts", "metrics", "dead_letters", "references")
    topics = {role: f"{name}.{role}" for role in (*roles, "collect_state", "monitor_state")}
    settings = {
        "kafka": {"bootstrap": bootstrap, "group": name, "topics": topics},
        "topics": {"partitions": partitions},
        "http": {"port": 0},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    settings_ = load(path)
    with admin_client(Connection.of(settings_.kafka)) as client:
        create_missing(client, topic_specs(settings_.kafka.topic_names, settings_.topics))
    return path


async def fill(bootstrap: str, count: int, partitions: int) -> None:
    """Publish ``count`` pairs; event time ends a minute ago."""
    spread = count * 1_000 // EVENTS_PER_SECOND
    start = int(time.time() * 1_000) - spread - LABEL_DELAY_MS - 60_000
    load_ = pairs(count, start)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, max_batch_size=512 * 1024) as producer:
        while some := list(islice(load_, FILL_PAIRS)):
            homes = partitions_for([key for key, _, _ in some], partitions).tolist()
            for column, topic in enumerate(INPUTS, start=1):
                by_home: list[list[tuple[bytes, bytes]]] = [[] for _ in range(partitions)]
                for home, pair in zip(homes, some, strict=True):
                    by_home[home].append((pair[0], pair[column]))
                for home, records in enumerate(by_home):
                    await _send(producer, topic, home, records)
        await producer.flush()


async def _send(
    producer: AIOKafkaProducer, topic: str, partition: int, records: list[tuple[bytes, bytes]]
) -> None:
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    await producer.send_batch(batch, topic, partition=partition)


def run(script: str, settings: Path, records: int) -> Outcome:
    """Run one measured process to its end."""
    done = subprocess.run(
        [sys.executable, str(HERE / script), str(settings), str(records)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=RUN_SECONDS,
        check=True,
    )
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def broker_cpu() -> float:
    """CPU seconds of the broker so far, by Linux' proc file system; 0.0 without one."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
        except OSError:
            continue
        if name.endswith("(java") and _is_descendant(int(rest.split()[1])):
            ticks += int(rest.split()[11]) + int(rest.split()[12])
    return ticks / TICKS


def _is_descendant(pid: int) -> bool:
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    return False


def show(name: str, outcome: Outcome, broker: float) -> None:
    """One line of results."""
    print(
        f"{name:8}{outcome.rate:10,.0f} events/s{outcome.cpu_per_million:8.2f} CPU s/million"
        f"{broker / outcome.records * 1e6:8.2f} broker{outcome.peak_mib:7.0f} MiB peak"
        f"{outcome.seconds:7.1f} s{outcome.commits:5d} commits",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--partitions", type=int, default=8)
    options = parser.parse_args()
    records = 2 * options.pairs
    limits: list[Outcome] = []
    wholes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with EmbeddedBroker(folder / "broker", heap="1g") as broker:
            settings_file(folder, broker.bootstrap, "fill", options.partitions)
            started = time.monotonic()
            asyncio.run(fill(broker.bootstrap, options.pairs, options.partitions))
            print(f"filled {records:,} events in {time.monotonic() - started:.0f} s", flush=True)
            for number in range(options.rounds):
                name = f"run{number}"
                settings = settings_file(folder, broker.bootstrap, name, options.partitions)
                for kind, script, outcomes in (
                    ("limit", "limit.py", limits),
                    ("worker", "whole.py", wholes),
                ):
                    before = broker_cpu()
                    outcomes.append(run(script, settings, records))
                    show(kind, outcomes[-1], broker_cpu() - before)
    rate = statistics.median(outcome.rate for outcome in wholes)
    pairs_ = list(zip(wholes, limits, strict=True))
    print(
        f"median of {options.rounds}: worker {rate:,.0f} events/s; ratio to the limit "
        f"{statistics.median(w.rate / li.rate for w, li in pairs_):.2f} by wall time, "
        f"{statistics.median(li.cpu_per_million / w.cpu_per_million for w, li in pairs_):.2f} "
        "by CPU time"
    )


if __name__ == "__main__":
    main()
