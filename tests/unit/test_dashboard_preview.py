"""The preview: values in words, tables as Grafana transforms them, pages with all panels."""

import json
import math
import re
from typing import Any

import pytest

from tidegauge.dashboards.generate import BOARDS
from tidegauge.dashboards.preview.choice import chosen, put_in
from tidegauge.dashboards.preview.frames import Frame, frame, transformed
from tidegauge.dashboards.preview.graph import x_words
from tidegauge.dashboards.preview.looks import by_threshold, mapped
from tidegauge.dashboards.preview.page import page
from tidegauge.dashboards.preview.panel import Asking, name_of
from tidegauge.dashboards.preview.prometheus import Prometheus, PrometheusError, Series
from tidegauge.dashboards.preview.units import tick_words, ticks, words

Json = dict[str, Any]
START, END = 1_700_000_000.0, 1_700_000_900.0
OFFERED = {
    "window": ["1h", "1d"],
    "model": ["delay"],
    "version": ["1", "2"],
    "kind": ["regression"],
    "feature": ["<b>carrier"],
    "segment_field": ["", "origin"],
    "segment_value": ["", "JFK"],
}


class Played(Prometheus):
    """Answers every query with two series that have each label that a query may group by."""

    def _series(self, expr: str, times: list[float]) -> list[Series]:
        grouped = re.findall(r"\bby \(([^)]*)\)", expr)
        labels = grouped[0].split(", ") if grouped else []
        # what a label means decides what fits: numbers for axes, names for all else
        numbers = {"threshold", "bin", "score", "place"}
        return [
            Series(
                {label: str(n / 2) if label in numbers else f"<{label}{n}>" for label in labels},
                [(at, math.sin(at) + n) for at in times],
            )
            for n in (0, 1)
        ]

    def now(self, expr: str) -> list[Series]:
        assert "$" not in expr.replace("^$", "")
        return self._series(expr, [self.end])

    def over_time(self, expr: str, step: float) -> list[Series]:
        assert "$" not in expr.replace("^$", "")
        return self._series(expr, [self.start + at * step for at in range(4)])

    def label_values(self, label: str, selector: str) -> list[str]:
        assert "$" not in selector.replace("^$", "")
        return OFFERED[label]


class Silent(Played):
    """Has nothing."""

    def _series(self, *_: object) -> list[Series]:
        return []


@pytest.fixture(params=list(BOARDS.documents()))
def board(request: pytest.FixtureRequest) -> Json:
    loaded: Json = json.loads(BOARDS.documents()[request.param])
    return loaded


def test_a_page_has_every_panel_and_escapes_what_comes_from_events(board: Json) -> None:
    server = Played("http://nowhere", START, END)
    drawn = page(board, Asking(server, chosen(board, server, {})))
    assert not drawn.empty
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert drawn.html.count("<section") == len(panels)
    assert "<b>carrier" not in drawn.html
    assert not re.search(r"<(model|version|feature|reason)\d", drawn.html)
    assert not re.search(r'(src|href)="?(https?:)?//', drawn.html), "it works offline"


def test_panels_without_data_are_named(board: Json) -> None:
    server = Silent("http://nowhere", START, END)
    drawn = page(board, Asking(server, chosen(board, server, {})))
    assert set(drawn.empty) == {p["title"] for p in board["panels"] if p["type"] != "row"}


def test_what_is_wanted_is_chosen_where_it_is_offered() -> None:
    board = json.loads(BOARDS.documents()["tidegauge-model-binary.json"])
    server = Played("http://nowhere", START, END)
    assert chosen(board, server, {"window": "1h", "model": "other"}) == {
        "model": "delay",
        "version": ".*",
        "segment_field": "^$",
        "segment_value": ".*",
        "window": "1h",
        "feature": "<b>carrier",
    }
    assert put_in("f[$__rate_interval] ${model}", {"model": "m"}, server, 30.0) == "f[35s] m"


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.5, "percentunit", 1, "50.0%"),
        (0.1234, "percentunit", None, "12.3%"),
        (-0.0001, "percentunit", 1, "0.0%"),
        (1234.0, "short", None, "1.23 K"),
        (3e6, "short", None, "3 Mil"),
        (2048.0, "bytes", None, "2 KiB"),
        (12.5, "cps", None, "12.5 c/s"),
        (1500.0, "reqps", None, "1.50K req/s"),
        (0.064, "s", None, "64 ms"),
        (90.0, "s", 1, "1.5 mins"),
        (0.0, "none", 2, "0.00"),
        (1.0, "bool_yes_no", None, "Yes"),
        (1_357_034_400_000, "dateTimeAsIso", None, "2013-01-01 10:00:00"),
    ],
)
def test_values_are_worded_as_grafana_does(
    value: float, unit: str, decimals: int | None, text: str
) -> None:
    assert str(words(value, unit, decimals)) == text


def test_a_unit_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="'furlongs' is not known"):
        words(1.0, "furlongs")


def test_axes_have_round_marks() -> None:
    assert ticks(0, 1, 4) == [0, 0.25, 0.5, 0.75, 1]
    assert tick_words([0, 0.25, 0.5], "percentunit") == ["0%", "25%", "50%"]
    assert tick_words([0.0, 0.5, 1.0], "none") == ["0.0", "0.5", "1.0"]
    assert x_words((0.0, 900.0), 4, times=True)[1] == (300.0, "00:05")


def test_tables_are_merged_and_organized() -> None:
    left = frame([Series({"model": "a"}, [(1.0, 2.0)])], "Value #A")
    right = frame(
        [Series({"model": "a"}, [(1.0, 3.0)]), Series({"model": "b"}, [(1.0, 4.0)])], "Value #B"
    )
    names = {"model": "Model", "Value #A": "First", "Value #B": "Second"}
    order = {name: place for place, name in enumerate(names)}
    options = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": names}
    steps = [{"id": "merge", "options": {}}, {"id": "organize", "options": options}]
    table = transformed([left, right], steps)
    assert table.columns == ["Model", "First", "Second"]
    assert table.rows == [
        {"Model": "a", "First": 2.0, "Second": 3.0},
        {"Model": "b", "First": None, "Second": 4.0},
    ]


def test_a_matrix_has_numbers_in_order() -> None:
    found = Frame(
        ["x", "name", "Value"],
        [
            {"x": "10", "name": "p", "Value": 1.0},
            {"x": "2", "name": "p", "Value": 2.0},
            {"x": "2", "name": "q", "Value": 3.0},
        ],
    )
    number = {"conversions": [{"targetField": "x", "destinationType": "number"}]}
    by = {"rowField": "x", "columnField": "name", "valueField": "Value"}
    steps = [
        {"id": "convertFieldType", "options": number},
        {"id": "sortBy", "options": {"sort": [{"field": "x"}]}},
        {"id": "groupingToMatrix", "options": by},
    ]
    table = transformed([found], steps)
    assert table.columns == ["x\\name", "p", "q"]
    assert table.rows == [{"x\\name": 2.0, "p": 2.0, "q": 3.0}, {"x\\name": 10.0, "p": 1.0}]


def test_colours_follow_thresholds_and_mappings() -> None:
    steps = [{"color": "green", "value": None}, {"color": "#123456", "value": 1}]
    field = {"thresholds": {"steps": steps}}
    assert by_threshold(0.9, field) == "#73BF69"
    assert by_threshold(1.0, field) == "#123456"
    names = {"mappings": [{"options": {"2": {"text": "alert", "color": "red"}}}]}
    assert mapped(2.0, names) == ("alert", "#F2495C")
    assert mapped(1.0, names) == (None, None)
    assert name_of("{{a}} {{ b }} ", {"a": "x"}) == "x"


def test_a_prometheus_that_does_not_answer_is_told() -> None:
    with pytest.raises(PrometheusError, match=r"no Prometheus answers at http://127\.0\.0\.1:9"):
        Prometheus("http://127.0.0.1:9", START, END).now("up")
    with pytest.raises(PrometheusError, match="is no address"):
        Prometheus("localhost:9090", START, END).now("up")
