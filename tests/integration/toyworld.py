"""Topics, input and judgement for the toy stages of `toys`."""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import toys
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

import tidegauge
from tidegauge.worker.cluster import partition_counts
from tidegauge.worker.outside import Outside
from tidegauge.worker.status import PartitionState

MODELS = [f"model-{number}" for number in range(7)]
FAST = {
    "session_timeout": 6.0,
    "heartbeat_interval": 0.5,
    "rebalance_timeout": 10.0,
    "commit_interval": 0.3,
    "commit_records": 300,
}

EXACT_SECONDS = 60
INPUTS = {
    toys.COLLECT_STATE: (toys.PREDICTIONS, toys.FEEDBACK),
    toys.MONITOR_STATE: (toys.PARTIALS,),
}
READ = (toys.METRICS, toys.PREDICTIONS, toys.FEEDBACK, toys.PARTIALS, *INPUTS)


@dataclass
class World:
    """One set of topics, the workers on it, and what must come out."""

    bootstrap: str
    prefix: str
    folder: Path
    partitions: int = 3
    partials: int = 2
    expected: Counter = field(default_factory=Counter)
    sent: int = 0
    poison: tuple[str, int, int] | None = None
    workers: list[subprocess.Popen] = field(default_factory=list)

    @property
    def options(self):
        return {"bootstrap_servers": self.bootstrap}

    async def create_topics(self, **counts: int) -> None:
        appended = {"message.timestamp.type": "LogAppendTime"}
        compacted = {"cleanup.policy": "compact"}
        topics = [
            (toys.PREDICTIONS, self.partitions, appended),
            (toys.FEEDBACK, self.partitions, appended),
            (toys.PARTIALS, self.partials, appended),
            (toys.METRICS, 1, {}),
            (toys.DEAD_LETTERS, 1, {}),
            (toys.COLLECT_STATE, self.partitions, compacted),
            (toys.MONITOR_STATE, self.partials, compacted),
            (toys.REFERENCES, 1, compacted),
        ]
        admin = AIOKafkaAdminClient(**self.options)
        await admin.start()
        await admin.create_topics(
            [
                NewTopic(self.prefix + name, counts.get(name, count), 1, topic_configs=configs)
                for name, count, configs in topics
            ]
        )
        await admin.close()
        async with AIOKafkaProducer(**self.options) as producer:
            await producer.send_and_wait(self.prefix + toys.REFERENCES, b"ref", key=b"model")

    async def add_partitions(self, count: int) -> None:
        """Give the inputs of the first stage, and its state, more partitions."""
        admin = AIOKafkaAdminClient(**self.options)
        await admin.start()
        names = (toys.PREDICTIONS, toys.FEEDBACK, toys.COLLECT_STATE)
        try:
            await admin.create_partitions(
                {self.prefix + name: NewPartitions(count) for name in names}
            )
        finally:
            await admin.close()

    @asynccontextmanager
    async def topic_missing(self, name: str):
        """Delete an empty input topic, and make it again afterwards."""
        topic = self.prefix + name
        appended = {"message.timestamp.type": "LogAppendTime"}
        admin = AIOKafkaAdminClient(**self.options)
        await admin.start()
        try:
            await admin.delete_topics([topic])
            yield
            await admin.create_topics([NewTopic(topic, self.partitions, 1, topic_configs=appended)])
        finally:
            await admin.close()

    async def send_pairs(self, count: int, per_second: float = 1e9, seed: int = 1) -> None:
        rng = random.Random(seed)  # noqa: S311 - reproducible input
        late: list[bytes] = []
        started = time.monotonic()
        async with AIOKafkaProducer(
            **self.options,
            linger_ms=5,
            enable_idempotence=True,
            request_timeout_ms=120_000,
        ) as producer:
            waiting = []

            async def send(topic: str, key: bytes, value: bytes) -> None:
                waiting.append(await producer.send(self.prefix + topic, value, key=key))

            for number in range(count):
                model, key = rng.choice(MODELS), b"request-%d" % (self.sent + number)
                self.expected[model] += 1
                if rng.random() < 0.2:
                    await send(toys.FEEDBACK, key, b"1")
                else:
                    late.append(key)
                await send(toys.PREDICTIONS, key, model.encode())
                if len(late) > 1000:
                    await send(toys.FEEDBACK, late.pop(rng.randrange(len(late))), b"1")
                if number % 500 == 0:
                    ahead = number / per_second - (time.monotonic() - started)
                    await asyncio.sleep(max(0.0, ahead))
            for key in late:
                await send(toys.FEEDBACK, key, b"1")
            await asyncio.gather(*waiting)
        self.sent += count

    async def send_poison(self) -> None:
        async with AIOKafkaProducer(**self.options) as producer:
            sent = await producer.send_and_wait(
                self.prefix + toys.PREDICTIONS, toys.POISON, key=b"poison"
            )
        self.poison = (sent.topic, sent.partition, sent.offset)

    async def send_unread(self, partition: int, count: int) -> None:
        async with AIOKafkaProducer(**self.options) as producer:
            for number in range(count):
                await producer.send_and_wait(
                    self.prefix + toys.PREDICTIONS, b"m", key=b"%d" % number, partition=partition
                )

    async def read(self, *names: str):
        """All committed records of some topics, and the ends, by topic and partition."""
        topics = [self.prefix + name for name in names]
        counts = await partition_counts(Outside(self.options), topics)
        tps = [TopicPartition(topic, n) for topic in topics for n in range(counts[topic])]
        consumer = AIOKafkaConsumer(
            **self.options, isolation_level="read_committed", enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            for tp, start in (await consumer.beginning_offsets(tps)).items():
                consumer.seek(tp, start)
            records = {name: [] for name in names}
            while any([await consumer.position(tp) < ends[tp] for tp in tps]):
                for tp, batch in (await consumer.getmany(timeout_ms=100)).items():
                    records[tp.topic.removeprefix(self.prefix)] += batch
        finally:
            await consumer.stop()
        return records, {
            name: {tp.partition: end for tp, end in ends.items() if tp.topic == self.prefix + name}
            for name in names
        }

    async def wait_committed(self) -> None:
        """Wait for the first commit of each partition, which follows its opening."""
        deadline = time.monotonic() + EXACT_SECONDS
        everywhere = self.partitions + self.partials
        while len(found := await self._marks()) < everywhere:
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)

    async def _marks(self) -> set[tuple[str, int]]:
        records, _ = await self.read(*INPUTS)
        return {
            (name, record.partition)
            for name in INPUTS
            for record in records[name]
            if record.key == b"#pos"
        }

    async def differences(self) -> list:
        """What is not exact after a while; empty when all is."""
        deadline = time.monotonic() + EXACT_SECONDS
        while found := await self._differences():
            if time.monotonic() > deadline:
                break
        return found

    async def _differences(self) -> list:
        records, ends = await self.read(*READ)
        totals = {r.key.decode(): int(r.value) for r in records[toys.METRICS]}
        wrong = [] if totals == self.expected else [("totals", totals, dict(self.expected))]
        for state, inputs in INPUTS.items():
            marks = {r.partition: json.loads(r.value) for r in records[state] if r.key == b"#pos"}
            for name in inputs:
                raw = Counter(record.partition for record in records[name])
                for partition, end in ends[name].items():
                    mark = marks.get(partition, {}).get(self.prefix + name, [0, 0])
                    if mark[:2] != [end, raw[partition]]:
                        wrong.append((name, partition, mark, end, raw[partition]))
        return wrong

    def start_worker(self, **settings) -> subprocess.Popen:
        number = len(self.workers)
        options = {
            "bootstrap": self.bootstrap,
            "prefix": self.prefix,
            "partials": self.partials,
            "fingerprint": settings.pop("fingerprint", "toy"),
            "status": str(self.folder / f"worker-{number}.status"),
            "settings": {**FAST, **settings},
        }
        command = [sys.executable, toys.__file__, json.dumps(options)]
        # the code under test, not what happens to be installed
        env = os.environ | {"PYTHONPATH": str(Path(tidegauge.__file__).parents[1])}
        with (self.folder / f"worker-{number}.log").open("w") as log:
            worker = subprocess.Popen(command, stdout=log, stderr=log, env=env)
        self.workers.append(worker)
        return worker

    def log_of(self, worker: subprocess.Popen) -> str:
        return (self.folder / f"worker-{self.workers.index(worker)}.log").read_text()

    def status_of(self, worker: subprocess.Popen) -> str:
        path = self.folder / f"worker-{self.workers.index(worker)}.status"
        return path.read_text() if path.exists() else ""

    def wait_active(self, worker: subprocess.Popen, least: int = 1, timeout: float = 30) -> None:
        deadline = time.monotonic() + timeout
        while self.status_of(worker).count(repr(PartitionState.ACTIVE)) < least:
            if time.monotonic() > deadline or worker.poll() is not None:
                raise AssertionError(f"not active: {self.status_of(worker)}{self.log_of(worker)}")
            time.sleep(0.05)

    def wait_logged(self, worker: subprocess.Popen, text: str, timeout: float = 90) -> None:
        deadline = time.monotonic() + timeout
        while text not in self.log_of(worker):
            if time.monotonic() > deadline or worker.poll() is not None:
                raise AssertionError(f"{text} was not logged: {self.log_of(worker)}")
            time.sleep(0.05)

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
