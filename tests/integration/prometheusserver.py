"""A real Prometheus for a test: it scrapes one address every few seconds, and answers queries."""

import http.client
import json
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

_TIMEOUT = 10
_STEP = 1
_EVERY = "5s"
"""How often it scrapes, and how long a scrape may take: on a busy machine a page takes a second."""


@dataclass(frozen=True)
class Prometheus:
    """Its HTTP interface."""

    address: str

    def ready(self) -> bool:
        try:
            status, _ = self._answer("/-/ready")
        except OSError:
            return False
        return status == http.HTTPStatus.OK

    def now(self, expr: str) -> list[dict[str, Any]]:
        """The series of an instant query, each with its one sample as ``value``."""
        result: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return result

    def over_time(self, expr: str, seconds: float) -> list[dict[str, Any]]:
        """The series of the last seconds, each with its samples as ``values``."""
        end = time.time()
        result: list[dict[str, Any]] = self._get(
            "query_range", query=expr, start=end - seconds, end=end, step=_STEP
        )["result"]
        return result

    def label_values(self, label: str, selector: str) -> list[str]:
        values: list[str] = self._get(f"label/{label}/values", **{"match[]": selector})
        return values

    def _get(self, path: str, **parameters: str | float) -> Any:
        query = urllib.parse.urlencode(parameters)
        status, body = self._answer(f"/api/v1/{path}?{query}")
        assert status == http.HTTPStatus.OK, f"{parameters}: {body.decode()}"
        return json.loads(body)["data"]

    def _answer(self, path: str) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(self.address, timeout=_TIMEOUT)) as client:
            client.request("GET", path)
            answer = client.getresponse()
            return answer.status, answer.read()


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any]) -> Iterator[Prometheus]:
    """A server with an empty store and this configuration, such as `scraping`."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.fail("prometheus is not on the PATH (Debian: apt-get install prometheus)")
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{_free_port()}"
    with (
        (folder / "prometheus.log").open("w") as log,
        subprocess.Popen(
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'store'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield Prometheus(address)
        finally:
            process.terminate()


def scraping(target: str) -> Mapping[str, Any]:
    """Scrape one address with its port, and nothing else."""
    return {
        "global": {"scrape_interval": _EVERY, "scrape_timeout": _EVERY},
        "scrape_configs": [{"job_name": "tidegauge", "static_configs": [{"targets": [target]}]}],
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
