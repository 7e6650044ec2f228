"""Workers on a Kafka, all in one thread, and everything that can happen next to choose from."""

from collections.abc import Callable, Collection, Mapping
from random import Random

from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError
from countstage import INPUTS, TOPICS
from judge import OWNERS, behind, check
from modelkafka import ModelKafka
from modellink import LOCAL, WRITING, Ask, Request
from modelworker import ModelWorker, PlantedBugError, Standing
from steploop import ModelClock

from tidegauge.worker.exits import CommitError, StageError
from tidegauge.worker.partition import Partition
from tidegauge.worker.status import PartitionState

MOST_WORKERS = 3
REST_SECONDS = 120.0
LONGEST_STEP = 1.0
MARK_SECONDS = 1.0
"""The cluster writes the markers of a decided transaction within this."""

Owner = tuple[str, int]
Action = Callable[[], None]


class World:
    """The cluster, its workers and the time; every change goes through here and is checked.

    Args:
        orderly: The group assigns to all at once, when all have let go; only who is fenced may die.
    """

    def __init__(self, *, orderly: bool) -> None:
        self._orderly = orderly
        self.clock = ModelClock()
        self.kafka = ModelKafka(self.clock, TOPICS)
        self.workers: list[ModelWorker] = []
        self.plan: dict[Owner, set[str]] = {owner: set() for owner in OWNERS}
        self.deaths: list[BaseException] = []
        self._names = 0
        self._published = 0
        self._requests: list[Request] = []
        self._judged = 0
        self._partitions: dict[Partition, ModelWorker] = {}

    # what can be done to it

    def start_worker(self) -> ModelWorker:
        """A new process joins."""
        self._names += 1
        worker = ModelWorker(f"w{self._names}", self.kafka, self.clock)
        self.workers.append(worker)
        return worker

    def kill(self, worker: ModelWorker) -> None:
        """A process ends, and gets a successor; requests that it has sent may arrive later."""
        self._end(worker)
        self.hand_over(worker, self.start_worker())

    def _end(self, worker: ModelWorker) -> None:
        self.collect_requests()
        self.workers.remove(worker)
        worker.kill()
        if worker.death is not None:
            self.deaths.append(worker.death)

    def hand_over(self, worker: ModelWorker, successor: ModelWorker) -> None:
        """The group gives what is a worker's to another; the worker is not asked."""
        for names in self.plan.values():
            if worker.name in names:
                names.remove(worker.name)
                names.add(successor.name)
        if successor.standing is Standing.ASSIGNED:
            successor.revoke(session_lost=False)

    def publish(self, topic: str, partition: int, count: int) -> None:
        """Somebody writes to an input."""
        log = self.kafka.logs[TopicPartition(topic, partition)]
        for _ in range(count):
            self._published += 1
            log.append(None, b"%d" % self._published)

    def truncate(self, topic: str, partition: int, share: float) -> None:
        """Retention removes the older records of an input."""
        log = self.kafka.logs[TopicPartition(topic, partition)]
        log.start = max(log.start, int(log.end * share))

    def compact(self) -> None:
        """Changelogs are compacted."""
        for owner in OWNERS:
            self.kafka.logs[TopicPartition(*owner)].compact()

    def rebalance(self, plan: Mapping[Owner, set[str]], told: Collection[ModelWorker]) -> None:
        """The group will assign by a plan; those who are told let go first."""
        self.plan = dict(plan)
        for worker in told:
            if worker.standing is Standing.ASSIGNED:
                worker.revoke(session_lost=False)

    def assign(self, worker: ModelWorker) -> None:
        """Tell a worker what it owns by the plan."""
        worker.assign(
            TopicPartition(topic, number)
            for (stage, number), names in self.plan.items()
            if worker.name in names
            for topic in INPUTS[stage]
        )

    # what can happen by itself

    def collect_requests(self) -> None:
        """Take up what the processes have sent."""
        for worker in self.workers:
            self._requests += worker.link.pending
            worker.link.pending.clear()

    def requests(self) -> list[Request]:
        """Requests that can be served, oldest first."""
        self.collect_requests()
        return [r for r in self._requests if not r.link.cut or r.ask in LOCAL]

    def serve(self, request: Request) -> None:
        """Let a request arrive, and its answer."""
        self._requests.remove(request)
        request.serve()

    def serve_unheard(self, request: Request) -> None:
        """Let a request arrive, and lose the answer."""
        self._requests.remove(request)
        request.serve_unheard()

    def lose(self, request: Request) -> None:
        """Let a request never arrive; the client notices after a while."""
        self._requests.remove(request)
        request.time_out()

    def serve_and_refuse(self, request: Request) -> None:
        """Do what is asked for, and answer with an error all the same."""
        self._requests.remove(request)
        request.serve_and_fail(_error(request.ask))

    def refuse(self, request: Request) -> None:
        """Answer with an error that the client passes on."""
        self._requests.remove(request)
        request.fail(_error(request.ask))

    def actions(self) -> list[Action]:
        """What can happen next; empty when only time can move."""
        found: list[Action] = [
            worker.loop.drain for worker in self.workers if _runs(worker) and worker.loop.runnable
        ]
        found += [lambda r=r: self.serve(r) for r in self.requests()]
        found += [
            lambda name=name, tp=tp: self.kafka.mark(name, tp)
            for name, tp in self.kafka.marks_due()
        ]
        found += [lambda n=name: self.kafka.expire(n) for name in self.kafka.overdue()]
        found += self._assignments()
        found += [
            lambda w=worker: self.kill(w)
            for worker in self.workers
            if worker.ends_at <= self.clock.seconds or worker.has_stopped
        ]
        return found

    def _assignments(self) -> list[Action]:
        joined = [w for w in self.workers if w.standing is Standing.JOINED and _runs(w)]
        if not self._orderly:
            return [lambda w=worker: self.assign(w) for worker in joined]

        def all_at_once() -> None:
            for worker in joined:
                self.assign(worker)

        return [all_at_once] if joined == self.workers else []

    def act(self, action: Action) -> None:
        """Let one thing happen, and look."""
        action()
        self._look()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds
        for name, tp in self.kafka.marks_due(MARK_SECONDS):
            self.kafka.mark(name, tp)
        self._look()

    def pass_time(self) -> None:
        """Let time pass until something can happen."""
        timers = [worker.loop.next_timer() for worker in self.workers if _runs(worker)]
        until = min([self.clock.seconds + LONGEST_STEP, *timers])
        self.wait(max(0.001, until - self.clock.seconds))

    def go(self, steps: int, rng: Random) -> None:
        """Let things happen in some order."""
        for _ in range(steps):
            if actions := self.actions():
                self.act(rng.choice(actions))
            else:
                self.pass_time()

    # the end

    def come_to_rest(self) -> None:
        """End all faults, and go on until everything is processed.

        Raises:
            AssertionError: That does not come, or the outcome is not exact.
        """
        for worker in self.workers:
            worker.frozen = worker.link.cut = False
            worker.loses = worker.repeats = 0
            worker.bug_in = None
        deadline = self.clock.seconds + REST_SECONDS
        rng = Random(0)  # noqa: S311 - any order will do
        self._regroup()
        while behind(self.kafka) or self.kafka.marks_due() or self._owned() != sorted(OWNERS):
            assert self.clock.seconds < deadline, (behind(self.kafka), self._owned(), self.deaths)
            members = list(self.workers)
            self.go(1, rng)
            if self.workers != members:
                self._regroup()
        check(self.kafka)
        self._check_leaks()

    def _owned(self) -> list[Owner]:
        return sorted(
            (p.spec.name, p.number) for worker in self.workers for p in worker.ownership if p.active
        )

    def _check_leaks(self) -> None:
        for partition, worker in self._partitions.items():
            if worker in self.workers and partition not in list(worker.ownership):
                assert partition.closed, f"{worker} has forgotten {partition}"
                assert partition.producer is None, f"{worker} has not let go of {partition}"

    def _regroup(self) -> None:
        names = [worker.name for worker in self.workers]
        plan = {owner: {names[at % len(names)]} for at, owner in enumerate(OWNERS)}
        self.rebalance(plan, self.workers)

    def end(self) -> None:
        """End all processes."""
        for worker in list(self.workers):
            self._end(worker)

    # what must be true at any time

    def _look(self) -> None:
        for commit in self.kafka.committed[self._judged :]:
            for tp in commit.transaction.partitions & self.kafka.holders.keys():
                assert self.kafka.holders[tp] is commit.by, f"a zombie has committed to {tp}"
        if len(self.kafka.committed) > self._judged:
            self._judged = len(self.kafka.committed)
            check(self.kafka)
        for worker in self.workers:
            assert not worker.loop.errors, worker.loop.errors
            self._excuse(worker)
            for partition in worker.ownership:
                self._partitions[partition] = worker
                waiting = worker.standing is Standing.JOINED and worker.death is None
                assert not (waiting and partition.active), f"{worker} works while it owns nothing"
                self._look_at(worker, partition)

    def _look_at(self, worker: ModelWorker, partition: Partition) -> None:
        changelog = TopicPartition(partition.spec.changelog, partition.number)
        if (
            partition.state is PartitionState.RESTORING
            and self.kafka.holders.get(changelog) is partition.producer
        ):
            settled = self.kafka.logs[changelog].settled
            assert settled, f"{worker} restores {partition} before its past is settled"

    def _excuse(self, worker: ModelWorker) -> None:
        error = worker.death
        if self._orderly and error is not None:
            # somebody has taken its partition between two rebalances in a row
            assert "ProducerFenced" in str(error), f"{worker} ended with {error!r}"
        if isinstance(error, StageError):
            assert isinstance(error.__cause__, PlantedBugError), error
        elif error is not None:
            assert isinstance(error, CommitError), f"{worker} ended with {error!r}"


def _runs(worker: ModelWorker) -> bool:
    return not worker.frozen


def _error(ask: Ask) -> KafkaError:
    if ask is Ask.PRODUCE:
        return MessageSizeTooLargeError("too large")
    if ask in WRITING:
        return KafkaError("refused")
    return KafkaConnectionError("refused")
