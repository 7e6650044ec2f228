"""What is inside a panel: asks its queries, and draws the answers by its type."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tidegauge.dashboards.preview import graph, looks, rowed, tabular
from tidegauge.dashboards.preview.choice import SCRAPE_SECONDS, put_in
from tidegauge.dashboards.preview.frames import Frame, frame, transformed
from tidegauge.dashboards.preview.prometheus import Prometheus, Series

Json = dict[str, Any]
_LEGEND_LINE: Final = 22
_LEGEND_PART: Final = 0.35
"""Most of a panel's height that its legend takes."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How panels are asked.

    Attributes:
        server: Of whom.
        chosen: Values of the dashboard's variables.
        marks: What is marked in every graph.
    """

    server: Prometheus
    chosen: Mapping[str, str]
    marks: Sequence[graph.Mark] = ()

    @property
    def span(self) -> tuple[float, float]:
        """The range of time."""
        return self.server.start, self.server.end

    def answers(self, panel: Json, step: float) -> list[tuple[Json, list[Series]]]:
        """The queries of a panel, each with its answer."""
        return [(target, self.answer(target, step)) for target in panel.get("targets", ())]

    def answer(self, target: Json, step: float) -> list[Series]:
        """The answer to one query."""
        expr = put_in(target["expr"], self.chosen, self.server, step)
        if target.get("instant"):
            return self.server.now(expr)
        return self.server.over_time(expr, step)


def step_of(asking: Asking, points: int) -> float:
    """Seconds between points, as Grafana has it: not finer than what is scraped."""
    begin, end = asking.span
    return max(float(SCRAPE_SECONDS), round((end - begin) / max(points, 1)))


class Answered(NamedTuple):
    """A panel with the answers to its queries.

    Attributes:
        panel: Of a dashboard.
        answers: Queries with their series.
        asking: How they were asked.
        size: Room in pixels, width and height.
        step: Seconds between points.
    """

    panel: Json
    answers: Sequence[tuple[Json, list[Series]]]
    asking: Asking
    size: tuple[int, int]
    step: float

    @property
    def field(self) -> Json:
        """The defaults of the panel's fields."""
        found: Json = self.panel["fieldConfig"]["defaults"]
        return found

    def named(self) -> list[tuple[str, Series, str]]:
        """The series of all queries with their names and the ids of their queries."""
        return [
            (name_of(target.get("legendFormat", ""), series.labels), series, target["refId"])
            for target, found in self.answers
            for series in found
            if series.points
        ]

    def table(self) -> Frame:
        """The answers as one table."""
        several = len(self.answers) > 1
        frames = [
            frame(found, f"Value #{target['refId']}" if several else "Value")
            for target, found in self.answers
            if found or not several
        ]
        return transformed(frames, self.panel.get("transformations", ()))


def inside(panel: Json, asking: Asking, width: int, height: int) -> tuple[str, bool]:
    """What is drawn in a panel, and whether there is anything.

    Args:
        panel: Of a dashboard.
        asking: How its queries are asked.
        width: Room in pixels.
        height: Room in pixels.

    Raises:
        ValueError: The preview does not know the type of the panel.
    """
    draw = _DRAWN.get(panel["type"])
    if draw is None:
        raise ValueError(f"panel {panel['title']!r} is a {panel['type']}, unknown to the preview")
    step = step_of(asking, int(panel.get("maxDataPoints") or width))
    answers = asking.answers(panel, step)
    filled = any(found for _, found in answers)
    if not filled and panel["type"] != "table":
        said = panel["fieldConfig"]["defaults"].get("noValue") or "No data"
        return f'<div class="nodata">{html.escape(said)}</div>', False
    return draw(Answered(panel, answers, asking, (width, height), step)), filled


def _tile(its: Answered) -> str:
    points = [p for _, found in its.answers for one in found for p in one.points]
    return tabular.tile(points, its.panel, *its.size)


def _gauges(its: Answered) -> str:
    return tabular.gauges([(n, s.points[-1][1]) for n, s, _ in its.named()], its.panel)


def _rows(its: Answered) -> str:
    found = [(name, series) for name, series, _ in its.named()]
    merged = its.panel["type"] == "state-timeline"
    return rowed.rows(found, its.field, its.size, its.asking.span, its.step, merged=merged)


def name_of(legend: str, labels: Mapping[str, str]) -> str:
    """A series' name from its labels, by a legend format."""
    name = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), legend)
    return " ".join(name.split()) or "Value"


def _over_time(its: Answered) -> str:
    dashed = {
        override["matcher"]["options"]
        for override in its.panel["fieldConfig"].get("overrides", ())
        if override["matcher"]["id"] == "byFrameRefID"
        and any(option["id"] == "custom.lineStyle" for option in override["properties"])
    }
    lines = [
        graph.Line(name, looks.by_place(place), series.points, ref_id in dashed)
        for place, (name, series, ref_id) in enumerate(its.named())
    ]
    return _with_legend(its, lines, its.asking.span)


def _over_numbers(its: Answered) -> str:
    found, x_field = its.table(), its.panel["options"]["xField"]
    names = [name for name in found.columns if name != x_field]
    lines = [
        graph.Line(name, looks.by_place(place), _points(found, x_field, name), _dashed(its, name))
        for place, name in enumerate(names)
    ]
    xs = [float(row[x_field] or 0) for row in found.rows]
    return _with_legend(its, lines, (min(xs), max(xs)), times=False)


def _points(found: Frame, x_field: str, name: str) -> list[tuple[float, float]]:
    return [
        (float(row[x_field] or 0), float(value))
        for row in found.rows
        if (value := row.get(name)) is not None
    ]


def _dashed(its: Answered, name: str) -> bool:
    return "custom.lineStyle" in tabular.field_of(name, its.panel["fieldConfig"])


def _with_legend(
    its: Answered, lines: Sequence[graph.Line], x: tuple[float, float], *, times: bool = True
) -> str:
    field = its.field
    custom = field.get("custom", {})
    width, height = its.size
    legend, taken = _legend(its, lines, height)
    limits = [
        graph.Limit(threshold["value"], looks.color(threshold["color"]))
        for threshold in field.get("thresholds", {}).get("steps", ())
        if threshold["value"] is not None
        and custom.get("thresholdsStyle", {}).get("mode", "off") != "off"
    ]
    drawn = graph.Graph(
        width=width,
        height=height - taken,
        unit=field.get("unit", "none"),
        low=field.get("min"),
        high=field.get("max"),
        limits=limits,
        marks=its.asking.marks if times else (),
        stacked=custom.get("stacking", {}).get("mode", "none") != "none",
        symlog=custom.get("scaleDistribution", {}).get("type") == "symlog",
        steps=custom.get("lineInterpolation") == "stepAfter",
        x=x,
        times=times,
        step=its.step,
    )
    return drawn.svg(lines) + legend


def _legend(its: Answered, lines: Sequence[graph.Line], height: int) -> tuple[str, int]:
    """The legend, and how much of the height it takes."""
    options = its.panel["options"]["legend"]
    if not options.get("showLegend", True):
        return "", 0
    calcs: Sequence[str] = options.get("calcs", ())
    keys = "".join(
        f'<tr><td><i style="background:{line.color}"></i>{html.escape(line.name)}</td>'
        + "".join(
            f"<td>{html.escape(str(tabular.in_words(_CALCS[calc](line), its.field)))}</td>"
            for calc in calcs
            if line.points
        )
        + "</tr>"
        for line in lines
    )
    if options["displayMode"] == "list":
        names = "".join(
            f'<span><i style="background:{line.color}"></i>{html.escape(line.name)}</span>'
            for line in lines
        )
        return f'<div class="keys">{names}</div>', _LEGEND_LINE
    taken = min((len(lines) + 1) * _LEGEND_LINE, int(height * _LEGEND_PART))
    heads = "".join(f"<th>{_CALC_NAMES[calc]}</th>" for calc in calcs)
    table = f"<table><tr><th>Name</th>{heads}</tr>{keys}</table>"
    return f'<div class="legend" style="height:{taken}px">{table}</div>', taken


_CALCS: Final[dict[str, Callable[[graph.Line], float]]] = {
    "lastNotNull": lambda line: line.points[-1][1],
    "min": lambda line: min(y for _, y in line.points),
    "max": lambda line: max(y for _, y in line.points),
    "mean": lambda line: sum(y for _, y in line.points) / len(line.points),
}
_CALC_NAMES: Final = {"lastNotNull": "Last *", "min": "Min", "max": "Max", "mean": "Mean"}


def _grouped(its: Answered) -> str:
    found, x_field = its.table(), its.panel["options"]["xField"]
    width, height = its.size
    names = [name for name in found.columns if name != x_field]
    groups = [
        graph.Group(
            str(row[x_field]),
            [None if (cell := row.get(name)) is None else float(cell) for name in names],
        )
        for row in found.rows
    ]
    colors = [looks.by_place(place) for place in range(len(names))]
    lines = [graph.Line(name, shade, ()) for name, shade in zip(names, colors, strict=True)]
    legend, taken = _legend(its, lines, height)
    unit = its.field.get("unit", "none")
    return graph.bars(width, height - taken, unit, groups, colors) + legend


_DRAWN: Final[dict[str, Callable[[Answered], str]]] = {
    "stat": _tile,
    "table": lambda its: tabular.table(its.table(), its.panel),
    "bargauge": _gauges,
    "state-timeline": _rows,
    "status-history": _rows,
    "timeseries": _over_time,
    "trend": _over_numbers,
    "barchart": _grouped,
}
