"""Publishes the load of the benchmarks live, at a steady rate, with probes among it.

Run by `latency.py`: ``python paced.py SETTINGS EVENTS_PER_SECOND SECONDS``. Events carry the time
at which they are published; labels follow `LABEL_DELAY` seconds later. A *probe* is a prediction of
a version that only the probes of its partition have, so the figures of that version tell how many
of them were counted, and a partition is a queue, so they tell which. It prints `Published` as JSON.
"""

import asyncio
import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from cluster import send_batch
from load import MODEL, Load, Shape, rfc3339
from outcome import end_with_parent
from tidegauge.core.partitioner import partition_for, partitions_for
from tidegauge.settings import Settings
from tidegauge.settings.load import load

SLICE = 0.1
"""Seconds; what belongs to one is published at its end."""
LABEL_DELAY = 5.0
PROBES = 2
"""Probes of a slice; partitions take turns."""


class Published(msgspec.Struct):
    """What was published.

    Attributes:
        begun: when, since the epoch.
        events: predictions and feedback, probes included.
        seconds: wall time.
        behind: seconds that the publisher was behind its schedule, at most.
        probes: by topic and partition the times at which probes were published, since the epoch.
    """

    begun: float = 0.0
    events: int = 0
    seconds: float = 0.0
    behind: float = 0.0
    probes: dict[str, dict[int, list[float]]] = msgspec.field(default_factory=dict)


def probe_version(partition: int) -> str:
    """The version of the probes of a partition."""
    return f"probe-{partition}"


class Publisher:
    """Publishes one slice after the other.

    Args:
        settings: where to, and how many partitions.
        producer: started.
        pairs: requests of a slice.
    """

    def __init__(self, settings: Settings, producer: AIOKafkaProducer, pairs: int) -> None:
        names = settings.kafka.topic_names
        self._topics = {"predictions": names.predictions, "feedback": names.feedback}
        self._partitions = settings.topics.partitions
        self._producer = producer
        self._pairs = pairs
        self._load = Load(Shape())
        self._keys = [_probe_keys(number, self._partitions) for number in range(self._partitions)]
        self._open: list[tuple[int, int, list[tuple[int, bytes]]]] = []
        self._number = 0
        self._turn = itertools.cycle(range(self._partitions))
        self.published = Published(
            probes={topic: defaultdict(list) for topic in self._topics}  # by partition
        )

    async def answer(self, time_ms: int) -> None:
        """Publish the predictions of the slice that ends at ``time_ms``."""
        first, self._number = self._number, self._number + self._pairs
        some = [
            (self._load.key(number), self._load.prediction(number, self._time(number, time_ms)))
            for number in range(first, self._number)
        ]
        probes = [(home, next(self._keys[home])) for home in itertools.islice(self._turn, PROBES)]
        version = '"prediction":1,"score":0.75'
        values = [
            f'{{"request_id":"{key.decode()}","timestamp":"{rfc3339(time_ms)}","model":"{MODEL}",'
            f'"version":"{probe_version(home)}",{version}}}'.encode()
            for home, key in probes
        ]
        self._open.append((time_ms, first, probes))
        await self._publish("predictions", some, list(zip(probes, values, strict=True)))

    async def learn(self, time_ms: int) -> None:
        """Publish the labels that are due."""
        while self._open and self._open[0][0] <= time_ms - LABEL_DELAY * 1_000:
            _, first, probes = self._open.pop(0)
            some = [
                (self._load.key(number), self._load.feedback(number, self._time(number, time_ms)))
                for number in range(first, first + self._pairs)
            ]
            values = [
                f'{{"request_id":"{key.decode()}","timestamp":"{rfc3339(time_ms)}",'
                f'"label":1}}'.encode()
                for _, key in probes
            ]
            await self._publish("feedback", some, list(zip(probes, values, strict=True)))

    def _time(self, number: int, end_ms: int) -> str:
        """A time within the slice that ends then."""
        within = number % self._pairs * int(SLICE * 1_000) // self._pairs
        return rfc3339(end_ms - int(SLICE * 1_000) + within)

    async def _publish(
        self,
        topic: str,
        some: list[tuple[bytes, bytes]],
        probes: list[tuple[tuple[int, bytes], bytes]],
    ) -> None:
        batches: dict[int, list[tuple[bytes, bytes]]] = defaultdict(list)
        homes = partitions_for([key for key, _ in some], self._partitions).tolist()
        for home, record in zip(homes, some, strict=True):
            batches[home].append(record)
        for (home, key), value in probes:
            batches[home].append((key, value))
            self.published.probes[topic][home].append(time.time())
        for home, records in batches.items():
            await send_batch(self._producer, self._topics[topic], home, records)
        self.published.events += len(some) + len(probes)


def _probe_keys(home: int, partitions: int) -> Iterator[bytes]:
    keys = (b"probe-%d-%d" % (home, number) for number in itertools.count())
    return (key for key in keys if partition_for(key, partitions) == home)


async def publish(settings: Settings, rate: float, seconds: float) -> Published:
    """Publish ``rate`` events per second, half of them predictions once labels have begun."""
    pairs = max(1, round(rate / 2 * SLICE))
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap, max_batch_size=512 * 1024
    ) as producer:
        publisher = Publisher(settings, producer, pairs)
        begun = publisher.published.begun = time.time()
        for due in itertools.takewhile(
            lambda due: due < seconds, (SLICE * number for number in itertools.count(1))
        ):
            await asyncio.sleep(max(0.0, begun + due - time.time()))
            now = time.time()
            publisher.published.behind = max(publisher.published.behind, now - begun - due)
            time_ms = round((begun + due) * 1_000)
            await publisher.answer(time_ms)
            await publisher.learn(time_ms)
        await producer.flush()
        publisher.published.seconds = time.time() - begun
    return publisher.published


if __name__ == "__main__":
    end_with_parent()
    told = asyncio.run(publish(load(Path(sys.argv[1])), float(sys.argv[2]), float(sys.argv[3])))
    print(msgspec.json.encode(told).decode(), flush=True)
