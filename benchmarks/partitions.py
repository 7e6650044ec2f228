"""How many partitions one worker carries, each with a transactional producer of its own.

Starts a broker of its own, and for every number of partitions one worker with a stage that counts
and keeps a little state. Prints, per number: time until all partitions are active, CPU used while
idle, the delay and CPU under a light load that touches every partition, commit durations, and the
throughput over a backlog.

    python benchmarks/partitions.py [partitions ...]
"""

import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.worker import logs
from tidegauge.worker.app import run
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.outside import Outside
from tidegauge.worker.stage import Chunk, Output, Snapshot, StageSpec
from tidegauge.worker.status import StatusBoard

COUNTS = (1, 8, 32, 64)
BACKLOG = 1_000_000
IDLE_SECONDS = 10
LIGHT_SECONDS = 10
OUTPUT_PARTITIONS = 8
VALUE = b"x" * 200

Line: TypeAlias = dict[str, Any]
"""What a worker tells."""


class Counting:
    """Counts records by key, keeps the counts, and sends a few of them to other partitions."""

    def __init__(self, prefix: str, partition: int) -> None:
        self.prefix, self.partition = prefix, partition
        self.counts: Counter[bytes] = Counter()
        self.changed: set[bytes] = set()

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take a stored count."""
        self.counts[key] = int(value or 0)

    def restored(self) -> None:
        """Nothing is left to do."""

    def process(self, chunk: Chunk) -> None:
        """Count."""
        keys = [record.key for record in chunk.records]
        self.counts.update(keys)
        self.changed.update(keys)

    def tick(self, complete_until_ms: object) -> None:
        """Time does not matter here."""

    def broadcast(self, key: bytes, value: bytes | None) -> None:
        """There is no broadcast topic."""

    def preferred(self) -> None:
        """Any topic will do."""

    def snapshot(self) -> Snapshot:
        """All counts that changed; every output partition gets one record."""
        state = [(key, b"%d" % self.counts[key]) for key in self.changed]
        self.changed = set()
        outputs = [
            Output(self.prefix + "out", number, b"%d" % self.partition, VALUE)
            for number in range(OUTPUT_PARTITIONS)
        ]
        return Snapshot(list(state), outputs if state else [])

    @property
    def dirty(self) -> int:
        """Changed counts."""
        return len(self.changed)


def work(bootstrap: str, prefix: str) -> None:
    """The worker process: prints its status as JSON lines."""
    logs.configure("WARNING")
    board = StatusBoard()

    def show() -> None:
        while True:
            status = board.read()
            line = {
                "active": sum(p.state == "active" for p in status.partitions),
                "records": sum(t.records for p in status.partitions for t in p.topics.values()),
                "commits": sum(p.counters.commits for p in status.partitions),
                "last": [p.counters.last_commit_seconds for p in status.partitions],
                "cpu": time.process_time(),
                "at": time.time(),
            }
            print(json.dumps(line), flush=True)
            time.sleep(0.1)

    threading.Thread(target=show, daemon=True).start()
    spec = StageSpec(
        name="count",
        inputs=(prefix + "in", prefix + "in2"),
        changelog=prefix + "state",
        outputs=(prefix + "out",),
        make_stage=lambda partition: Counting(prefix, partition),
        schema_version=1,
        fingerprint="benchmark",
    )
    settings = ShellSettings(
        group=prefix + "group",
        outside=Outside({"bootstrap_servers": bootstrap}),
    )
    sys.exit(run(settings, [spec], board))


class Watched:
    """A worker process and the lines it prints."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.started = time.time()
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", bootstrap, prefix],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[Line] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    async def until(self, done: Callable[[Line], bool]) -> Line:
        """The first status that satisfies a condition."""
        while not self.lines or not done(self.lines[-1]):
            if self.process.poll() is not None:
                raise RuntimeError(f"the worker ended with {self.process.returncode}")
            await asyncio.sleep(0.05)
        return self.lines[-1]


async def create(bootstrap: str, prefix: str, partitions: int) -> None:
    """Create the topics of one run."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = {"in": partitions, "in2": partitions, "state": partitions, "out": OUTPUT_PARTITIONS}
    await admin.create_topics([NewTopic(prefix + name, n, 1) for name, n in names.items()])
    await admin.close()


async def fill(bootstrap: str, prefix: str, partitions: int, count: int) -> None:
    """Write records evenly over all input partitions, in batches."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for topic in (prefix + "in", prefix + "in2"):
            left = dict.fromkeys(range(partitions), count // partitions // 2)
            while left:
                for partition in list(left):
                    batch = producer.create_batch()
                    key = 0
                    while left[partition] and batch.append(
                        key=b"%d" % (key % 500), value=VALUE, timestamp=None
                    ):
                        left[partition] -= 1
                        key += 1
                    await producer.send_batch(batch, topic, partition=partition)
                    if not left[partition]:
                        del left[partition]
        await producer.flush()


async def light_load(bootstrap: str, prefix: str, partitions: int) -> None:
    """Ten records a second to every partition."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5) as producer:
        ends = time.monotonic() + LIGHT_SECONDS
        while time.monotonic() < ends:
            for partition in range(partitions):
                await producer.send(prefix + "in", VALUE, key=b"k", partition=partition)
            await asyncio.sleep(0.1)
        await producer.flush()


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of all lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def commits_between(lines: list[Line]) -> list[float]:
    """Commit durations seen in a range of status lines."""
    return [
        now
        for before, after in itertools.pairwise(lines)
        for then, now in zip(before["last"], after["last"], strict=False)
        if now != then
    ]


async def measure(bootstrap: str, partitions: int) -> None:
    """One run."""
    prefix = f"p{partitions}-"
    await create(bootstrap, prefix, partitions)
    worker = Watched(bootstrap, prefix)
    active = await worker.until(lambda line: line["active"] == partitions)
    await asyncio.sleep(3)
    first = worker.lines[-1]
    await asyncio.sleep(IDLE_SECONDS)
    idle = worker.lines[-1]
    mark = len(worker.lines)
    await light_load(bootstrap, prefix, partitions)
    light = worker.lines[-1]
    durations = commits_between(worker.lines[mark:])
    before = light["records"]
    await asyncio.sleep(2)
    worker.process.terminate()
    stopping = time.monotonic()
    await asyncio.to_thread(worker.process.wait, 60)
    stopped = time.monotonic() - stopping
    await fill(bootstrap, prefix, partitions, BACKLOG)
    again = Watched(bootstrap, prefix)
    restarted = await again.until(lambda line: line["active"] == partitions)
    begun = await again.until(lambda line: line["records"] > 0)
    total = before + BACKLOG // partitions // 2 * 2 * partitions
    done = await again.until(lambda line: line["records"] >= total * 0.99)
    heavy = commits_between(again.lines)
    again.process.terminate()
    await asyncio.to_thread(again.process.wait, 60)
    rate = (done["records"] - begun["records"]) / (done["at"] - begun["at"])
    cpu_rate = (done["records"] - begun["records"]) / (done["cpu"] - begun["cpu"])
    idle_cpu = (idle["cpu"] - first["cpu"]) / (idle["at"] - first["at"])
    light_cpu = (light["cpu"] - idle["cpu"]) / (light["at"] - idle["at"])
    print(
        f"{partitions:>4} partitions: start {active['at'] - worker.started:5.2f} s, "
        f"restart with state {restarted['at'] - again.started:5.2f} s, stop {stopped:4.1f} s, "
        f"idle {idle_cpu:6.1%} CPU, light {light_cpu:6.1%} CPU, commit p50 "
        f"{percentile(durations, 0.5) * 1000:5.0f} ms p95 {percentile(durations, 0.95) * 1000:5.0f}"
        f" ms ({len(durations)}), loaded p50 {percentile(heavy, 0.5) * 1000:5.0f} ms p95 "
        f"{percentile(heavy, 0.95) * 1000:5.0f} ms, {rate:,.0f} records/s wall, "
        f"{cpu_rate:,.0f} per CPU second",
        flush=True,
    )


def main(counts: list[int]) -> None:
    """Measure each number of partitions."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedBroker(Path(folder)) as broker,
    ):
        for partitions in counts:
            asyncio.run(measure(broker.bootstrap, partitions))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
    else:
        main([int(number) for number in sys.argv[1:]] or list(COUNTS))
