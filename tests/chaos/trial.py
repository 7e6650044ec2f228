"""One seeded run: a workload, faults while it is read, and whether what came out is right."""

import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sabotage
from onepass import Expected, OnePass, totals
from verdicts import Verdict
from wholepath.deployment import Deployment, WorkerProcess
from wholepath.drifting import SETTINGS, WINDOWS_END, DriftingInput, astray, references
from wholepath.load import Load
from wholepath.results import Results, finished, read_so_far
from wholepath.topic import read_all

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.export.health import LAG, READY
from tidegauge.kafka.topics import topic_specs
from tidegauge.worker import exits

PARTITIONS, PARTIALS = 3, 2
MOST_WORKERS = 3
PER_SECOND = 250.0
TRANSACTION_SECONDS = 10
SESSION_SECONDS = 3
WORKER = {
    "fetch_records": 200,
    "commit_interval": "100ms",
    "session_timeout": f"{SESSION_SECONDS}s",
    "heartbeat_interval": "500ms",
    "transaction_timeout": f"{TRANSACTION_SECONDS}s",
}
HEALTHY = 0.8
"""How often a fault waits until the one before is overcome."""
REST_SECONDS, REST_LOOKS = 8.0, 30
"""When for so long, and at so many looks in a row, no output changes while all workers are up and
have read everything, nothing more is to come. Workers that are slow on a busy machine answer the
looks slowly, too."""
LOOK_SECONDS = 0.25
"""From one look to the next at least: each costs the workers time."""
STUCK_SECONDS = 90.0
"""Without any change for so long, nothing is expected of workers that still have more to read."""
STOPPED = {exits.OK, -signal.SIGTERM, 128 + signal.SIGINT}
"""Ends by SIGTERM: the worker's own handler is not there in its first moments."""
RESTARTED = {exits.COMMIT_FAILED, -signal.SIGKILL}
"""Ends after which a supervisor's restart is enough."""


def chaos_broker(folder: Path, *, quick_start: bool = False) -> EmbeddedBroker:
    """A broker that takes such short session timeouts."""
    shortest = {"group.min.session.timeout.ms": str(SESSION_SECONDS * 1000)}
    return EmbeddedBroker(folder, quick_start=quick_start, properties=shortest)


Slot = tuple[str, int]
"""A stage and a partition."""
_LINE = re.compile(
    r"^(?P<at>\S+)Z .* event=(?P<event>opened|closed) "
    r"stage=(?P<stage>\w+) partition=(?P<number>\d+)",
    re.MULTILINE,
)


class Takeover(NamedTuple):
    """A worker went: of which kind of fault, when, and what it had."""

    fault: str
    at: float
    slots: frozenset[Slot]


class Trial:
    """One deployment under faults.

    Args:
        seed: of the workload, the faults and their moments.
        broker: the trial's alone while it runs; it may be stopped and killed.
        folder: for settings and logs.
        events: how many records to publish, about.
        mutant: of `sabotage.MUTANTS`, or None for the product as it is.
        worker: settings of the workers.
    """

    def __init__(
        self,
        seed: int,
        broker: EmbeddedBroker,
        folder: Path,
        *,
        events: int = 6_000,
        mutant: str | None = None,
        worker: Mapping[str, object] = WORKER,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - reproducible faults
        self.broker = broker
        self.verdict = Verdict(seed)
        self.mutant = mutant
        self._events = events
        self._folder = folder
        self._orders: dict[int, Path] = {}
        self._watched: list[WorkerProcess] = []
        self._takeovers: list[Takeover] = []
        self._ended_wrongly: list[tuple[int, str]] = []
        self._kept: dict[tuple[str, int, int], Any] = {}
        name = f"chaos-{seed}-{folder.name}-"
        settings = SETTINGS | {"worker": worker}
        self.world = Deployment(broker.bootstrap, name, folder, PARTITIONS, settings)

    # ---------------------------------------------------------------- what faults use

    @property
    def running(self) -> list[WorkerProcess]:
        """The workers that are alive and that the supervisor watches."""
        return [worker for worker in self._watched if worker.alive]

    def start(self) -> WorkerProcess:
        """Start one more worker under the supervisor."""
        order = self._folder / f"order-{len(self.world.workers)}"
        worker = self.world.start_worker(program=sabotage.program(order, self.mutant))
        self._orders[worker.process.pid] = order
        self._watched.append(worker)
        return worker

    def pick(self) -> WorkerProcess:
        """One of the running workers, if possible one that has something to lose."""
        self.until(lambda: bool(self.running), 60)
        running = self.running
        return self.rng.choice([worker for worker in running if _held(worker)] or running)

    def order(self, worker: WorkerProcess, act: str, point: str) -> Path:
        """Have a worker strike itself when it next comes to a point; the file goes when it has."""
        order = self._orders[worker.process.pid]
        order.write_text(f"{act} {point}")
        return order

    def dismiss(self, worker: WorkerProcess) -> None:
        """Stop a worker in order, without a successor."""
        self._watched.remove(worker)
        try:
            code = worker.stop()
        except subprocess.TimeoutExpired:
            worker.process.send_signal(signal.SIGUSR1)
            worker.survives(1)  # its threads say in the log where they are
            worker.kill()
            code = worker.process.returncode
            self._ended_wrongly.append((code, worker.log[-6000:]))
        self.verdict.codes[code] += 1
        if code not in STOPPED | RESTARTED:
            self._ended_wrongly.append((code, worker.log[-2000:]))

    def went(self, fault: str, worker: WorkerProcess) -> None:
        """Note that a worker has just gone, to see when others have what it had."""
        self._takeovers.append(Takeover(fault, time.time(), frozenset(_held(worker))))

    def wait(self, seconds: float) -> None:
        """Let everything go on for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= end, seconds + 60)

    def until(self, done: Callable[[], bool], limit: float) -> bool:
        """Restart what ends by itself until something holds; whether it did within the limit."""
        deadline = time.monotonic() + limit
        while not done():
            self._supervise()
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def whole(self) -> bool:
        """Whether each partition of both stages is open in some running worker."""
        held = [_held(worker) for worker in self.running]
        return len(set().union(*held)) == PARTITIONS + PARTIALS

    def keep_inputs(self) -> None:
        """Remember the input so far, before some of it is removed."""
        names = self.world.names
        for topic in (names.predictions, names.feedback):
            for record in read_all(self.broker.bootstrap, topic):
                self._kept[record.topic, record.partition, record.offset] = record

    def _supervise(self) -> None:
        for worker in [w for w in self._watched if not w.alive]:
            self._watched.remove(worker)
            code = worker.process.returncode
            self.verdict.codes[code] += 1
            if code in RESTARTED:
                self.start()
            else:
                self._ended_wrongly.append((code, worker.log[-2000:]))

    # ---------------------------------------------------------------- the run

    def run(self, faults: list[tuple[str, Callable[["Trial"], None]]]) -> Verdict:
        """Publish, inject the faults one after another, wait for the end, compare."""
        world, source = self.world, DriftingInput(self._events, self.verdict.seed)
        try:
            world.publish(references())
            for _ in range(2):
                self.start()
            self.until(self.whole, 60)
            messages = astray(source.messages, PARTITIONS)
            load = Load(world, messages, backlog=0.2, per_second=PER_SECOND)
            for number, (name, inject) in enumerate(faults):
                # most often while all is open and at work, sometimes in the midst of a recovery
                if number and self.rng.random() < HEALTHY:
                    self.until(self.whole, 60)
                self.wait(self.rng.uniform(0.1, 2))
                self.verdict.faults[name] += 1
                inject(self)
            load.join()
            self._settle(source)
            for order in self._orders.values():
                order.unlink(missing_ok=True)
            while self.running:
                self.dismiss(self.running[0])
            self._judge(source)
        finally:
            world.end()
        return self.verdict

    def _settle(self, source: DriftingInput) -> None:
        """Wait until all is accounted for and final, or nothing changes any more."""
        done = finished(source)
        last, since, looks, looked = -1, time.monotonic(), 0, 0.0

        def settled() -> bool:
            nonlocal last, since, looks, looked
            if time.monotonic() - looked < LOOK_SECONDS:
                return False
            looked = time.monotonic()
            self.world.outcome.read()
            if done(self.world.outcome):
                return True
            count = self.world.outcome.size
            if count != last:
                last, since, looks = count, time.monotonic(), 0
            looks += self._at_rest()
            still = time.monotonic() - since
            doubled = read_so_far(self.world.outcome) > source.published()  # for good
            rested = still > REST_SECONDS and (looks >= REST_LOOKS or doubled)
            return rested or still > STUCK_SECONDS

        self.until(settled, 600)

    def _at_rest(self) -> bool:
        """Whether all is open, and the workers are up and have read everything."""
        try:
            pages = [worker.samples() for worker in self.running]
        except (AssertionError, OSError):  # one that has just begun, or ends
            return False
        ready = all(page.get((READY.name, ())) for page in pages)
        behind = any(page[key] for page in pages for key in page if key[0] == LAG.name)
        return self.whole() and ready and not behind

    def _judge(self, source: DriftingInput) -> None:
        self.world.outcome.read()
        self.keep_inputs()
        verdict, world = self.verdict, self.world
        expected = self._expected()
        wanted, found = Results.of(expected.outcome), Results.of(world.outcome)
        verdict.events = source.published()
        verdict.differences = wanted.differences(found)
        partials = totals(read_all(world.bootstrap, world.names.partials))
        slots = partials.keys() | expected.partials.keys()
        wrong = [slot for slot in slots if partials.get(slot) != expected.partials.get(slot)]
        if wrong:
            verdict.differences["partials"] = len(wrong), wrong[:3]
        if self._ended_wrongly:
            verdict.differences["ended"] = self._ended_wrongly
        if unfinished := world.outcome.unfinished(WINDOWS_END):
            verdict.differences["unfinished"] = len(unfinished), unfinished[:1]
        if repeated := world.outcome.repeated():
            verdict.differences["repeated"] = repeated
        if miscounted := world.miscounted(self._kept):
            verdict.differences["raw records"] = miscounted
        for model, ledger in wanted.ledgers.items():
            for side in ("predictions", "feedback"):
                read = found.ledgers.get(model, {}).get(side, {}).get("read", 0)
                verdict.lost += max(0, ledger[side].get("read", 0) - read)
                verdict.doubled += max(0, read - ledger[side].get("read", 0))
        verdict.takeovers = list(self._seconds())

    def _expected(self) -> Expected:
        world = self.world
        specs = topic_specs(world.names, world.settings.topics)
        counts = {spec.name: spec.partitions for spec in specs}
        profiles = read_all(world.bootstrap, world.names.references)
        return OnePass(world.settings, counts).run(profiles, list(self._kept.values()))

    def _seconds(self) -> Iterator[tuple[str, float]]:
        openings = [
            (_moment(line["at"]), (line["stage"], int(line["number"])))
            for worker in self.world.workers
            for line in _LINE.finditer(worker.log)
            if line["event"] == "opened"
        ]
        for fault, gone, slots in self._takeovers:
            later = {slot: [at for at, s in openings if s == slot and at > gone] for slot in slots}
            if slots and all(later.values()):
                yield fault, max(min(moments) for moments in later.values()) - gone


def _held(worker: WorkerProcess) -> set[Slot]:
    """What a worker has open, by its log."""
    held: set[Slot] = set()
    for line in _LINE.finditer(worker.log):
        slot = (line["stage"], int(line["number"]))
        if line["event"] == "opened":
            held.add(slot)
        else:
            held.discard(slot)
    return held


def _moment(text: str) -> float:
    return datetime.fromisoformat(text + "+00:00").timestamp()
