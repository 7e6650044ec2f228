"""A real Alertmanager for a test."""

import http.client
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from notifiers import until
from receiver import Receiver

AT_ONCE = {
    "receiver": "test",
    "group_by": ["..."],
    "group_wait": "0s",
    "group_interval": "1s",
    "repeat_interval": "1h",
}
"""A route that tells each alert by itself and without delay."""


def free_address() -> str:
    """An address of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@dataclass
class Manager:
    """An Alertmanager with an empty store that tells one receiver."""

    folder: Path
    receiver: Receiver
    address: str
    config: dict[str, Any] = field(default_factory=lambda: {"route": AT_ONCE})
    """All but the receivers, of which there is one."""

    def listed(self) -> list[dict[str, Any]]:
        """What is active or inhibited."""
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as client:
            client.request("GET", "/api/v2/alerts")
            found: list[dict[str, Any]] = json.loads(client.getresponse().read())
        return found

    def post(self, alert: dict[str, Any]) -> None:
        """Have it know an alert, as Prometheus does."""
        with closing(http.client.HTTPConnection(self.address, timeout=10)) as client:
            head = {"Content-Type": "application/json"}
            client.request("POST", "/api/v2/alerts", json.dumps([alert]), head)
            assert client.getresponse().status == http.HTTPStatus.OK

    def alerts(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The same, by model and severity."""
        return {(a["labels"]["model"], a["labels"]["severity"]): a for a in self.listed()}

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
            self.listed()
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
        hook = {"url": self.receiver.url, "send_resolved": True}
        receivers = [{"name": self.config["route"]["receiver"], "webhook_configs": [hook]}]
        config.write_text(yaml.safe_dump({**self.config, "receivers": receivers}))
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
