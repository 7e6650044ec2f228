"""Each query of each panel, asked of a real Prometheus that scrapes a worker under the demo.

The demo replays real flights to its three models, one of each kind, with a fault, so that there are
alerts of each; one record that is no event is added, so that there is a refusal. Grafana itself is
not run: its variables are put in as it does.
"""

import json
import math
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from demoprocess import demo, wait_until
from kafka import KafkaProducer
from prometheusserver import Prometheus, prometheus, scraping

from tidegauge.core.config import ModelKind
from tidegauge.dashboards.board import OVERVIEW
from tidegauge.dashboards.generate import BOARDS
from tidegauge.dashboards.preview.__main__ import preview
from tidegauge.dashboards.preview.prometheus import Prometheus as PreviewPrometheus
from tidegauge.dashboards.states import DRIFT_STATES
from tidegauge.demo.tasks import TASKS, ModelName, Status

SECONDS_TO_STOP = 60
MOST_SECONDS = 300
"""A busy machine falls behind the replay, and still comes to its alerts."""

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    pytest.mark.timeout(MOST_SECONDS + 100),
]

SECONDS = 120
OF_KIND = {
    ModelKind.BINARY: ModelName.FLIGHT_DELAY,
    ModelKind.MULTICLASS: ModelName.FLIGHT_STATUS,
    ModelKind.REGRESSION: ModelName.ARRIVAL_DELAY,
}
MODELS = {
    f"tidegauge-{of}-{kind}": model
    for of in ("model", "improve")
    for kind, model in OF_KIND.items()
} | {"tidegauge-drift": ModelName.ARRIVAL_DELAY}
"""The model that is chosen on the dashboards of one model; others show all."""
BROKEN = "departure_delay_minutes"
"""The feature that the fault breaks."""
CHOICE = {
    "model": ".*",
    "feature": BROKEN,
    "version": ".*",
    "segment_field": "^$",
    "segment_value": ".*",
    "window": "1d",
    "__rate_interval": "20s",
    "__range": f"{SECONDS}s",
}
BY_SEGMENT = CHOICE | {"segment_field": "origin", "segment_value": "(EWR|JFK)"}
RANGES = {
    "percentunit": (-1, 1),
    "short": (-1e4, 1e6),
    "none": (-1, 1e4),
    "cps": (0, 1e5),
    "reqps": (0, 1),
    "s": (0, 1e9),
    "bytes": (1e6, 1e10),
    "bool_yes_no": (1, 1),
    "dateTimeAsIso": (1_356_998_400_000, 1_370_131_200_000),
}
"""What is plausible in the first half of 2013, by a panel's or column's unit; a fault that feeds
seconds for minutes makes errors of hours."""
SPECIAL = {
    "tidegauge_r2_score": (-1e5, 1),
    # parts of a change may work against each other
    "tidegauge_alert_split_ratio": (-10, 10),
    "tidegauge_alert_cause_contribution_ratio": (-10, 10),
    "tidegauge_alert_cause_": (-1e5, 1e5),
    # a share of all errors; otherwise minutes of delay, added up over a day's flights
    "tidegauge_segment_gain_ratio": (-1, 1),
    "tidegauge_segment_gain": (-1e5, 1e5),
}
"""What is plausible of some figures, whatever their unit."""
MAY_BE_EMPTY = {"Paired on shared requests", "Segments ranked by what fixing them gains"}
"""Tables that say themselves why they are empty: of one version, or where no segment is worse."""

SETTINGS = (
    "reference.learn=3d",
    "detection.learn=4d",
    # a tenth of the windows, so that a busy machine keeps pace with the replay
    "segments.fields=origin",
    "windows.sizes=1h,1d",
)
LABELLED = 'tidegauge_window_labelled_predictions{segment_field="", window="1d"}'
ABSOLUTE = '{stream="absolute_error"}'
EVERYTHING = (
    f"count(count by (model) (tidegauge_alert_firing)) == {len(ModelName)}"
    " and count(tidegauge_dead_letters_total)"
    ' and count(count by (model) (tidegauge_feature_psi{segment_field="", window="1d"} > 0.25))'
    f" == {len(ModelName)}"
    ' and count(count by (model) (tidegauge_detector_baseline{stream=~".*error.*"}))'
    f" == {len(ModelName)}"
    f" and count(tidegauge_detector_current{ABSOLUTE} > 2 * tidegauge_detector_baseline{ABSOLUTE})"
    f' and count(tidegauge_alert_split_ratio{{model="{ModelName.ARRIVAL_DELAY}"}})'
    " and count(tidegauge_attribution_drift_ratio)"
    f" and count({LABELLED} > 100) == {sum(len(task.versions) for task in TASKS.values())}"
    ' and count(delta(tidegauge_watermark_timestamp_seconds{model!="__unknown__"}[5m]))'
    f" == {len(ModelName)}"
)
"""Has a value once an alert of each model fires, a record was refused, a feature of each has
drifted, what is usual of the errors of each is known, the fault shows in those of the regression
model and an alert says what they are made of, and each version has labels."""


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
    told_why: str
    """What the panel says when it is empty."""

    def __str__(self) -> str:
        return f"{self.board}, {self.panel}"

    def put_in(self, choice: dict[str, str]) -> str:
        """The query with what is chosen, as Grafana sends it."""
        return put_in(self.expr, self.board, choice)


def asked(board: dict[str, Any]) -> Iterator[Asked]:
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield Asked(
                board["uid"],
                panel["title"],
                target["expr"],
                unit_of(panel, target["refId"]),
                target.get("instant", False),
                panel["fieldConfig"]["defaults"].get("noValue", ""),
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


def put_in(expr: str, board: str, choice: dict[str, str]) -> str:
    """A query of a dashboard with what is chosen, as Grafana sends it."""
    chosen = choice | ({"model": MODELS[board]} if board in MODELS else {})
    return re.sub(r"\$(\w+)", lambda name: chosen[name[1]], expr)


def values(server: Prometheus, query: Asked, choice: dict[str, str]) -> list[float]:
    expr = query.put_in(choice)
    if query.instant:
        return [float(series["value"][1]) for series in server.now(expr)]
    return [
        float(value) for series in server.over_time(expr, SECONDS) for _, value in series["values"]
    ]


def lines(server: Prometheus, panel_title: str, title: str) -> dict[str, float]:
    """The values in a column of a table of the overview, by model."""
    (panel,) = (
        panel for board in boards() for panel in board["panels"] if panel["title"] == panel_title
    )
    renamed = panel["transformations"][1]["options"]["renameByName"]
    (field,) = (name for name, shown in renamed.items() if shown == title)
    (expr,) = (t["expr"] for t in panel["targets"] if f"Value #{t['refId']}" == field)
    found = server.now(put_in(expr, OVERVIEW, CHOICE))
    return {series["metric"]["model"]: float(series["value"][1]) for series in found}


@pytest.fixture(scope="module")
def server(broker: HasBootstrap, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped the demo until there is something of everything.

    The replay goes on while it is asked. It is longer than needed: on a slow machine the reference
    profile takes effect later in it.
    """
    folder = tmp_path_factory.mktemp("dashboards")
    story = ("--until", "2013-06-01", "--speed", "4h", "--fault", "broken-feature@2013-01-07")
    options = [part for setting in SETTINGS for part in ("--set", setting)]
    with demo(folder, *story, options=("--bootstrap", broker.bootstrap, *options)) as run:
        run.wait_for("watermark not begun")
        gauges = re.search(r"Gauges +http://(\S+)/metrics", run.said)
        prefix = re.search(r"kafka\.topic_prefix=(\S+)", run.said)
        assert gauges is not None
        assert prefix is not None
        with prometheus(folder, scraping(gauges[1])) as server:
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
        if query.panel in MAY_BE_EMPTY and not found:
            assert query.told_why
            continue
        assert found, f"{query}: nothing for {query.expr}"
        special = (ends for part, ends in SPECIAL.items() if part in query.expr)
        low, high = next(special, RANGES[query.unit])
        for value in found:
            # a share without a denominator is not a number, and Grafana leaves it out
            assert math.isnan(value) or low <= value <= high, f"{query}: {value}"
        assert not all(map(math.isnan, found)), f"{query}: {query.expr}"


def test_tables_have_a_column_for_every_label_of_their_rows(server: Prometheus) -> None:
    for board in boards():
        for panel in board["panels"]:
            if panel["type"] == "table":
                options = [step["options"] for step in panel["transformations"]]
                columns = {name for o in options for name in o.get("renameByName", ())}
                columns |= {
                    o[key] for o in options for key in ("rowField", "columnField") if key in o
                }
                for target in panel["targets"]:
                    for series in server.now(put_in(target["expr"], board["uid"], CHOICE)):
                        assert series["metric"].keys() <= columns, panel["title"]


def test_queries_follow_the_segments_that_are_chosen(server: Prometheus) -> None:
    followers = [query for query in QUERIES if "$segment_value" in query.expr]
    assert followers
    for query in followers:
        assert values(server, query, BY_SEGMENT), f"{query}: nothing for {query.expr}"
    for traffic in (q for q in followers if q.panel == "Traffic"):
        series = server.now(traffic.put_in(BY_SEGMENT))
        versions = TASKS[MODELS[traffic.board]].versions
        assert {s["metric"]["segment_value"] for s in series} == {"EWR", "JFK"}
        assert {s["metric"]["version"] for s in series} == set(versions)


@pytest.mark.parametrize("uid", MODELS)
def test_the_choices_are_offered(server: Prometheus, uid: str) -> None:
    offered = {}
    (board,) = (board for board in boards() if board["uid"] == uid)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            pattern = r"label_values\((?P<selector>.+), (?P<label>\w+)\)"
            query = re.fullmatch(pattern, put_in(variable["query"]["query"], uid, BY_SEGMENT))
            assert query is not None
            offered[variable["name"]] = server.label_values(query["label"], query["selector"])
    features = offered.pop("feature")
    assert len(features) > 3
    of_any_kind = uid == "tidegauge-drift"
    assert offered == {
        "window": ["1d", "1h"],
        "model": sorted(ModelName) if of_any_kind else [MODELS[uid]],
        "version": [*TASKS[MODELS[uid]].versions],
        "segment_field": ["origin"],
        "segment_value": ["EWR", "JFK", "LGA"],
    } | ({"kind": [ModelKind.REGRESSION]} if of_any_kind else {})


def test_versions_are_paired_where_there_are_several(server: Prometheus) -> None:
    for query in (query for query in QUERIES if query.panel == "Paired on shared requests"):
        several = len(TASKS[MODELS[query.board]].versions) > 1
        assert bool(values(server, query, CHOICE)) == several, query.expr


def test_the_preview_draws_every_dashboard_with_all_of_its_panels(
    server: Prometheus, tmp_path: Path
) -> None:
    end = time.time()
    empty = preview(
        PreviewPrometheus(f"http://{server.address}", end - SECONDS, end), tmp_path, CHOICE
    )
    assert {path.stem for path in tmp_path.iterdir()} == {board["uid"] for board in boards()}
    for page, titles in empty.items():
        assert set(titles) <= MAY_BE_EMPTY, page


def test_the_marks_are_found(server: Prometheus) -> None:
    for board in boards():
        for marks in board["annotations"]["list"]:
            found = server.over_time(put_in(marks["expr"], board["uid"], CHOICE), SECONDS)
            assert found, marks["name"]


def test_the_lines_of_models_say_what_the_demo_does(server: Prometheus) -> None:
    classifiers = {ModelName.FLIGHT_DELAY, ModelName.FLIGHT_STATUS}
    for title, names in (
        ("Classifiers", classifiers),
        ("Regression models", {ModelName.ARRIVAL_DELAY}),
    ):
        alert = int(DRIFT_STATES[-1][0])
        assert lines(server, title, "State") == dict.fromkeys(names, alert)
        alerts = lines(server, title, "Alerts")
        assert alerts.keys() == names
        assert all(count >= 1 for count in alerts.values())
        assert all(change > 1 for change in lines(server, title, "Largest change").values())
        assert all(psi > 0.25 for psi in lines(server, title, "Highest PSI").values())
        versions = {name: len(TASKS[name].versions) for name in names}
        assert lines(server, title, "Versions") == versions
    accuracy = lines(server, "Classifiers", "Accuracy")
    assert accuracy.keys() == classifiers
    assert all(0.05 < share < 0.99 for share in accuracy.values())
    baseline = lines(server, "Classifiers", "Baseline")
    assert all(0.02 < share < 0.4 for share in baseline.values())
    (minutes,) = lines(server, "Regression models", "MAE").values()
    (lately,) = lines(server, "Regression models", "MAE lately").values()
    (usual,) = lines(server, "Regression models", "Baseline").values()
    assert minutes > 5
    assert 5 < usual < 30
    assert lately > usual


@pytest.mark.parametrize("uid", ["tidegauge-model-binary", "tidegauge-model-multiclass"])
def test_confusion_counts_add_up_to_the_labelled_predictions(server: Prometheus, uid: str) -> None:
    chosen = f'model="{MODELS[uid]}", segment_field="", window="1d"'
    counts = f"sum(tidegauge_confusion_predictions{{{chosen}}})"
    labelled = f"sum(tidegauge_window_labelled_predictions{{{chosen}}})"
    assert [s["value"][1] for s in server.now(f"{counts} - {labelled}")] == ["0"]
    assert server.now(f"{counts} > 100")


def test_each_line_of_the_confusion_matrix_adds_up_to_all(server: Prometheus) -> None:
    (matrix,) = (query for query in QUERIES if query.panel == "Confusion matrix")
    lines_of_it: dict[str, list[float]] = {}
    for series in server.now(matrix.put_in(CHOICE)):
        lines_of_it.setdefault(series["metric"]["label"], []).append(float(series["value"][1]))
    assert lines_of_it.keys() <= set(Status)
    assert Status.ON_TIME in lines_of_it
    for shares in lines_of_it.values():
        assert sum(shares) == pytest.approx(1)
