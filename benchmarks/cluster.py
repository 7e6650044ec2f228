"""The cluster of a benchmark: a broker of its own, settings of single runs, prefilled topics."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from load import Load
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.core.partitioner import partitions_for
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings.load import load

INPUTS = ("predictions", "feedback")
OWN = ("partials", "alerts", "metrics", "dead_letters", "references")
STATE = ("collect_state", "monitor_state")
FILL_PAIRS = 20_000
TICKS = os.sysconf("SC_CLK_TCK")
# workers that start together are to share the partitions before the first of them has begun
_BROKER = {"group.initial.rebalance.delay.ms": "3000"}


@dataclass(frozen=True)
class Cluster:
    """Where a benchmark's broker listens, and a folder for its settings files."""

    bootstrap: str
    folder: Path

    def settings(
        self, name: str, partitions: int, *, inputs: str = "", http_port: int = 0, **more: object
    ) -> Path:
        """A file of settings, whose topics then exist.

        Args:
            name: of the run, to which the group and all topics but the inputs belong.
            partitions: of the input topics.
            inputs: prefix of the input topics' names, which runs may share.
            http_port: where metrics are served; 0: any free port.
            more: further sections of the settings.
        """
        topics = {role: f"{name}.{role}" for role in (*OWN, *STATE)}
        topics |= {role: inputs + role for role in INPUTS}
        sections: dict[str, object] = {
            "kafka": {"bootstrap": self.bootstrap, "group": name, "topics": topics},
            "topics": {"partitions": partitions},
            "http": {"port": http_port},
            **more,
        }
        path = self.folder / f"{name}-{http_port}.yaml"
        path.write_text(yaml.safe_dump(sections), encoding="utf-8")
        settings = load(path)
        with admin_client(Connection.of(settings.kafka)) as client:
            create_missing(client, topic_specs(settings.kafka.topic_names, settings.topics))
        return path

    async def create(self, names: list[str], partitions: int) -> None:
        """Compacted topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        compact = {"cleanup.policy": "compact"}
        await admin.create_topics([NewTopic(n, partitions, 1, None, compact) for n in names])
        await admin.close()

    async def fill(self, made: Load, count: int, partitions: int, inputs: str = "") -> None:
        """Publish ``count`` pairs; event time ends a minute ago."""
        end = int(time.time() * 1_000) - 60_000 - made.shape.label_delay_ms
        some = made.pairs(count, end - made.time_ms(count, 0))
        async with AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, max_batch_size=512 * 1024
        ) as producer:
            while batch := list(islice(some, FILL_PAIRS)):
                homes = partitions_for([pair.key for pair in batch], partitions).tolist()
                for topic in INPUTS:
                    by_home: list[list[tuple[bytes, bytes]]] = [[] for _ in range(partitions)]
                    for home, pair in zip(homes, batch, strict=True):
                        value = pair.prediction if topic == "predictions" else pair.feedback
                        by_home[home].append((pair.key, value))
                    for home, records in enumerate(by_home):
                        await send_batch(producer, inputs + topic, home, records)
            await producer.flush()


async def send_batch(
    producer: AIOKafkaProducer, topic: str, partition: int, records: list[tuple[bytes, bytes]]
) -> None:
    """Queue records for one partition in as few batches as hold them."""
    batch = producer.create_batch()
    for key, value in records:
        if batch.append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(batch, topic, partition=partition)
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    if batch.record_count():
        await producer.send_batch(batch, topic, partition=partition)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A broker in a folder of its own; both are gone afterwards."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        with EmbeddedBroker(folder / "broker", heap="1g", properties=_BROKER) as broker:
            yield Cluster(broker.bootstrap, folder)


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
