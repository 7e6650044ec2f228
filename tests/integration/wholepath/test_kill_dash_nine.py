"""Workers that are killed, stopped and replaced under load change no result."""

import random
import threading
from collections.abc import Callable, Sequence

import pytest
from wholepath.deployment import Deployment, wait_until
from wholepath.drifting import SETTINGS, DriftingInput, references
from wholepath.results import Results, finished
from wholepath.topic import Message

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(600)]

PARTITIONS = 3
SLICE = 250
PER_SECOND = 4_000
SMALL_BATCHES = {"worker": {"fetch_records": 200, "commit_interval": "100ms"}}
LONG = [pytest.mark.long, pytest.mark.timeout(3600)]


class Load:
    """Publishes half of the messages at once, the others over time, in a thread of its own."""

    def __init__(self, world: Deployment, messages: Sequence[Message]) -> None:
        backlog = len(messages) // 2
        self._world = world
        self._stop = threading.Event()
        self._error: BaseException | None = None
        world.publish(messages[:backlog])
        self._thread = threading.Thread(target=self._run, args=(messages[backlog:],))
        self._thread.start()

    def _run(self, messages: Sequence[Message]) -> None:
        try:
            self._world.publish(self._paced(messages))
        except BaseException as error:  # noqa: BLE001 - raised where the test waits for the load
            self._error = error

    def _paced(self, messages: Sequence[Message]):
        for first in range(0, len(messages), SLICE):
            yield from messages[first : first + SLICE]
            self._stop.wait(SLICE / PER_SECOND)

    def join(self) -> None:
        """Wait until everything is published."""
        self._thread.join(300)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error


def reach(world: Deployment, position: int) -> None:
    """Wait until so many records of the input are committed."""
    wait_until(lambda: world.processed() >= position, world.processed, 120)


@pytest.mark.parametrize(("events", "kills"), [(10_000, 2), pytest.param(200_000, 5, marks=LONG)])
def test_a_worker_killed_again_and_again(
    deploy: Callable[..., Deployment],
    undisturbed: Callable[[int, int], Results],
    events: int,
    kills: int,
):
    expected = undisturbed(events, PARTITIONS)
    rng = random.Random(events)  # noqa: S311 - reproducible moments
    world = deploy(PARTITIONS, SETTINGS | SMALL_BATCHES)
    source = DriftingInput(events)
    world.publish(references())
    load = Load(world, source.messages)
    always = ("--set", "worker.instance_id=only")
    for kill in range(kills):
        worker = world.start_worker(*always)
        if kill % 2:
            # somewhere between its first import and its first commits: during restore
            assert worker.survives(rng.uniform(0.5, 4.0)), worker.log
        else:
            reach(world, int(len(source.messages) * (kill + rng.random()) / (kills + 1)))
        worker.kill()
    worker = world.start_worker(*always)
    load.join()
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    assert set(world.outcome.refused().values()) == {1}
    assert worker.stop() == 0
    assert world.miscounted() == []


@pytest.mark.parametrize("events", [10_000, pytest.param(200_000, marks=LONG)])
def test_two_workers_of_which_one_is_stopped_and_one_killed(
    deploy: Callable[..., Deployment], undisturbed: Callable[[int, int], Results], events: int
):
    expected = undisturbed(events, PARTITIONS)
    world = deploy(PARTITIONS, SETTINGS | SMALL_BATCHES)
    source = DriftingInput(events)
    world.publish(references())
    first, second = world.start_worker(), world.start_worker()
    for worker in (first, second):
        worker.wait_active()
    load = Load(world, source.messages)
    reach(world, len(source.messages) // 4)
    assert first.stop() == 0
    third = world.start_worker()
    reach(world, len(source.messages) // 2)
    second.kill()
    load.join()
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    assert set(world.outcome.refused().values()) == {1}
    assert third.stop() == 0
    assert world.miscounted() == []
