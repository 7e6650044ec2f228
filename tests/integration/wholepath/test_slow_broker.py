"""A broker that answers late: commits stretch and are fewer, nobody dies, all is exact."""

import json
from collections.abc import Callable, Iterator

import pytest
from wholepath.deployment import Deployment, WorkerProcess, wait_until
from wholepath.drifting import SETTINGS, DriftingInput, references
from wholepath.load import Load
from wholepath.results import Results, finished
from wholepath.slow import SlowBroker

from tidegauge.worker.slowcommits import SLOW_SECONDS

pytestmark = [
    pytest.mark.broker,
    pytest.mark.chaos,
    pytest.mark.long,
    pytest.mark.timeout(900),
]

PARTITIONS = 3
EVENTS = 20_000
DELAY = 1.5
"""Seconds in each direction: a commit, which asks the broker six times, takes about 18 s."""


@pytest.fixture
def slow_broker(tmp_path) -> Iterator[SlowBroker]:
    with SlowBroker(tmp_path / "slow") as broker:
        yield broker


def health(worker: WorkerProcess) -> dict[str, str]:
    answer: dict[str, str] = json.loads(worker.get("/health"))
    return answer


def commits(worker: WorkerProcess) -> float:
    name = "tidegauge_commit_duration_seconds_count"
    return sum(value for (of, _), value in worker.samples().items() if of == name)


def most(worker: WorkerProcess, name: str) -> float:
    return max((v for (of, _), v in worker.samples().items() if of == name), default=0.0)


def test_commits_stretch_and_health_tells_it_until_the_broker_is_fast_again(
    deploy: Callable[..., Deployment],
    undisturbed: Callable[[int, int], Results],
    slow_broker: SlowBroker,
):
    expected = undisturbed(EVENTS, PARTITIONS)
    world = deploy(PARTITIONS, SETTINGS, slow_broker.broker.bootstrap)
    world.publish(references())
    worker = world.start_worker("--bootstrap", slow_broker.slow_bootstrap)
    worker.wait_active()
    source = DriftingInput(EVENTS)
    load = Load(world, source.messages, 0.2, 1_500)
    slow_broker.proxy.delay = DELAY
    wait_until(lambda: "the broker is slow" in health(worker)["detail"], lambda: worker.log, 120)
    running = "tidegauge_running_commit_seconds"
    wait_until(lambda: most(worker, running) > 2 * SLOW_SECONDS, lambda: worker.log, 120)
    before = commits(worker)
    # one commit of each partition and stage ends and another begins: they do not pile up
    last = "tidegauge_last_commit_duration_seconds"
    wait_until(lambda: most(worker, last) > 2 * SLOW_SECONDS, lambda: worker.log, 120)
    assert commits(worker) - before <= PARTITIONS + 2
    assert most(worker, "tidegauge_lag_records") >= 0
    assert worker.alive
    assert worker.log.count("event=slow_commit") == 1

    slow_broker.proxy.delay = 0.0
    load.join()
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    wait_until(lambda: health(worker)["detail"] == "", lambda: health(worker), 60)
    told = [worker.log.count(f"event={event}") for event in ("slow_commit", "commits_fast_again")]
    assert told[0] == told[1]
    assert worker.stop() == 0
    assert world.miscounted() == []
