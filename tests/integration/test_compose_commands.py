"""What the containers of ``docker-compose.yml`` run, in its order, on a Kafka with its settings.

No engine is needed: each command runs as a process of this machine, with the container's
environment, in which the names of the other containers are replaced by addresses of this machine.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from alertmanagerserver import free_address
from notifiers import until
from receiver import Receiver

import tidegauge
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.demo.configuration import DEMO_FILE

pytestmark = [pytest.mark.broker, pytest.mark.slow]

ROOT = Path(tidegauge.__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
LASTING = ("worker", "notifier", "console")


def broker_properties(inside: str, outside: str, controller: str) -> dict[str, str]:
    """The settings of the Kafka container, as its image makes them of the environment."""
    found = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in SERVICES["kafka"]["environment"].items()
    }
    # the folder is another one, and is formatted for a quorum that is asked for its voters
    del found["log.dirs"], found["controller.quorum.voters"]
    names = f"INTERNAL://{inside},HOST://{outside}"
    return found | {
        "listeners": f"{names},CONTROLLER://{controller}",
        "advertised.listeners": names,
        "controller.quorum.bootstrap.servers": controller,
    }


class Containers:
    """Runs the commands, with the addresses of this machine."""

    def __init__(self, kafka: str, alertmanager: str, folder: Path) -> None:
        self._folder = folder
        self.pages = {name: free_address() for name in LASTING}
        self._replaced = {
            "kafka:19092": kafka,
            "alertmanager:9093": alertmanager,
            "/etc/tidegauge/tidegauge.yaml": str(DEMO_FILE),
            "0.0.0.0": "127.0.0.1",  # noqa: S104 - replaced
        }

    def _here(self, text: str) -> str:
        for name, here in self._replaced.items():
            text = text.replace(name, here)
        return text

    @contextmanager
    def started(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        service = SERVICES[name]
        own = {key: self._here(value) for key, value in service["environment"].items()}
        sections = {"worker": "HTTP", "notifier": "NOTIFY", "console": "CONSOLE"}
        if name in sections:
            own[f"TIDEGAUGE_{sections[name]}__PORT"] = self.pages[name].split(":")[1]
        command = [self._here(part) for part in service["command"]]
        with (
            (self._folder / f"{name}.log").open("w") as log,
            subprocess.Popen(
                [sys.executable, "-m", "tidegauge", *command],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT / "app"), **own},
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def healthy(self, name: str) -> bool:
        """What the container's health check says."""
        _, program, *rest = SERVICES[name]["healthcheck"]["test"]
        assert program == "python"
        port = {"worker": "9464", "notifier": "9465", "console": "9466"}[name]
        check = [part.replace(f"localhost:{port}", self.pages[name]) for part in rest]
        done = subprocess.run([sys.executable, *check], capture_output=True, check=False)
        return done.returncode == 0

    def said(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()


def test_the_commands_of_the_containers_work_together(tmp_path: Path) -> None:
    inside, outside, controller = free_address(), free_address(), free_address()
    properties = broker_properties(inside, outside, controller)
    port = int(outside.split(":")[1])
    with ExitStack() as stack:
        stack.enter_context(
            EmbeddedBroker(tmp_path / "kafka", port=port, quick_start=True, properties=properties)
        )
        manager = stack.enter_context(Receiver())
        containers = Containers(inside, f"127.0.0.1:{manager.port}", tmp_path)
        topics = stack.enter_context(containers.started("topics"))
        assert topics.wait(100) == 0, containers.said("topics")
        for name in LASTING:
            stack.enter_context(containers.started(name))
        for name in LASTING:
            until(lambda name=name: containers.healthy(name), name)  # type: ignore[misc]
        demo = stack.enter_context(containers.started("demo"))
        until(lambda: "flight-delay" in page(containers.pages["worker"]), "predictions")
        assert demo.poll() is None, containers.said("demo")
        assert containers.healthy("worker")


def page(address: str) -> str:
    """How many predictions the worker has read, by model."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return "\n".join(line for line in lines if line.startswith("tidegauge_predictions_read"))
