"""The HTTP server: probes, the metrics page, and what it does when something is wrong."""

import gzip
import http.client
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tidegauge.export.http import AddressError, MetricsServer
from tidegauge.export.view import View, WorkerView


class Board:
    """Where the test leaves the view."""

    def __init__(self) -> None:
        self.view = View()

    def read(self) -> View:
        return self.view


@contextmanager
def ask(
    server: MetricsServer, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request(method, path, headers=headers or {})
        yield connection.getresponse()
    finally:
        connection.close()


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def server(board: Board) -> Iterator[MetricsServer]:
    with MetricsServer(board.read, "127.0.0.1", 0, 10_000) as running:
        yield running


def status_and_body(server: MetricsServer, path: str) -> tuple[int, str]:
    with ask(server, path) as response:
        return response.status, response.read().decode()


def test_before_the_worker_has_anything_it_is_live_but_not_ready(server: MetricsServer):
    assert status_and_body(server, "/live") == (200, "ok\n")
    assert status_and_body(server, "/ready") == (503, "not ready: starting\n")
    assert status_and_body(server, "/metrics")[0] == 200


def test_the_probes_follow_the_worker(server: MetricsServer, board: Board, full_view: View):
    board.view = full_view
    assert status_and_body(server, "/ready") == (200, "ok\n")
    stalled = WorkerView(phase="running", detail="no progress for 90 s", live=False)
    board.view = View(worker=stalled)
    assert status_and_body(server, "/live") == (503, "not live: running no progress for 90 s\n")
    assert status_and_body(server, "/health")[0] == 503


def test_health_gives_the_details_as_json(server: MetricsServer, board: Board, full_view: View):
    board.view = full_view
    status, body = status_and_body(server, "/health")
    health = json.loads(body)
    assert (status, health["ready"], health["phase"]) == (200, True, "running")
    assert health["partitions"][0]["topics"]["predictions"]["position"] == 7


def test_metrics_show_the_present_view(server: MetricsServer, board: Board, full_view: View):
    assert "tidegauge_accuracy_ratio" not in status_and_body(server, "/metrics")[1]
    board.view = full_view
    assert "tidegauge_accuracy_ratio" in status_and_body(server, "/metrics")[1]
    board.view = replace(board.view, windows=())
    assert "tidegauge_accuracy_ratio" not in status_and_body(server, "/metrics")[1]


def test_openmetrics_and_gzip_come_when_asked_for(server: MetricsServer):
    headers = {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"}
    with ask(server, "/metrics", headers=headers) as response:
        assert response.headers["Content-Type"].startswith("application/openmetrics-text")
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(response.read()).endswith(b"# EOF\n")
    with ask(server, "/metrics") as response:
        assert response.headers["Content-Type"].startswith("text/plain")
        assert response.headers["Content-Encoding"] is None


def test_head_sends_no_body(server: MetricsServer):
    with ask(server, "/metrics", method="HEAD") as response:
        assert response.status == 200
        assert int(response.headers["Content-Length"]) > 0
        assert response.read() == b""


def test_an_unknown_path_names_the_known_ones(server: MetricsServer):
    assert status_and_body(server, "/") == (
        404,
        "not found; there are /metrics, /live, /ready, /health\n",
    )


def test_a_failing_view_is_answered_and_logged(caplog: pytest.LogCaptureFixture):
    def broken() -> View:
        raise ValueError("no view")

    with (
        MetricsServer(broken, "127.0.0.1", 0, 10) as server,
        caplog.at_level(logging.ERROR, "tidegauge.export.http"),
    ):
        status, body = status_and_body(server, "/metrics")
    assert (status, body) == (500, "failed; the log of the process says why\n")
    assert "could not answer /metrics" in caplog.text


def test_a_taken_port_is_refused_with_what_to_set(server: MetricsServer):
    with pytest.raises(AddressError, match=f"port {server.port}: Address already in use; set http"):
        MetricsServer(View, "127.0.0.1", server.port, 10)


def test_several_requests_on_one_connection(server: MetricsServer):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        connection.request("GET", "/live")
        assert connection.getresponse().read() == b"ok\n"
    connection.close()


def test_a_connection_that_is_kept_gets_no_more_answers_once_it_is_closed():
    with MetricsServer(View, "127.0.0.1", 0, 10) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/live")
        connection.getresponse().read()
    connection.request("GET", "/live")
    with pytest.raises(http.client.RemoteDisconnected):
        connection.getresponse()
    connection.close()
