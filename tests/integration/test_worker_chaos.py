"""Random faults against worker processes and their broker; the totals stay exact.

``TIDEGAUGE_CHAOS_SEED`` and ``TIDEGAUGE_CHAOS_FAULTS`` repeat or lengthen a run.
"""

import asyncio
import os
import random
import signal
from collections import Counter

import pytest
from toyworld import World

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.worker import exits

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.long, pytest.mark.timeout(900)]

SEED = int(os.environ.get("TIDEGAUGE_CHAOS_SEED", "1"))
FAULTS = int(os.environ.get("TIDEGAUGE_CHAOS_FAULTS", "12"))
PAIRS_PER_SECOND = 3_000
SECONDS_PER_FAULT = 6
MOST_WORKERS = 3


class Chaos:
    """Faults, one after another, and a supervisor that restarts what died by itself."""

    def __init__(self, world: World, broker: EmbeddedBroker, rng: random.Random) -> None:
        self.world, self.kafka, self.rng = world, broker, rng
        self.done: Counter[str] = Counter()
        self.codes: Counter[int] = Counter()
        self.ended: set[int] = set()

    def running(self):
        return [worker for worker in self.world.workers if worker.pid not in self.ended]

    def supervise(self):
        for worker in self.running():
            if worker.poll() is not None:
                self.ended.add(worker.pid)
                self.codes[worker.returncode] += 1
                self.world.start_worker()

    async def fault(self):
        kind = self.rng.choice(["kill", "terminate", "join", "freeze", "broker"])
        self.done[kind] += 1
        worker = self.rng.choice(self.running())
        await getattr(self, kind)(worker)
        while len(self.running()) < 1 + self.rng.randrange(2):
            self.world.start_worker()

    async def kill(self, worker):
        self.ended.add(worker.pid)
        worker.kill()
        await asyncio.to_thread(worker.wait)

    async def terminate(self, worker):
        self.ended.add(worker.pid)
        worker.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(worker.wait, 60)
        # a signal during the first moments finds no handler yet
        assert code in {exits.OK, -signal.SIGTERM}, self.world.log_of(worker)

    async def join(self, _worker):
        if len(self.running()) < MOST_WORKERS:
            self.world.start_worker()

    async def freeze(self, worker):
        os.kill(worker.pid, signal.SIGSTOP)
        await asyncio.sleep(self.rng.choice([1, 8]))
        os.kill(worker.pid, signal.SIGCONT)

    async def broker(self, _worker):
        self.kafka.kill()
        await asyncio.sleep(self.rng.choice([0, 5]))
        await asyncio.to_thread(self.kafka.start)
        await asyncio.to_thread(self.kafka.wait_ready)


def test_totals_stay_exact_under_random_faults(tmp_path, topic_prefix):
    rng = random.Random(SEED)  # noqa: S311 - reproducible faults

    async def story(world, broker):
        chaos = Chaos(world, broker, rng)
        await world.create_topics()
        world.start_worker()
        pairs = FAULTS * SECONDS_PER_FAULT * PAIRS_PER_SECOND
        sending = asyncio.create_task(world.send_pairs(pairs, PAIRS_PER_SECOND, SEED))
        for _ in range(FAULTS):
            await asyncio.sleep(rng.uniform(1, SECONDS_PER_FAULT))
            chaos.supervise()
            await chaos.fault()
        await sending
        chaos.supervise()
        return chaos, await world.differences()

    with EmbeddedBroker(tmp_path / "broker", quick_start=True) as broker:
        world = World(broker.bootstrap, topic_prefix, tmp_path)
        try:
            chaos, differences = asyncio.run(story(world, broker))
        finally:
            world.end()
    print(f"seed {SEED}: {dict(chaos.done)}, ended by themselves: {dict(chaos.codes)}")  # noqa: T201
    assert differences == []
    assert exits.BUG not in chaos.codes
    assert exits.CONFIG not in chaos.codes
