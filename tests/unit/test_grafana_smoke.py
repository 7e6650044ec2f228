"""The smoke script against a Grafana that is played: Docker is not needed, nor Grafana."""

import importlib.util
import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest

from tidegauge.dashboards.generate import BOARDS, FOLDER

Json = dict[str, Any]
FILES = [json.loads(text) for text in BOARDS.documents().values()]
VALUES = {"window": ["1h", "1d"], "model": ["delay"], "kind": ["binary"], "feature": ["carrier"]}


@pytest.fixture(scope="module")
def smoke() -> ModuleType:
    spec = importlib.util.spec_from_file_location("smoke", FOLDER.parent / "smoke.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["smoke"] = module
    spec.loader.exec_module(module)
    return module


class Played:
    """What the played Grafana answers, and what it was asked."""

    def __init__(self) -> None:
        self.boards = {board["uid"]: board for board in FILES}
        self.exprs: list[str] = []
        self.empty_for = 0
        self.error = ""

    def answer(self, path: str, body: Json | None) -> tuple[int, Json]:
        path, _, _ = path.partition("?")
        if path == "/api/frontend/settings":
            return 200, {"datasources": {"P": {"uid": "p1", "type": "prometheus"}}}
        if path == "/api/datasources/uid/p1/health":
            return 200, {"status": "OK"}
        if path.startswith("/api/dashboards/uid/"):
            board = self.boards.get(path.rpartition("/")[2])
            if board is None:
                return 404, {"message": "not found"}
            return 200, {"meta": {"provisioned": True}, "dashboard": board}
        if path.startswith("/api/datasources/uid/p1/resources/api/v1/label/"):
            return 200, {"data": VALUES[path.split("/")[-2]]}
        assert path == "/api/ds/query"
        assert body is not None
        return 200, {"results": {query["refId"]: self._result(query) for query in body["queries"]}}

    def _result(self, query: Json) -> Json:
        assert query["datasource"] == {"type": "prometheus", "uid": "p1"}
        self.exprs.append(query["expr"])
        if self.error:
            return {"status": 400, "error": self.error}
        if len(self.exprs) <= self.empty_for:
            return {"status": 200, "frames": []}
        return {"status": 200, "frames": [{"data": {"values": [[1], [0.5]]}}]}


@pytest.fixture
def played() -> Played:
    return Played()


@pytest.fixture
def url(played: Played) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(None)

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, body: Json | None) -> None:
            status, answer = played.answer(self.path, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def checked(smoke: ModuleType, url: str, boards: list[Json], patience: float) -> tuple[bool, str]:
    said: list[str] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    grafana = smoke.Grafana(url)
    well = smoke.check(grafana, boards, patience, said.append, clock=lambda: now[0], sleep=sleep)
    return well, "\n".join(said)


def test_all_is_well_when_every_query_has_a_result(
    smoke: ModuleType, url: str, played: Played
) -> None:
    well, said = checked(smoke, url, FILES, 0)
    assert well, said
    assert said.count("all panels filled") == len(FILES)
    targets = [t for board in FILES for panel in board["panels"] for t in panel.get("targets", ())]
    assert len(played.exprs) == len(targets)
    for expr in played.exprs:
        assert set(re.findall(r"\$\w+", expr)) <= {"$__rate_interval", "$__range"}


def test_panels_that_fill_late_are_waited_for(smoke: ModuleType, url: str, played: Played) -> None:
    played.empty_for = 5
    assert checked(smoke, url, FILES[-1:], 60)[0]


def test_what_stays_empty_is_named(smoke: ModuleType, url: str, played: Played) -> None:
    played.empty_for = 10**9
    well, said = checked(smoke, url, FILES[-1:], 20)
    assert not well
    assert "no result for " in said
    assert "Lag by topic" in said


def test_a_query_that_is_refused_is_told(smoke: ModuleType, url: str, played: Played) -> None:
    played.error = "parse error"
    well, said = checked(smoke, url, FILES[-1:], 0)
    assert not well
    assert "parse error" in said


def test_a_dashboard_that_differs_or_is_not_there_is_told(
    smoke: ModuleType, url: str, played: Played
) -> None:
    *_, board = FILES
    played.boards[board["uid"]] = board | {"panels": board["panels"][1:], "title": "Other"}
    well, said = checked(smoke, url, [board], 0)
    assert not well
    assert "title differs" in said
    assert "is only in the file" in said
    del played.boards[board["uid"]]
    well, said = checked(smoke, url, [board], 0)
    assert not well
    assert "404" in said


def test_a_grafana_that_does_not_answer_is_told(smoke: ModuleType) -> None:
    well, said = checked(smoke, "http://127.0.0.1:9", FILES[:1], 0)
    assert not well
    assert "/api/frontend/settings" in said
