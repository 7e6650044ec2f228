"""Workers that are killed, stopped and replaced under load change no result."""

import random
from collections.abc import Callable

import pytest
from wholepath.deployment import Deployment, wait_until
from wholepath.drifting import SETTINGS, DriftingInput, references
from wholepath.load import Load
from wholepath.results import Results, finished

pytestmark = [
    pytest.mark.broker,
    pytest.mark.chaos,
    pytest.mark.long,
    pytest.mark.timeout(3600),
]

PARTITIONS = 3
SMALL_BATCHES = {"worker": {"fetch_records": 200, "commit_interval": "100ms"}}
EVENTS = 200_000
KILLS = 5


def reach(world: Deployment, position: int) -> None:
    """Wait until so many records of the input are committed."""
    wait_until(lambda: world.processed() >= position, world.processed, 120)


def test_a_worker_killed_again_and_again(
    deploy: Callable[..., Deployment], undisturbed: Callable[[int, int], Results]
):
    expected = undisturbed(EVENTS, PARTITIONS)
    rng = random.Random(EVENTS)  # noqa: S311 - reproducible moments
    world = deploy(PARTITIONS, SETTINGS | SMALL_BATCHES)
    source = DriftingInput(EVENTS)
    world.publish(references())
    load = Load(world, source.messages)
    always = ("--set", "worker.instance_id=only")
    for kill in range(KILLS):
        worker = world.start_worker(*always)
        if kill % 2:
            # somewhere between its first import and its first commits: during restore
            assert worker.survives(rng.uniform(0.5, 4.0)), worker.log
        else:
            reach(world, int(len(source.messages) * (kill + rng.random()) / (KILLS + 1)))
        worker.kill()
    worker = world.start_worker(*always)
    load.join()
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    assert set(world.outcome.refused().values()) == {1}
    assert worker.stop() == 0
    assert world.miscounted() == []


def test_two_workers_of_which_one_is_stopped_and_one_killed(
    deploy: Callable[..., Deployment], undisturbed: Callable[[int, int], Results]
):
    expected = undisturbed(EVENTS, PARTITIONS)
    world = deploy(PARTITIONS, SETTINGS | SMALL_BATCHES)
    source = DriftingInput(EVENTS)
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
