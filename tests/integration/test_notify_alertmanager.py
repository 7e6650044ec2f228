"""The notifier and a real Alertmanager."""

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from notifiers import ENDED, OPENED, OTHER, WORSE, Notifiers, until
from receiver import Receiver

from tidegauge.core.records import AlertStatus

pytestmark = [pytest.mark.broker, pytest.mark.alertmanager]

TAKEN_BACK = replace(
    OTHER, id="taken back", status=AlertStatus.RETRACTED, ends_at_ms=OTHER.time_ms, revision=1
)


@dataclass
class Manager:
    """An Alertmanager with an empty store that tells a receiver at once."""

    folder: Path
    receiver: Receiver
    address: str

    def alerts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What is active, by model and severity."""
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as client:
            client.request("GET", "/api/v2/alerts")
            found = json.loads(client.getresponse().read())
        return {(a["labels"]["model"], a["labels"]["severity"]): a for a in found}

    def ends_at(self, model: str, severity: str) -> datetime:
        return datetime.fromisoformat(self.alerts()[model, severity]["endsAt"])

    def told(self) -> list[tuple[str, str, str]]:
        """What it has told, as status, model and severity."""
        return [
            (alert["status"], alert["labels"]["model"], alert["labels"]["severity"])
            for request in self.receiver.requests
            for alert in request.json["alerts"]
        ]

    def ready(self) -> bool:
        try:
            self.alerts()
        except OSError:
            return False
        return True

    @contextmanager
    def running(self) -> Iterator[None]:
        names = ("prometheus-alertmanager", "alertmanager")
        program = next(filter(None, map(shutil.which, names)), None)
        if program is None:
            pytest.fail(
                "alertmanager is not on the PATH (Debian: apt-get install prometheus-alertmanager)"
            )
        config = self.folder / "alertmanager.yml"
        route = {
            "receiver": "test",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1s",
            "repeat_interval": "1h",
        }
        hook = {"url": self.receiver.url, "send_resolved": True}
        receivers = [{"name": "test", "webhook_configs": [hook]}]
        config.write_text(yaml.safe_dump({"route": route, "receivers": receivers}))
        with (
            (self.folder / "alertmanager.log").open("a") as log,
            subprocess.Popen(
                [
                    program,
                    f"--config.file={config}",
                    f"--storage.path={self.folder / 'store'}",
                    f"--web.listen-address={self.address}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            ) as process,
        ):
            try:
                until(self.ready, "Alertmanager")
                yield
            finally:
                process.terminate()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Receiver() as receiver:
        yield Manager(tmp_path, receiver, f"127.0.0.1:{port}")


@pytest.fixture
def notifiers(broker: Any, topic_prefix: str, tmp_path: Path, manager: Manager) -> Notifiers:
    made = Notifiers(broker.bootstrap, topic_prefix, tmp_path)
    made.targets = {"manager": {"type": "alertmanager", "url": f"http://{manager.address}"}}
    made.rules = {"repeat": "1s", "link": "http://grafana:3000/{model}"}
    assert made.run("topics", "create").exit_code == 0
    return made


def test_alertmanager_has_what_fires_until_it_ends(notifiers: Notifiers, manager: Manager) -> None:
    with manager.running(), notifiers.started_one() as process:
        notifiers.send(OPENED, OTHER)
        until(lambda: len(manager.alerts()) == 2, "both alerts")
        alert = manager.alerts()["delay", "warning"]
        assert alert["annotations"]["tidegauge_id"] == "opened"
        assert alert["startsAt"] == "2013-01-01T09:59:00.000Z"
        assert alert["generatorURL"] == "http://grafana:3000/delay"

        notifiers.send(WORSE, TAKEN_BACK)
        until(lambda: manager.alerts().keys() == {("delay", "critical")}, "the worse one alone")
        until(lambda: ("resolved", "fraud", "warning") in manager.told(), "the one taken back")

        # each post has an end four seconds ahead: it is still there since it is posted again
        first = manager.ends_at("delay", "critical")
        much_later = first + timedelta(seconds=6)
        until(lambda: manager.ends_at("delay", "critical") > much_later, "a later end")

        notifiers.send(ENDED)
        until(lambda: not manager.alerts(), "no alert")
        until(lambda: ("resolved", "delay", "critical") in manager.told(), "told its end")
        process.stop()
    assert manager.told().count(("firing", "delay", "critical")) == 1


def test_alertmanager_and_notifier_are_restarted(notifiers: Notifiers, manager: Manager) -> None:
    notifiers.send(OPENED, OTHER)
    with notifiers.started_one() as process:
        until(lambda: process.target("manager")["retrying"], "trying")
        with manager.running():
            until(lambda: len(manager.alerts()) == 2, "what was to be told")
            until(lambda: notifiers.position("manager") == 2, "both behind it")
        shutil.rmtree(manager.folder / "store")
        with manager.running():
            until(lambda: len(manager.alerts()) == 2, "what fires, told again")
        process.stop()
    shutil.rmtree(manager.folder / "store")
    with manager.running(), notifiers.started_one() as process:
        until(lambda: len(manager.alerts()) == 2, "what fires, by another notifier")
        assert process.target("manager")["sent"] == 0
        assert notifiers.run("notify", "--test").exit_code == 0
        until(lambda: ("tidegauge", "info") in manager.alerts(), "the test message")
        process.stop()
