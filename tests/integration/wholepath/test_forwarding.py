"""Events that are published away from home give what those at home give."""

import shutil
import subprocess

import pytest
from wholepath.drifting import SETTINGS, DriftingInput, mixed, references
from wholepath.results import Results, finished

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

PARTITIONS = 3
EVENTS = 6_000


@pytest.mark.slow
def test_feedback_of_another_client_gives_the_same_results(deploy, undisturbed):
    expected = undisturbed(EVENTS, PARTITIONS)
    world = deploy(PARTITIONS, SETTINGS)
    source = DriftingInput(EVENTS)
    world.publish(references())
    world.publish(mixed(source.messages, PARTITIONS))
    workers = [world.start_worker() for _ in range(2)]
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    assert world.outcome.forwarded() > EVENTS // 4
    assert {worker.stop() for worker in workers} == {0}
    assert world.miscounted() == []


@pytest.mark.kcat
def test_feedback_from_kcat_gives_the_same_results(deploy, undisturbed):
    assert shutil.which("kcat"), "kcat is not installed: apt-get install kcat"
    expected = undisturbed(EVENTS, PARTITIONS)
    world = deploy(PARTITIONS, SETTINGS)
    source = DriftingInput(EVENTS)
    world.publish(references())
    closing = [m for m in source.messages if m.key.startswith(b"close-")]
    others = [m for m in source.messages if not m.key.startswith(b"close-")]
    world.publish(m for m in others if m.topic == "predictions")
    lines = [m.key + b"|" + m.value for m in others if m.topic == "feedback"]
    command = ["kcat", "-P", "-b", world.bootstrap, "-t", world.names.feedback, "-K|"]
    subprocess.run(command, input=b"\n".join(lines), check=True, timeout=60)
    world.publish(closing)
    worker = world.start_worker()
    results = Results.of(world.wait(finished(source)))
    assert expected.differences(results) == {}
    assert world.outcome.forwarded() > EVENTS // 4
    assert worker.stop() == 0
