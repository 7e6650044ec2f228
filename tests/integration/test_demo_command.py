"""``tidegauge demo`` as a person runs it: what it prints, and that nothing is left behind."""

import os
import signal
from pathlib import Path
from typing import Protocol

import pytest
from demoprocess import SECONDS, demo, processes, wait_until
from kafka import KafkaAdminClient

pytestmark = pytest.mark.broker


class HasBootstrap(Protocol):
    bootstrap: str


def all_gone(pids: dict[int, str]) -> bool:
    return not pids.keys() & processes().keys()


@pytest.mark.slow
def test_a_later_run_goes_on_after_ctrl_c_and_after_a_crash_and_no_event_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    arguments = ("--model", "flight-delay", "--until", "2013-01-07", "--exit")
    trouble = "IN TROUBLE  flight-delay since 2013-01-05 10:00 UTC: version 2 came in"
    with demo(tmp_path, *arguments) as run:
        run.wait_for(trouble)
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.process.wait(SECONDS) == 130
    with demo(tmp_path, *arguments) as run:
        run.wait_for(trouble)
        assert run.said.startswith("going on from 2013-01-0")
        assert "accuracy" not in run.said  # no worker had said anything yet
        run.wait_for("last 1d: accuracy ")
        run.process.kill()
    with demo(tmp_path, *arguments) as run:
        run.wait_for(trouble)
        children = run.children()
        assert any("kafka.Kafka" in command for command in children.values())
        assert any(" worker --after " in command for command in children.values())
        assert run.process.wait(SECONDS) == 0
        assert all_gone(children)
    lines = run.said.splitlines()
    assert "Published    5,134 predictions, 5,113 labels" in lines
    assert any(line.startswith("  Predictions  5,134 read: 5,113 labelled, ") for line in lines)
    assert "  Feedback     5,113 read: 5,113 joined" in lines
    assert "Dead letters 0" in lines
    assert "BALANCE" not in run.said
    assert "last 1d: accuracy " in run.said
    data = tmp_path / "data"
    assert "event=serving" in (data / "worker-1.log").read_text()
    assert (data / "broker" / "broker.log").stat().st_size > 0


def test_ctrl_c_ends_a_running_demo_and_all_it_started(tmp_path: Path) -> None:
    with demo(tmp_path) as run:
        run.wait_for("last 1d: accuracy ")
        children = run.children()
        os.killpg(run.process.pid, signal.SIGINT)  # what a terminal does
        assert run.process.wait(SECONDS) == 130
        assert all_gone(children)
    assert "Traceback" not in run.said
    assert "event=stopping signal=SIGTERM" in (tmp_path / "data" / "worker-1.log").read_text()


def test_a_killed_demo_leaves_no_process(tmp_path: Path) -> None:
    with demo(tmp_path) as run:
        wait_until(lambda: any(" worker --after " in c for c in run.children().values()))
        children = run.children()
        run.process.kill()
        wait_until(lambda: all_gone(children))


def test_a_worker_that_dies_is_told_and_an_existing_cluster_is_left_as_it_was(
    tmp_path: Path, broker: HasBootstrap, topic_prefix: str
) -> None:
    options = ("--bootstrap", broker.bootstrap, "--set", f"kafka.topic_prefix={topic_prefix}")
    with demo(tmp_path, "--workers", "2", options=options) as run:
        run.wait_for("last 1d: accuracy ")
        assert f"--set kafka.topic_prefix={topic_prefix}demo-" in run.said
        assert not any("kafka.Kafka" in command for command in run.children().values())
        workers = [
            pid
            for pid, command in run.children().items()
            if " worker --after " in command and "supervisor" not in command
        ]
        os.kill(workers[-1], signal.SIGKILL)
        assert run.process.wait(SECONDS) == 1
    assert "ended unexpectedly with exit code 137. The end of its log" in run.said
    assert "event=opened" in run.said.partition("The end of its log")[2]
    client = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    left = [topic for topic in client.list_topics() if topic.startswith(topic_prefix)]
    client.close()
    assert left == []
