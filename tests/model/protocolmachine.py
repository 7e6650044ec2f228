"""The commit protocol as a state machine: what workers, the group and the cluster can go through.

Each rule lets something happen, or lets things go wrong. Rules that let things go on draw the order
in which they happen; `Disturbed.strike` goes on until a chosen request of a worker is on its way
and does something to just that.
"""

from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from judge import OWNERS
from modellink import LOCAL, Ask, Request
from modelworker import ModelWorker, Standing
from modelworld import MOST_WORKERS, World

STEPS_TO_STRIKE = 150
MOST_STEPS = 60
ORDERS = st.integers(0, 2**16)
WORKERS = st.integers(0, MOST_WORKERS - 1)
ALL_INPUTS = [(topic, number) for topic in "ab" for number in range(2)]
INPUTS = st.sampled_from(ALL_INPUTS)
STRIKES = (
    "die before",
    "die",
    "die after",
    "freeze before",
    "freeze after",
    "refuse",
    "serve and refuse",
    "lose the answer",
    "never arrive",
)


class Undisturbed(RuleBasedStateMachine):
    """Workers that come, share out the partitions anew and go, while nothing goes wrong."""

    orderly = True

    def __init__(self) -> None:
        super().__init__()
        self.world = World(orderly=self.orderly)

    @initialize(workers=st.integers(1, 2), order=ORDERS)
    def begin(self, workers: int, order: int) -> None:
        for _ in range(workers):
            self.world.start_worker()
        for topic, number in ALL_INPUTS:
            self.world.publish(topic, number, 2)
        self.share_out(order)

    @rule(order=ORDERS, steps=st.integers(1, 200))
    def go_on(self, order: int, steps: int) -> None:
        self.world.go(steps, _random(order))

    @rule(choices=st.lists(st.integers(0, 11), max_size=40))
    def go_on_by(self, choices: list[int]) -> None:
        for choice in choices:
            if actions := self.world.actions():
                self.world.act(actions[choice % len(actions)])

    @rule(who=WORKERS, callbacks=st.integers(1, 12))
    def run(self, who: int, callbacks: int) -> None:
        worker = self._able(who)
        if not worker.frozen:
            for _ in range(callbacks):
                self.world.act(worker.loop.step)

    @rule(of=INPUTS, count=st.integers(1, 7), order=ORDERS)
    def publish(self, of: tuple[str, int], count: int, order: int) -> None:
        self._until(order)
        self.world.publish(*of, count)

    @rule(order=ORDERS)
    def share_out(self, order: int) -> None:
        rng = self._until(order)
        names = [worker.name for worker in self.world.workers]
        plan = {owner: {rng.choice(names)} if names else set() for owner in OWNERS}
        self.world.rebalance(plan, self.world.workers)

    @rule()
    def start_worker(self) -> None:
        if len(self.world.workers) < MOST_WORKERS:
            self.world.start_worker()

    @rule(who=WORKERS, order=ORDERS)
    def stop(self, who: int, order: int) -> None:
        self._until(order)
        worker = self._worker(who)
        if worker.standing in {Standing.JOINED, Standing.ASSIGNED}:
            worker.stop()

    @rule()
    def compact(self) -> None:
        self.world.compact()

    def teardown(self) -> None:
        """Faults end; all must come right."""
        try:
            self.world.come_to_rest()
        finally:
            self.world.end()

    def _until(self, order: int) -> Random:
        """Go on to some moment; the moment and the order of things are drawn as one number."""
        rng = _random(order)
        self.world.go(rng.randrange(MOST_STEPS), rng)
        return rng

    def _worker(self, who: int) -> ModelWorker:
        workers = self.world.workers
        return workers[who % len(workers)]

    def _able(self, who: int) -> ModelWorker:
        """A worker to which something can happen, if there is one."""
        able = [w for w in self.world.workers if not (w.frozen or w.link.cut)]
        return able[who % len(able)] if able else self._worker(who)


class Disturbed(Undisturbed):
    """Workers that die, freeze and wake up, on connections that fail, told what does not fit."""

    orderly = False

    @rule(seconds=st.sampled_from([0.05, 0.5, 1.0, 3.5, 6.0, 20.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(order=ORDERS)
    def contradict(self, order: int) -> None:
        """Some are told another plan than the others, and not asked to let go first."""
        rng = self._until(order)
        names = [worker.name for worker in self.world.workers]
        plan = {owner: {name for name in names if rng.random() < 0.6} for owner in OWNERS}
        told = [worker for worker in self.world.workers if rng.random() < 0.5]
        self.world.rebalance(plan, told)

    @rule(who=WORKERS, order=ORDERS)
    def lose_session(self, who: int, order: int) -> None:
        self._until(order)
        worker = self._able(who)
        if worker.standing is Standing.ASSIGNED:
            worker.revoke(session_lost=True)

    @rule(who=WORKERS, order=ORDERS)
    def kill(self, who: int, order: int) -> None:
        self._until(order)
        self.world.kill(self._worker(who))

    @rule(who=WORKERS, order=ORDERS, given_up=st.booleans())
    def freeze_or_thaw(self, who: int, order: int, given_up: bool) -> None:
        self._until(order)
        worker = self._worker(who)
        worker.frozen = not worker.frozen
        if worker.frozen and given_up:
            self.world.hand_over(worker, self._worker(who + 1))

    @rule(who=WORKERS, order=ORDERS, given_up=st.booleans())
    def cut_or_mend(self, who: int, order: int, given_up: bool) -> None:
        self._until(order)
        worker = self._worker(who)
        worker.link.cut = not worker.link.cut
        if worker.link.cut and given_up:
            self.world.hand_over(worker, self._worker(who + 1))

    @rule(
        who=WORKERS,
        ask=st.sampled_from([ask for ask in Ask if ask not in LOCAL]),
        how=st.sampled_from(STRIKES),
        order=ORDERS,
        skip=st.integers(0, 2),
    )
    def strike(self, who: int, ask: Ask, how: str, order: int, skip: int) -> None:
        self.strike_at(who, ask, how, order, skip)

    def strike_at(self, who: int, ask: Ask, how: str, order: int, skip: int) -> None:
        rng = _random(order)
        worker = self._able(who)
        for of in ALL_INPUTS:
            self.world.publish(*of, 1)
        for _ in range(STEPS_TO_STRIKE):
            request = self._on_its_way(worker, ask)
            if request is not None and not skip:
                self._strike(worker, request, how)
                return
            if request is not None:
                skip -= 1
                self.world.act(lambda r=request: self.world.serve(r))
            self.world.go(1, rng)

    @rule(who=WORKERS, count=st.integers(1, 2), repeated=st.booleans(), order=ORDERS)
    def disturb_fetches(self, who: int, count: int, repeated: bool, order: int) -> None:
        self._until(order)
        worker = self._able(who)
        if repeated:
            worker.repeats = count
        else:
            worker.loses = count

    @rule(who=WORKERS, order=ORDERS)
    def lose_a_batch(self, who: int, order: int) -> None:
        """A batch of a transaction fails for good, and no other request does."""
        self.strike_at(who, Ask.PRODUCE, "refuse", order, order % 5)

    @rule(who=WORKERS, after=st.integers(0, 5), order=ORDERS)
    def plant_bug(self, who: int, after: int, order: int) -> None:
        """A stage raises when it has counted a record, as it has never done before."""
        rng = self._until(order)
        for _ in range(3):
            self._able(who).bug_in = after
            for of in ALL_INPUTS:
                self.world.publish(*of, 4)
            self.world.wait(rng.random())
            self.world.go(MOST_STEPS, rng)

    @rule(of=INPUTS, share=st.floats(0, 1), order=ORDERS)
    def truncate(self, of: tuple[str, int], share: float, order: int) -> None:
        self._until(order)
        self.world.truncate(*of, share)

    def _on_its_way(self, worker: ModelWorker, ask: Ask) -> Request | None:
        return next(
            (r for r in self.world.requests() if r.link is worker.link and r.ask is ask), None
        )

    def _strike(self, worker: ModelWorker, request: Request, how: str) -> None:
        world = self.world
        match how:
            case "die before":
                world.lose(request)
                world.kill(worker)
            case "die":
                world.kill(worker)
            case "die after":
                world.act(lambda: world.serve(request))
                world.kill(worker)
            case "freeze before":
                worker.frozen = True
            case "freeze after":
                worker.frozen = True
                world.act(lambda: world.serve(request))
            case "refuse":
                world.act(lambda: world.refuse(request))
            case "serve and refuse":
                world.act(lambda: world.serve_and_refuse(request))
            case "lose the answer":
                world.act(lambda: world.serve_unheard(request))
            case "never arrive":
                world.lose(request)


def _random(order: int) -> Random:
    return Random(order)  # noqa: S311 - drawn by hypothesis
