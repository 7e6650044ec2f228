"""The generated dashboards keep Grafana's rules and ours; Grafana itself is not run."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from tidegauge.core.config import ModelKind
from tidegauge.dashboards.generate import BOARDS, FOLDER
from tidegauge.export.collector import METRICS

Json = dict[str, Any]

BOARD_TEXTS = BOARDS.documents()
BUILT_IN = {"__rate_interval", "__range"}
OUTSIDE = {
    "process_resident_memory_bytes": {"instance", "job"},
    "process_cpu_seconds_total": {"instance", "job"},
}
SCRAPED = {"instance", "job"}
KNOWN_UNITS = {value for name, value in vars(units).items() if not name.startswith("_")}


def known_labels() -> dict[str, set[str]]:
    """The labels of every series that a worker exports, by its name."""
    known = {metric.name: set(metric.labels) for metric in METRICS}
    for metric in METRICS:
        if metric.kind == "summary":
            for suffix in ("_sum", "_count"):
                known[metric.name + suffix] = set(metric.labels)
    return known | OUTSIDE


@pytest.fixture(params=sorted(BOARD_TEXTS))
def board(request: pytest.FixtureRequest) -> Json:
    loaded: Json = json.loads((FOLDER / request.param).read_text("utf-8"))
    return loaded


def panels(board: Json) -> list[Json]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions(board: Json) -> Iterator[str]:
    for panel in panels(board):
        yield from (target["expr"] for target in panel["targets"])
    yield from (marks["expr"] for marks in board["annotations"]["list"])
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def test_the_files_are_in_step() -> None:
    assert BOARDS.differences(FOLDER) == [], "run python -m tidegauge.dashboards.generate"


def test_the_schema_of_the_sdk_reads_all_of_it(board: Json) -> None:
    register_default_plugins()
    read = models.Dashboard.from_json(board)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == board


def test_addresses_are_unique() -> None:
    boards = [json.loads(text) for text in BOARD_TEXTS.values()]
    assert len({board["uid"] for board in boards}) == len(boards)
    assert [f"{board['uid']}.json" for board in boards] == list(BOARD_TEXTS)


def test_ids_are_unique(board: Json) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(board):
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_every_panel_fills_its_place_on_the_grid_alone(board: Json) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        grid = panel["gridPos"]
        places = {
            (x, y)
            for x in range(grid["x"], grid["x"] + grid["w"])
            for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert grid["x"] + grid["w"] <= 24
        assert not taken & places, panel["title"]
        taken |= places
    height = max(y for _, y in taken) + 1
    assert len(taken) == 24 * height, "a line is not filled"


def test_every_panel_is_explained_and_has_a_unit(board: Json) -> None:
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        assert len(panel["description"]) > 60, panel["title"]
        assert panel["description"].endswith(".")
        for unit in units_of(panel):
            assert unit in KNOWN_UNITS, panel["title"]


def is_matrix(panel: Json) -> bool:
    """Whether it is a table of one query by two labels."""
    return panel["type"] == "table" and "groupingToMatrix" in _steps(panel)


def _steps(panel: Json) -> list[str]:
    return [step["id"] for step in panel.get("transformations", ())]


def units_of(panel: Json) -> Iterator[str]:
    if panel["type"] != "table" or is_matrix(panel):
        yield panel["fieldConfig"]["defaults"]["unit"]
        return
    renamed = panel["transformations"][1]["options"]["renameByName"]
    columns = {title for name, title in renamed.items() if name.startswith("Value")}
    for override in panel["fieldConfig"]["overrides"]:
        options = {item["id"]: item.get("value") for item in override["properties"]}
        if override["matcher"]["options"] in columns:
            columns.remove(override["matcher"]["options"])
            yield options["unit"]
    assert not columns


def test_a_table_names_exactly_its_columns(board: Json) -> None:
    for panel in panels(board):
        if panel["type"] != "table" or is_matrix(panel):
            continue
        organized = panel["transformations"][1]["options"]
        values = {name for name in organized["renameByName"] if name.startswith("Value")}
        references = [target["refId"] for target in panel["targets"]]
        several = {f"Value #{reference}" for reference in references}
        assert values == (several if len(references) > 1 else {"Value"})
        titles = set(organized["renameByName"].values())
        assert {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]} <= titles
        assert {field["displayName"] for field in panel["options"]["sortBy"]} <= titles


def test_a_matrix_is_made_of_the_labels_of_its_query() -> None:
    boards = [json.loads(text) for text in BOARD_TEXTS.values()]
    matrices = [panel for board in boards for panel in panels(board) if is_matrix(panel)]
    assert matrices
    for panel in matrices:
        (target,) = panel["targets"]
        columns, made, rows = panel["transformations"]
        options = made["options"]
        row, column = options["rowField"], options["columnField"]
        assert options["valueField"] == "Value"
        assert f"by ({row}, {column})" in target["expr"]
        (override,) = panel["fieldConfig"]["overrides"]
        assert override["matcher"]["options"] == f"{row}\\{column}"
        # both in one order, also where a class is never taken for the first
        assert columns["options"]["sort"] == [{"field": column}]
        assert rows["options"]["sort"] == [{"field": f"{row}\\{column}"}]


def test_a_graph_over_a_label_is_made_of_the_labels_of_its_query() -> None:
    boards = [json.loads(text) for text in BOARD_TEXTS.values()]
    graphs = [p for b in boards for p in panels(b) if p["type"] in ("trend", "barchart")]
    assert {panel["type"] for panel in graphs} == {"trend", "barchart"}
    for panel in graphs:
        (target,) = panel["targets"]
        assert target["instant"]
        assert target["format"] == "table"
        (matrix,) = (
            s["options"] for s in panel["transformations"] if s["id"] == "groupingToMatrix"
        )
        row, column = matrix["rowField"], matrix["columnField"]
        assert panel["options"]["xField"] == f"{row}\\{column}"
        (grouped,) = re.findall(r"^max by \(([^)]*)\)", target["expr"])
        (sort,) = (s["options"]["sort"] for s in panel["transformations"] if s["id"] == "sortBy")
        assert {row, column, sort[0]["field"]} == set(grouped.split(", "))
        if panel["type"] == "trend":
            ends = ["convertFieldType", "sortBy", "groupingToMatrix", "convertFieldType"]
            assert _steps(panel) == ends, "numbers in order, and the axis a number again"


def test_thresholds_ascend_from_minus_infinity(board: Json) -> None:
    found = [
        steps
        for panel in panels(board)
        for steps in re.findall(r'"steps": (\[.*?\])', json.dumps(panel["fieldConfig"]))
    ]
    assert found
    for steps in map(json.loads, found):
        first, *others = (step["value"] for step in steps)
        assert first is None
        assert all(a < b for a, b in pairwise(others))


def test_the_data_source_is_always_the_one_that_is_chosen(board: Json) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(board):
        assert panel["datasource"] == chosen
        assert all(target["datasource"] == chosen for target in panel["targets"])
    for variable in board["templating"]["list"]:
        assert variable.get("datasource", chosen) == chosen
    assert all(marks["datasource"] == chosen for marks in board["annotations"]["list"])


def test_only_variables_that_exist_are_used(board: Json) -> None:
    defined = [variable["name"] for variable in board["templating"]["list"]]
    assert defined[0] == "datasource"
    for expr in expressions(board):
        assert set(re.findall(r"\$(\w+)", expr)) <= {*defined, *BUILT_IN}
    for place, variable in enumerate(board["templating"]["list"]):
        query = variable["query"]
        used = re.findall(r"\$(\w+)", query["query"]) if isinstance(query, dict) else []
        assert set(used) <= set(defined[:place]), "a variable depends on those before it"
        assert variable["description"]


def test_queries_name_metrics_and_labels_that_workers_export(board: Json) -> None:
    known = known_labels()
    every_label = set().union(*known.values()) | SCRAPED
    for expr in expressions(board):
        found = re.findall(r"\b((?:tidegauge|process)_\w+)(?:\{([^}]*)\})?", expr)
        assert found, expr
        for name, selector in found:
            assert name in known, expr
            selected = re.findall(r"(\w+)(?:=~|!=|=)", selector)
            assert set(selected) <= known[name] | SCRAPED, expr
        for grouped in re.findall(r"\b(?:by|on|group_left|group_right) \(([^)]*)\)", expr):
            made = set(re.findall(r', "(\w+)", "', expr))
            assert set(filter(None, re.split(r",\s*", grouped))) <= every_label | made, expr


def test_what_is_chosen_is_used_or_carried_on(board: Json) -> None:
    texts = json.dumps([board["panels"], board["annotations"], board["links"]])
    variables = board["templating"]["list"]
    queries = [v["query"]["query"] for v in variables if v["type"] == "query"]
    for variable in variables:
        used = re.search(rf"\$\{{?{variable['name']}\b", f"{texts} {queries}")
        # a hidden one is there for the dashboards that links lead to
        assert used or variable.get("hide") == 2, variable["name"]
        if variable.get("hide") == 2:
            assert variable["name"] in {
                "window",
                "kind",
                "feature",
                "segment_field",
                "segment_value",
            }


def test_links_lead_to_dashboards_and_keep_what_is_chosen(board: Json) -> None:
    addresses = {f"/d/{json.loads(text)['uid']}" for text in BOARD_TEXTS.values()}
    kinds = [v["name"] for v in board["templating"]["list"] if v["name"] == "kind"]
    urls = []
    for link in board["links"]:
        assert link["keepTime"]
        assert link["includeVars"], "all variables go along"
        urls.append(link["url"])
    assert f"/d/{board['uid']}" not in urls
    for url in re.findall(r'"url": "(/d/[^"]*)"', json.dumps(board["panels"])):
        address, _, query = url.partition("?")
        for kept in ("${datasource:queryparam}", "${window:queryparam}", "${__url_time_range}"):
            assert kept in query
        urls.append(address)
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert {"datasource", "window"} <= variables
    for url in urls:
        by_kind = [url.replace("${__data.fields.Kind}", kind) for kind in ModelKind]
        if "${kind}" in url:
            assert kinds
            by_kind = [url.replace("${kind}", kind) for kind in ModelKind]
        assert set(by_kind) <= addresses, url


def test_a_link_by_kind_is_in_a_row_that_has_it(board: Json) -> None:
    for panel in panels(board):
        if "__data.fields.Kind" in json.dumps(panel):
            assert panel["transformations"][1]["options"]["renameByName"]["kind"] == "Kind"


def test_every_kind_of_model_has_a_dashboard() -> None:
    for kind in ModelKind:
        text = BOARD_TEXTS[f"tidegauge-model-{kind}.json"]
        assert f'tidegauge_model_info{{kind=\\"{kind}\\"}}' in text
