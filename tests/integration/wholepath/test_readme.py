"""What the README prints works as printed, but for the names of the topics."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from wholepath.deployment import Deployment

README = (Path(__file__).parents[3] / "README.md").read_text()
LOCAL = {"time": {"idle": "1s", "out_of_orderness": "1s"}}

pytestmark = pytest.mark.broker


def snippet(language: str, containing: str) -> str:
    """The README's code block in a language that contains a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    found = [block for block in blocks if containing in block]
    assert len(found) == 1
    return str(found[0])


def run(command: list[str], text: str, world: Deployment, *topics: str) -> str:
    """Run a snippet against a deployment; what it prints."""
    for topic in topics:
        text = re.sub(rf"\b{topic}\b", getattr(world.names, topic), text)
    environment = os.environ | {"TIDEGAUGE_KAFKA__BOOTSTRAP": world.bootstrap}
    done = subprocess.run(
        [*command, text], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def labelled(world: Deployment, model: str) -> int:
    return world.outcome.ledgers().get(model, {}).get("predictions", {}).get("labelled", 0)


def test_the_producer_in_python(deploy: Callable[..., Deployment]):
    world = deploy(3, LOCAL)
    worker = world.start_worker()
    publish = snippet("python", "KafkaProducer(")
    run([sys.executable, "-c"], publish, world, "predictions", "feedback")
    world.wait(lambda _: labelled(world, "fraud") == 1)
    consume = snippet("python", "KafkaConsumer(")
    assert run([sys.executable, "-c"], consume, world, "alerts") == ""
    assert worker.stop() == 0


@pytest.mark.kcat
def test_the_line_of_kcat(deploy: Callable[..., Deployment]):
    assert shutil.which("kcat"), "kcat is not installed: apt-get install kcat"
    world = deploy(8, LOCAL)
    worker = world.start_worker()
    line = snippet("sh", "kcat -P")
    run(["bash", "-c"], line, world, "predictions")
    world.wait(lambda o: o.ledgers().get("fraud", {}).get("predictions", {}).get("open") == 1)
    # librdkafka's own partitioner puts this key elsewhere than the one that defines its home
    assert world.outcome.forwarded() == 1
    assert worker.stop() == 0
