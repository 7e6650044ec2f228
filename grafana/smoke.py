#!/usr/bin/env python3
"""Starts the containers, and asks a real Grafana for every dashboard and each query of its panels.

    python3 grafana/smoke.py            # docker compose up first, and down at the end
    python3 grafana/smoke.py --running  # what runs already

Needs Docker with Compose, Python 3.11 and nothing else. It checks that Grafana is healthy, that
the provisioned data source answers, that each file of ``grafana/dashboards`` is there as it is in
the checkout, and that each query of each panel, put through ``/api/ds/query`` with the default
choice of the dashboard's variables, has a result. Panels fill as the replay goes on, so empty ones
are asked again until the time is up. The exit code is 0 if all is well.
"""

import argparse
import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parent / "dashboards"
TIMEOUT = 30.0
PAUSE = 10.0
ALL = "$__all"


_PARTS: dict[str, Callable[[Json], Any]] = {
    "title": lambda board: board["title"],
    "variables": lambda board: [(v["name"], v["type"]) for v in board["templating"]["list"]],
    "links": lambda board: [(link["title"], link["url"]) for link in board["links"]],
}


class FailedError(Exception):
    """Grafana answered otherwise than it should."""


class Grafana:
    """Its HTTP interface, as a viewer has it.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def get(self, path: str) -> Any:
        """The answer to a GET."""
        return self._ask(urllib.request.Request(f"{self._url}{path}"))  # noqa: S310 as given

    def post(self, path: str, body: Json) -> Any:
        """The answer to a POST."""
        data = json.dumps(body).encode()
        head = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self._url}{path}", data, head))  # noqa: S310

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            raise FailedError(f"{request.full_url}: {error.code} {text}") from error
        except OSError as error:
            raise FailedError(f"{request.full_url}: {error}") from error


def data_source(grafana: Grafana) -> str:
    """The id of the provisioned Prometheus, which answers.

    Raises:
        FailedError: There is none, or it is not well.
    """
    sources = grafana.get("/api/frontend/settings")["datasources"].values()
    found = [source["uid"] for source in sources if source["type"] == "prometheus"]
    if len(found) != 1:
        raise FailedError(f"{len(found)} data sources of type prometheus, 1 is provisioned")
    health = grafana.get(f"/api/datasources/uid/{found[0]}/health")
    if health["status"] != "OK":
        raise FailedError(f"the data source is not well: {health}")
    return str(found[0])


def differences(grafana: Grafana, board: Json) -> Iterator[str]:
    """What is not as the file of a dashboard has it."""
    answer = grafana.get(f"/api/dashboards/uid/{board['uid']}")
    if not answer["meta"]["provisioned"]:
        yield "it is not provisioned"
    served = answer["dashboard"]
    # Grafana may fill in what a file leaves out, so not all of it is compared
    for part, read in _PARTS.items():
        if read(served) != read(board):
            yield f"{part} differs"
    wanted, found = (
        {(panel["id"], panel["type"], panel.get("title")) for panel in one["panels"]}
        for one in (board, served)
    )
    for panel in sorted(wanted ^ found):
        yield f"panel {panel} is only {'in the file' if panel in wanted else 'served'}"


def chosen(grafana: Grafana, source: str, board: Json) -> dict[str, str]:
    """What is chosen when a dashboard is opened: a default, or else the first value there is."""
    found: dict[str, str] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        default = variable.get("current", {}).get("value", "")
        default = default[0] if isinstance(default, list) else default
        if default == ALL:
            found[variable["name"]] = variable["allValue"]
            continue
        query = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        if query is None:
            raise FailedError(f"variable {variable['name']} asks {variable['query']}")
        match = urllib.parse.urlencode({"match[]": put_in(query[1], found)})
        path = f"/api/datasources/uid/{source}/resources/api/v1/label/{query[2]}/values?{match}"
        offered = sorted(grafana.get(path)["data"])
        found[variable["name"]] = default if default in offered else (offered or [""])[0]
    return found


def put_in(text: str, values: dict[str, str]) -> str:
    """A query with what is chosen; what Grafana puts in itself stays."""
    return re.sub(r"\$(\w+)", lambda name: values.get(name[1], name[0]), text)


def empty_panels(grafana: Grafana, source: str, board: Json) -> Iterator[str]:
    """Titles of panels a query of which has no result; tables that say why may be empty.

    Raises:
        FailedError: A query is refused.
    """
    values = chosen(grafana, source, board)
    for panel in board["panels"]:
        targets = panel.get("targets", ())
        queries = [
            target
            | {
                "datasource": {"type": "prometheus", "uid": source},
                "expr": put_in(target["expr"], values),
                "intervalMs": 15_000,
                "maxDataPoints": 240,
            }
            for target in targets
        ]
        if not queries:
            continue
        body = {"from": "now-15m", "to": "now", "queries": queries}
        results = grafana.post("/api/ds/query", body)["results"]
        for query in queries:
            result = results[query["refId"]]
            if result.get("error") or result.get("status", 200) != 200:
                raise FailedError(f"{board['uid']}, {panel['title']}: {result}")
        filled = any(_has_values(results[query["refId"]]) for query in queries)
        told = panel["type"] == "table" and panel["fieldConfig"]["defaults"].get("noValue")
        if not filled and not told:
            yield panel["title"]


def _has_values(result: Json) -> bool:
    return any(any(frame["data"]["values"]) for frame in result.get("frames", ()))


def check(
    grafana: Grafana,
    boards: Sequence[Json],
    patience: float,
    say: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Check everything, and say what is wrong; whether all is well.

    Args:
        grafana: What is asked.
        boards: The dashboards as their files have them.
        patience: Seconds for which is waited until Grafana answers and panels fill.
        say: Takes each line.
        clock: In seconds.
        sleep: Waits.
    """
    deadline = clock() + patience
    while True:
        try:
            source = data_source(grafana)
            wrong = {b["uid"]: list(differences(grafana, b)) for b in boards}
            empty = {b["uid"]: list(empty_panels(grafana, source, b)) for b in boards}
        except FailedError as error:
            wrong, empty = {"Grafana": [str(error)]}, {}
        if clock() >= deadline or not any([*wrong.values(), *empty.values()]):
            break
        sleep(PAUSE)
    for name, parts in wrong.items():
        say(f"{name}: {'; '.join(parts) or 'as in its file'}")
    for name, titles in empty.items():
        say(f"{name}: {'no result for ' + '; '.join(titles) if titles else 'all panels filled'}")
    return not any([*wrong.values(), *empty.values()])


def main() -> int:
    """Run the command; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grafana", default="http://localhost:3000", help="its address")
    parser.add_argument("--running", action="store_true", help="the containers run already")
    parser.add_argument("--minutes", type=float, default=12.0, help="to wait for panels to fill")
    options = parser.parse_args()
    boards = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    compose = ["docker", "compose", "--project-directory", str(FOLDER.parents[1])]
    if not options.running:
        subprocess.run([*compose, "up", "--build", "--detach"], check=True)
    try:
        well = check(Grafana(options.grafana), boards, 60 * options.minutes, print)
    finally:
        if not options.running:
            subprocess.run([*compose, "down", "--volumes"], check=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
