"""Three workers are restarted one after another: partitions move as seldom as the group allows.

A member that leaves has its partitions opened by others, and one that joins gets a fair share: that
is the least without names. A worker that returns under its old name within the session time-out
finds its own, and nobody else notices.
"""

import re
from collections import Counter

import pytest
from wholepath.deployment import Deployment, WorkerProcess, wait_until
from wholepath.drifting import SETTINGS

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(600)]

PARTITIONS = 9
ALL = PARTITIONS + 2
"""With the two partitions of the partials."""
WORKERS = 3
PATIENT = {"worker": {"session_timeout": "30s", "rebalance_timeout": "30s"}}
Owned = set[tuple[str, str]]


def owned(worker: WorkerProcess) -> Owned:
    """The partitions that a worker processes, by stage and number."""
    if "event=serving" not in worker.log:
        return set()
    states = (dict(labels) for name, labels in worker.samples() if name.endswith("partition_state"))
    return {(s["stage"], s["partition"]) for s in states if s["state"] == "active"}


def opened(world: Deployment) -> Counter[str]:
    lines = "".join(worker.log for worker in world.workers)
    return Counter(re.findall(r"event=opened (stage=\S+ partition=\d+)", lines))


class Fleet:
    """Workers that are restarted in turn."""

    def __init__(self, world: Deployment, *, named: bool) -> None:
        self._world = world
        self._named = named
        self.workers = {n: self._start(n) for n in range(WORKERS)}
        self.settle()

    def _start(self, number: int) -> WorkerProcess:
        name = ("--set", f"worker.instance_id=worker-{number}") if self._named else ()
        return self._world.start_worker(*name)

    def owned(self) -> list[Owned]:
        return [owned(worker) for worker in self.workers.values()]

    def settle(self) -> None:
        """Wait until each partition has an owner and each worker partitions."""
        wait_until(
            lambda: all(self.owned()) and sum(map(len, self.owned())) == ALL, self.owned, 120
        )

    def restart(self, number: int) -> int:
        """Stop a worker in order and start its successor; how many partitions it had."""
        had = len(owned(self.workers[number]))
        assert self.workers[number].stop() == 0
        self.workers[number] = self._start(number)
        self.settle()
        return had


def test_without_names_only_what_was_left_and_a_fair_share_moves(deploy):
    world = deploy(PARTITIONS, SETTINGS)
    fleet = Fleet(world, named=False)
    before = opened(world)
    left = sum(fleet.restart(number) for number in range(WORKERS))
    least = left + WORKERS * (ALL // WORKERS)
    # the stages are dealt out one by one, so a share can differ from a fair one
    assert (opened(world) - before).total() <= least + WORKERS


def test_under_its_old_name_a_worker_finds_its_partitions_and_none_moves(deploy):
    world = deploy(PARTITIONS, SETTINGS | PATIENT)
    fleet = Fleet(world, named=True)
    at_first = fleet.owned()
    before = opened(world)
    for number in range(WORKERS):
        fleet.restart(number)
    assert fleet.owned() == at_first
    again = opened(world) - before
    assert again.total() == ALL
    assert set(again.values()) == {1}
