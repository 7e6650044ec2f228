"""Each query of each panel, asked of a real Prometheus that scrapes a worker under the demo.

The demo replays real flights with a fault, so that there are alerts; one record that is no event is
added, so that there is a refusal. Grafana itself is not run: its variables are put in as it does.
"""

import json
import math
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from demoprocess import demo, wait_until
from kafka import KafkaProducer
from prometheusserver import Prometheus, prometheus

from tidegauge.dashboards.generate import BOARDS
from tidegauge.dashboards.states import DRIFT_STATES

SECONDS_TO_STOP = 60
MOST_SECONDS = 300
"""A busy machine falls behind the replay, and still comes to its alerts."""

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    pytest.mark.timeout(MOST_SECONDS + 100),
]

SECONDS = 120
CHOICE = {
    "model": "flight-delay",
    "version": ".*",
    "segment_field": "^$",
    "segment_value": ".*",
    "window": "1d",
    "__rate_interval": "10s",
}
BY_SEGMENT = CHOICE | {"segment_field": "origin", "segment_value": "(EWR|JFK)"}
RANGES = {
    "percentunit": (-1, 1),
    "short": (-100, 1e6),
    "none": (-1, 1e3),
    "cps": (0, 1e5),
    "reqps": (0, 1),
    "s": (0, 1e9),
    "bytes": (1e6, 1e10),
    "bool_yes_no": (1, 1),
    "dateTimeAsIso": (1_356_998_400_000, 1_370_131_200_000),
}
"""What is plausible in the first half of 2013, by a panel's or column's unit."""

EVERYTHING = (
    "count(tidegauge_alert_firing) and count(tidegauge_dead_letters_total)"
    ' and count(tidegauge_feature_psi{segment_field="", window="1d"} > 0.25)'
)
"""Has a value once an alert fires, a record was refused, and a feature has drifted."""


class HasBootstrap(Protocol):
    bootstrap: str


@dataclass(frozen=True)
class Asked:
    """One query of a panel, with the unit that its values are shown in."""

    board: str
    panel: str
    expr: str
    unit: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.board}, {self.panel}"


def asked(board: dict[str, Any]) -> Iterator[Asked]:
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Asked(
                board["title"],
                panel["title"],
                target["expr"],
                unit_of(panel, target["refId"]),
                target.get("instant", False),
            )


def unit_of(panel: dict[str, Any], ref_id: str) -> str:
    """The unit of a column of a table, else that of the panel."""
    unit = panel["fieldConfig"]["defaults"].get("unit")
    if unit is not None:
        return str(unit)
    renamed = panel["transformations"][1]["options"]["renameByName"]
    title = renamed.get(f"Value #{ref_id}", renamed.get("Value"))
    (override,) = (
        override
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"] == {"id": "byName", "options": title}
    )
    return next(str(p["value"]) for p in override["properties"] if p["id"] == "unit")


def boards() -> list[dict[str, Any]]:
    return [json.loads(text) for text in BOARDS.documents().values()]


QUERIES = [query for board in boards() for query in asked(board)]


def put_in(expr: str, choice: dict[str, str]) -> str:
    """The query with what is chosen, as Grafana sends it."""
    return re.sub(r"\$(\w+)", lambda name: choice[name[1]], expr)


def values(server: Prometheus, query: Asked, choice: dict[str, str]) -> list[float]:
    expr = put_in(query.expr, choice)
    if query.instant:
        return [float(series["value"][1]) for series in server.now(expr)]
    return [
        float(value) for series in server.over_time(expr, SECONDS) for _, value in series["values"]
    ]


def one(server: Prometheus, expr: str) -> float:
    (series,) = server.now(put_in(expr, CHOICE))
    return float(series["value"][1])


def column(panel_title: str, title: str) -> str:
    """The query behind a column of a table."""
    for board in boards():
        for panel in board["panels"]:
            if panel["title"] == panel_title and panel["type"] == "table":
                renamed = panel["transformations"][1]["options"]["renameByName"]
                (field,) = (name for name, shown in renamed.items() if shown == title)
                return next(
                    str(target["expr"])
                    for target in panel["targets"]
                    if f"Value #{target['refId']}" == field
                )
    raise AssertionError(f"no table {panel_title}")


@pytest.fixture(scope="module")
def server(broker: HasBootstrap, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the demo until there is something of everything.

    The replay goes on while it is asked. It is longer than needed: on a slow machine the reference
    profile takes effect later in it.
    """
    folder = tmp_path_factory.mktemp("dashboards")
    period = ("--until", "2013-06-01", "--speed", "12h")
    story = ("--model", "flight-delay", "--fault", "broken-feature@2013-01-10")
    learn = ("--set", "reference.learn=5d", "--set", "detection.learn=7d")
    with demo(folder, *period, *story, options=("--bootstrap", broker.bootstrap, *learn)) as run:
        run.wait_for("watermark not begun")
        gauges = re.search(r"Gauges +http://(\S+)/metrics", run.said)
        prefix = re.search(r"kafka\.topic_prefix=(\S+)", run.said)
        assert gauges is not None
        assert prefix is not None
        with prometheus(folder, gauges[1]) as server:
            wait_until(server.ready)
            refuse_one(broker.bootstrap, f"{prefix[1]}predictions")
            ended = run.process.poll
            wait_until(lambda: bool(server.now(EVERYTHING)) or ended() is not None, MOST_SECONDS)
            assert ended() is None, run.said
            yield server
        os.killpg(run.process.pid, signal.SIGINT)
        assert run.process.wait(SECONDS_TO_STOP) == 130


def refuse_one(bootstrap: str, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topic, key=b"r", value=b"no event").get(timeout=30)
    producer.close()


def test_every_query_of_every_panel_returns_plausible_values(server: Prometheus) -> None:
    for query in QUERIES:
        found = values(server, query, CHOICE)
        assert found, f"{query}: nothing for {query.expr}"
        low, high = RANGES[query.unit]
        for value in found:
            # a share without a denominator is not a number, and Grafana leaves it out
            assert math.isnan(value) or low <= value <= high, f"{query}: {value}"
        assert not all(map(math.isnan, found)), f"{query}: {query.expr}"


def test_tables_have_a_column_for_every_label_of_their_rows(server: Prometheus) -> None:
    for board in boards():
        for panel in board["panels"]:
            if panel["type"] == "table":
                columns = panel["transformations"][1]["options"]["renameByName"].keys()
                for target in panel["targets"]:
                    for series in server.now(put_in(target["expr"], CHOICE)):
                        assert series["metric"].keys() <= columns, panel["title"]


def test_queries_follow_the_segments_that_are_chosen(server: Prometheus) -> None:
    followers = [query for query in QUERIES if "$segment_value" in query.expr]
    assert followers
    for query in followers:
        assert values(server, query, BY_SEGMENT), f"{query}: nothing for {query.expr}"
    traffic = next(q for q in followers if q.panel == "Traffic")
    series = server.now(put_in(traffic.expr, BY_SEGMENT))
    assert sorted(s["metric"]["segment_value"] for s in series) == ["EWR", "JFK"]


def test_the_choices_are_offered(server: Prometheus) -> None:
    offered = {}
    for board in boards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                pattern = r"label_values\((?P<selector>.+), (?P<label>\w+)\)"
                query = re.fullmatch(pattern, put_in(variable["query"]["query"], BY_SEGMENT))
                assert query is not None
                offered[variable["name"]] = server.label_values(query["label"], query["selector"])
    assert offered == {
        "window": ["1d", "1h", "6h", "7d"],
        "model": ["flight-delay"],
        "version": ["1"],
        "segment_field": ["carrier", "origin"],
        "segment_value": ["EWR", "JFK", "LGA"],
    }


def test_the_marks_of_alerts_are_found(server: Prometheus) -> None:
    for board in boards():
        (marks,) = board["annotations"]["list"]
        assert server.over_time(put_in(marks["expr"], CHOICE), SECONDS)


def test_the_line_of_a_model_says_what_the_demo_does(server: Prometheus) -> None:
    assert one(server, column("Every model", "State")) == int(DRIFT_STATES[-1][0])
    assert one(server, column("Every model", "Alerts")) >= 1
    assert 500 < one(server, column("Every model", "Predictions")) < 1_200
    assert 0.3 < one(server, column("Every model", "Accuracy")) < 0.99
    assert 0.03 < one(server, column("Every model", "Baseline")) < 0.2
    assert one(server, column("Every model", "Largest change")) > 1
    assert one(server, column("Every model", "Highest PSI")) > 0.25


def test_confusion_counts_add_up_to_the_labelled_predictions(server: Prometheus) -> None:
    chosen = 'model="$model", segment_field="", window="$window"'
    counts = f"sum(tidegauge_confusion_predictions{{{chosen}}})"
    assert one(server, f"{counts} - sum(tidegauge_window_labelled_predictions{{{chosen}}})") == 0
    assert one(server, counts) > 100
