"""Soak: whether a worker's memory stays flat while requests come, are labelled, and expire.

    python benchmarks/soak.py [--days 12] [--pattern spread] [--day 300] [--rate 1000] [--save]

Runs one worker on the embedded broker under a steady load whose event time goes faster than the
clock: a day of it, and so about one label horizon, takes ``--day`` seconds, twelve of them an hour.
Event time waits for a worker that is slower, so that the load of a day is the same on any machine.
Labels come a minute after their predictions (``steady``), spread evenly over the 24 h after
(``spread``), or all of a day's together in the night after it (``nightly``). Prints a line for each
day of event time that the worker has got through (by its watermark) with its resident memory, the
median of looks a second apart and the largest, and ends with 1 when the medians of later days are
larger than those of earlier ones. (The largest depends on how much a worker had to catch up with.)
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

from load import MODEL, Load, Shape, rfc3339
from outcome import resident_mib
from results import SAVE_HELP, finish
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
LEAD_DAYS = 0.3
"""How far event time may be ahead of the worker's watermark."""
STUCK_SECONDS = 180.0
SETTLED_DAYS = 2
"""Days until the first horizon has passed and every structure has its size."""
LEAST_DAYS = 2
"""So many days after those are needed to tell anything."""
TOLERANCE = 0.03
"""By how much later days may need more than the first settled ones."""

_WATERMARK = re.compile(
    rf'^tidegauge_watermark_timestamp_seconds{{model="{MODEL}"}} (\S+)$', re.MULTILINE
)

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
    """Event time: ``speed`` times as fast as the clock, but never far ahead of the worker.

    Args:
        days: how many are to be passed; the last of them ends before the present.
        speed: seconds of event time in a second.
    """

    def __init__(self, days: int, speed: float) -> None:
        self.start = int((time.time() * 1000 - (days + 2) * DAY) // DAY * DAY)
        self.now = self.start
        self._speed = speed

    def go(self, seconds: float, reached: float) -> None:
        """Let so many seconds pass; the worker has reached so many days."""
        ahead = self.start + int((reached + LEAD_DAYS) * DAY)
        self.now = max(self.now, min(self.now + int(seconds * self._speed * SECOND), ahead))

    def days(self, time_ms: int) -> float:
        """Days of event time from the start to a time."""
        return (time_ms - self.start) / DAY


@dataclass
class Publisher:
    """Publishes predictions at a rate, and their labels when they are due.

    Attributes:
        producer: a started producer.
        clock: event time.
        every: event time from one prediction to the next, ms.
        delay: when labels are due.
    """

    producer: AIOKafkaProducer
    clock: Clock
    every: float
    delay: Delay
    _due: list[tuple[int, int]] = field(default_factory=list)
    _random: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311
    _load: Load = field(default_factory=lambda: Load(Shape()))
    _count: int = 0

    async def tick(self) -> None:
        """Publish what has become due since the last call."""
        now, predictions = self.clock.now, []
        while (at := self.clock.start + int(self._count * self.every)) <= now:
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
        looks: resident memory at each look of each day, MiB.
        reached: days of event time, by the worker's watermark.
    """

    pid: int
    port: int
    clock: Clock
    looks: list[list[float]] = field(default_factory=list)
    reached: float = 0.0

    async def look(self) -> None:
        """Note what the worker needs now."""
        found = _WATERMARK.search(await asyncio.to_thread(self._page))
        if found is None:
            return
        self.reached = self.clock.days(int(float(found[1]) * SECOND))
        day, mib = int(self.reached), resident_mib(self.pid)
        while day >= len(self.looks):
            if self.looks:
                last = self.looks[-1]
                said = f"{statistics.median(last):.0f} MiB, at most {max(last):.0f}"
                print(f"day {len(self.looks) - 1}: {said}", flush=True)
            self.looks.append([mib])
        self.looks[-1].append(mib)

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
        clock = Clock(options.days, DAY / SECOND / options.day)
        every = DAY / options.day / options.rate
        publisher = Publisher(producer, clock, every, PATTERNS[options.pattern])
        watch = Watch(worker.pid, port, clock)
        looked = moved = before = time.monotonic()
        while watch.reached < options.days and worker.poll() is None:
            tick = time.monotonic()
            clock.go(tick - before, watch.reached)
            before = tick
            await publisher.tick()
            if tick - looked > LOOK_SECONDS:
                looked, reached = tick, watch.reached
                await watch.look()
                moved = tick if watch.reached > reached else moved
                if tick - moved > STUCK_SECONDS:
                    raise SystemExit(f"the worker stays at day {watch.reached:.2f}")
            await asyncio.sleep(max(0.0, tick + TICK_SECONDS - time.monotonic()))
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
    parser.add_argument("--days", type=int, default=12, help="of event time")
    parser.add_argument("--pattern", choices=list(PATTERNS), default="spread")
    parser.add_argument("--day", type=float, default=300, help="seconds that a day takes at least")
    parser.add_argument("--rate", type=int, default=1_000, help="predictions a second of these")
    parser.add_argument("--save", action="store_true", help=SAVE_HELP)
    options = parser.parse_args()
    least = SETTLED_DAYS + LEAST_DAYS + 1
    if options.days < least:
        parser.error(f"it takes at least --days {least} to tell anything")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with EmbeddedBroker(folder / "broker", quick_start=True) as broker:
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
    return judged(watch, options)


def judged(watch: Watch, options: argparse.Namespace) -> int:
    """Say whether memory stayed flat; the exit code."""
    whole = watch.looks[:-1]
    medians, peaks = [[f(day) for day in whole] for f in (statistics.median, max)]
    settled = medians[SETTLED_DAYS:]
    half = len(settled) // 2
    first, last = statistics.mean(settled[:half]), statistics.mean(settled[half:])
    growth = last / first - 1
    print(
        f"{options.pattern}: {len(whole)} days, {first:.0f} MiB once settled, {last:.0f} later "
        f"({growth:+.1%}), {max(peaks):.0f} at most: {'flat' if growth <= TOLERANCE else 'GROWS'}"
    )
    parameters = {
        "pattern": options.pattern,
        "days": options.days,
        "seconds_a_day": options.day,
        "rate": options.rate,
    }
    figures = {
        "medians_mib": medians,
        "peaks_mib": peaks,
        "settled_mib": first,
        "later_mib": last,
        "largest_mib": max(peaks),
    }
    finish(f"soak-{options.pattern}", parameters, figures, save=options.save)
    return int(growth > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
