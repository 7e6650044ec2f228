"""Soak: whether a worker's memory stays flat while requests come, are labelled, and expire.

    python benchmarks/soak.py [--minutes 60] [--pattern spread] [--day 300] [--rate 1000]

Runs one worker on the embedded broker under a steady load whose event time goes faster than the
clock: a day of it, and so about one label horizon, takes ``--day`` seconds. Labels come a minute
after their predictions (``steady``), spread evenly over the 24 h after (``spread``), or all of a
day's together in the night after it (``nightly``). Prints a line for each day of event time that
the worker has got through (by its watermark) with the largest resident memory, and ends with 1 when
later days need more than earlier ones, or when the worker has not kept up, so that nothing can be
told: then a longer ``--day`` or a lower ``--rate`` is called for.
"""

import argparse
import asyncio
import heapq
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import yaml
from aiokafka import AIOKafkaProducer

from load import Load, Shape, rfc3339
from outcome import resident_mib
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.ports import free_port
from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND
from tidegauge.core.partitioner import partitions_for
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings import load as load_settings

PARTITIONS = 4
TICK_SECONDS = 0.25
LOOK_SECONDS = 1.0
HOST = "127.0.0.1"
SETTLED_DAYS = 2
"""Days until the first horizon has passed and every structure has its size."""
LEAST_DAYS = 2
"""So many days after those are needed to tell anything."""
TOLERANCE = 0.03
"""By how much later days may need more than the first settled ones."""

_WATERMARK = re.compile(r"^tidegauge_watermark_timestamp_seconds{[^}]*} (\S+)$", re.MULTILINE)

Delay = Callable[[int, random.Random], int]
"""When a label is published, in ms of event time, for a prediction of that time."""


def _in_the_night(time_ms: int, random_: random.Random) -> int:
    return (time_ms // DAY + 1) * DAY + random_.randrange(HOUR // 2)


PATTERNS: dict[str, Delay] = {
    "steady": lambda time_ms, _: time_ms + MINUTE,
    "spread": lambda time_ms, random_: time_ms + random_.randrange(DAY - MINUTE),
    "nightly": _in_the_night,
}


class Clock:
    """Event time, which goes ``speed`` times as fast as the clock and ends now."""

    def __init__(self, seconds: float, speed: float) -> None:
        self._begun = time.monotonic()
        self._speed = speed
        self.start = int(time.time() * 1000 - seconds * speed * 1000) // DAY * DAY

    def now(self) -> int:
        """Event time in ms."""
        return self.start + int((time.monotonic() - self._begun) * self._speed * 1000)

    def days(self, time_ms: int) -> float:
        """Days of event time from the start to a time."""
        return (time_ms - self.start) / DAY


@dataclass
class Publisher:
    """Publishes predictions at a rate, and their labels when they are due.

    Attributes:
        producer: a started producer.
        clock: event time.
        rate: predictions a second.
        delay: when labels are due.
    """

    producer: AIOKafkaProducer
    clock: Clock
    rate: int
    delay: Delay
    _due: list[tuple[int, int]] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311
    _load: Load = field(default_factory=lambda: Load(Shape()))
    _count: int = 0
    _told: int = 0

    async def tick(self) -> None:
        """Publish what has become due since the last call."""
        now, before = self.clock.now(), self._told or self.clock.start
        self._told = now
        predictions = []
        many = int(self.rate * TICK_SECONDS)
        for number in range(many):
            at = before + (now - before) * number // many
            request = self._count
            self._count += 1
            text = self._load.prediction(request, rfc3339(at))
            predictions.append((self._load.key(request), text))
            heapq.heappush(self._due, (self.delay(at, self._random), request))
        labels = []
        while self._due and self._due[0][0] <= now:
            at, request = heapq.heappop(self._due)
            labels.append((self._load.key(request), self._load.feedback(request, rfc3339(at))))
        await self._send("predictions", predictions)
        await self._send("feedback", labels)

    async def _send(self, topic: str, records: list[tuple[bytes, bytes]]) -> None:
        homes = partitions_for([key for key, _ in records], PARTITIONS).tolist()
        for partition in range(PARTITIONS):
            mine = [
                record for record, home in zip(records, homes, strict=True) if home == partition
            ]
            batch = self.producer.create_batch()
            for key, value in mine:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    await self.producer.send_batch(batch, topic, partition=partition)
                    batch = self.producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            if batch.record_count():
                await self.producer.send_batch(batch, topic, partition=partition)


@dataclass
class Watch:
    """The memory of a worker, by the day of event time that it has reached.

    Attributes:
        pid: the worker's.
        port: of its pages.
        clock: event time.
        peaks: largest resident memory of each day, MiB.
        reached: days of event time, by the worker's watermark.
    """

    pid: int
    port: int
    clock: Clock
    peaks: list[float] = field(default_factory=list)
    reached: float = 0.0

    async def look(self) -> None:
        """Note what the worker needs now."""
        found = _WATERMARK.findall(await asyncio.to_thread(self._page))
        if not found:
            return
        self.reached = self.clock.days(int(min(map(float, found)) * SECOND))
        day, mib = int(self.reached), resident_mib(self.pid)
        if day >= len(self.peaks):
            if self.peaks:
                print(f"day {len(self.peaks) - 1}: {self.peaks[-1]:.0f} MiB", flush=True)
            self.peaks += [0.0] * (day + 1 - len(self.peaks))
        self.peaks[-1] = max(self.peaks[-1], mib)

    def _page(self) -> str:
        try:
            with urlopen(f"http://{HOST}:{self.port}/metrics", timeout=30) as page:
                return str(page.read().decode())
        except (URLError, TimeoutError):
            return ""  # not up yet


async def run(
    bootstrap: str, worker: "subprocess.Popen[bytes]", port: int, options: argparse.Namespace
) -> Watch:
    """Publish beside a worker, and watch it."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        seconds = options.minutes * 60
        clock = Clock(seconds, DAY / 1000 / options.day)
        publisher = Publisher(producer, clock, options.rate, PATTERNS[options.pattern])
        watch = Watch(worker.pid, port, clock)
        end = looked = time.monotonic()
        end += seconds
        while time.monotonic() < end and worker.poll() is None:
            tick = time.monotonic() + TICK_SECONDS
            await publisher.tick()
            if tick - looked > LOOK_SECONDS:
                looked = tick
                await watch.look()
            await asyncio.sleep(max(0.0, tick - time.monotonic()))
    return watch


def settings_file(folder: Path, bootstrap: str, port: int) -> Path:
    """Settings of the worker, and its topics."""
    path = folder / "soak.yaml"
    content = {
        "kafka": {"bootstrap": bootstrap},
        "topics": {"partitions": PARTITIONS},
        "http": {"host": HOST, "port": port},
        "worker": {"session_timeout": "30s", "rebalance_timeout": "30s"},
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = load_settings(path)
    with admin_client(Connection.of(settings.kafka)) as client:
        create_missing(client, topic_specs(settings.kafka.topic_names, settings.topics))
    return path


def main() -> int:
    """Run and judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pattern", choices=list(PATTERNS), default="spread")
    parser.add_argument("--day", type=float, default=300, help="seconds that a day takes")
    parser.add_argument("--rate", type=int, default=1_000, help="predictions a second")
    options = parser.parse_args()
    least = SETTLED_DAYS + LEAST_DAYS + 1
    if options.minutes * 60 < least * options.day:
        parser.error(f"takes at least {least} days: more --minutes, or a shorter --day")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with EmbeddedBroker(folder / "broker") as broker:
            port = free_port(0, HOST)
            settings = settings_file(folder, broker.bootstrap, port)
            log = folder / "worker.log"
            command = [sys.executable, "-m", "tidegauge", "--config", str(settings), "worker"]
            with log.open("w") as out:
                worker = subprocess.Popen(command, stdout=out, stderr=out)
            watch = asyncio.run(run(broker.bootstrap, worker, port, options))
            worker.send_signal(signal.SIGTERM)
            if worker.wait(60):
                parser.exit(1, f"the worker ended by itself:\n{log.read_text()[-2_000:]}")
    return judged(options.pattern, watch)


def judged(pattern: str, watch: Watch) -> int:
    """Say whether memory stayed flat; the exit code."""
    passed = watch.clock.days(watch.clock.now())
    settled = watch.peaks[SETTLED_DAYS:-1]
    if len(settled) < LEAST_DAYS:
        print(f"{pattern}: the worker got through {watch.reached:.1f} of {passed:.1f} days only")
        return 1
    half = len(settled) // 2
    first, last = statistics.mean(settled[:half]), statistics.mean(settled[half:])
    growth = last / first - 1
    print(
        f"{pattern}: {len(watch.peaks) - 1} days, {first:.0f} MiB once settled, {last:.0f} later "
        f"({growth:+.1%}): {'flat' if growth <= TOLERANCE else 'GROWS'}"
    )
    return int(growth > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
