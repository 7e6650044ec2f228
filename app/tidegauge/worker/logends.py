"""The ends of the input logs, looked at about every second.

Each look is remembered with the wall time *before* it was asked. Once everything below a remembered
end is processed, every record appended up to that time is. This holds for a log under load, for
open transactions (the end counts their records, so time stands still until they are decided) and
for a process that was stopped for a while.

The time is this machine's; records carry the broker's. Their clocks must agree to within the skew
that the settings allow for.

A look that succeeds is also the proof that the broker can be reached.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tidegauge.worker.backoff import Backoff
from tidegauge.worker.outside import Outside

log = logging.getLogger(__name__)

LOOKS_KEPT = 120
STALE_SECONDS = 3.0


class LogEnds:
    """Looks at the ends of logs with a client of its own.

    Args:
        outside: Clients of the cluster, and the time.
        interval: Seconds between two looks.
        watched: The topic partitions to look at.
    """

    def __init__(
        self,
        outside: Outside,
        interval: float,
        watched: Callable[[], Collection[TopicPartition]],
    ) -> None:
        self._outside = outside
        self._interval = interval
        self._watched = watched
        self._looks: dict[TopicPartition, deque[tuple[int, int]]] = defaultdict(
            lambda: deque(maxlen=LOOKS_KEPT)
        )
        self._consumer: AIOKafkaConsumer | None = None
        self._reachable_at = 0.0
        self._looked = asyncio.Event()

    async def start(self) -> None:
        """Connect, waiting for the broker as long as it takes."""
        backoff = Backoff("connecting to kafka.bootstrap")
        while True:
            consumer = self._outside.consumer(enable_auto_commit=False)
            try:
                await consumer.start()
            except (KafkaError, OSError) as error:
                await consumer.stop()
                await backoff.wait(error)
            except BaseException:
                await consumer.stop()
                raise
            else:
                self._consumer = consumer
                self._reachable_at = self._outside.monotonic()
                return

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def run(self) -> None:
        """Look again and again."""
        backoff = Backoff("reading the ends of the logs")
        while True:
            started = self._outside.monotonic()
            try:
                await self._look()
            except (KafkaError, OSError) as error:
                await backoff.wait(error)
                continue
            backoff.reset()
            await asyncio.sleep(max(0.05, self._interval - (self._outside.monotonic() - started)))

    async def _look(self) -> None:
        watched = self._watched()
        for gone in self._looks.keys() - set(watched):
            del self._looks[gone]
        if not watched:
            return
        # a record of the same millisecond may follow
        asked = int(self._outside.now() * 1000) - 1
        self.remember(asked, await self.ends(watched))
        self._reachable_at = self._outside.monotonic()
        self._looked.set()

    def remember(self, asked_ms: int, ends: Mapping[TopicPartition, int]) -> None:
        """Take a look: the ends of some logs, asked for at a wall time."""
        for tp, end in ends.items():
            self._looks[tp].append((asked_ms, end))

    async def broker_reachable(self) -> None:
        """Return once the broker has answered lately; wait for as long as it does not."""
        while self.silent_seconds() > 0:
            self._looked.clear()
            await self._looked.wait()

    def silent_seconds(self) -> float:
        """How long the broker has been silent beyond what is usual; 0 when it answers."""
        silent = self._outside.monotonic() - self._reachable_at
        usual = self._interval + STALE_SECONDS
        return silent if self._looks and silent > usual else 0.0

    def last(self, tp: TopicPartition) -> int:
        """The last end seen; 0 before the first look."""
        looks = self._looks.get(tp)
        return looks[-1][1] if looks else 0

    def complete_until(self, tp: TopicPartition, position: int) -> int:
        """Append time up to which everything below ``position`` is complete; 0 unknown."""
        for asked, end in reversed(self._looks.get(tp, ())):
            if end <= position:
                return asked
        return 0

    async def ends(self, tps: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The high watermarks now."""
        return dict(await self._connected().end_offsets(list(tps)))

    async def starts(self, tps: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offsets that retention has left."""
        return dict(await self._connected().beginning_offsets(list(tps)))

    def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("LogEnds has not been started")
        return self._consumer
