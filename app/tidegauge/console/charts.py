"""Charts as options of ECharts: over time, distributions, curves.

Colours are names of variables of the style sheet. Text from events is a value here, never a key;
tips are drawn as text, not as markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tidegauge.console.nodes import Chart
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import (
    CalibrationPoint,
    DeploymentRecord,
    HistogramBar,
    MetricRecord,
    RocPoint,
    WindowState,
)
from tidegauge.live import words
from tidegauge.live.board import MOVED_FEATURES
from tidegauge.live.drift import LARGE_PSI, MODERATE_PSI
from tidegauge.live.figures import Figure
from tidegauge.live.trouble import deployed
from tidegauge.wire.plain import plain

COLOURS: Final = tuple(f"--series-{number}" for number in range(1, 7))
"""Of so many lines at most."""
_SPANS: Final = 12
"""Alerts and deployments that are marked in a chart: the latest."""
_DIGITS: Final = 5
_TIMES: Final = {
    "year": "{yyyy}-{MM}-{dd}",
    "month": "{MM}-{dd}",
    "day": "{MM}-{dd}",
    "hour": "{HH}:{mm}",
    "minute": "{HH}:{mm}",
    "second": "{HH}:{mm}:{ss}",
}

Options = dict[str, Any]


class Line(NamedTuple):
    """One line of a chart over time."""

    name: str
    windows: Sequence[MetricRecord]


def quality_over_time(
    lines: Sequence[Line],
    figure: Figure,
    alerts: Sequence[AlertRecord],
    deployments: Sequence[DeploymentRecord],
) -> Chart:
    """A figure of several versions or segments; what may still change is drawn hollow."""
    percent = figure.told is words.share
    series = [
        # the first one, which the page is about, lies on top
        _line(line, figure, COLOURS[number], percent) | {"z": 3 + len(lines) - number}
        for number, line in enumerate(lines)
    ]
    if series:
        series[0] |= {"markArea": _spans(alerts), "markLine": _marks(deployments)}
    options = _over_time(percent) | {
        "legend": _legend([line.name for line in lines]),
        "series": series,
    }
    label = f"{figure.title} over time of {', '.join(plain(line.name) for line in lines)}"
    return Chart(k="quality", label=label, height=300, chart=options)


def traffic_over_time(windows: Sequence[MetricRecord]) -> Chart:
    """Predictions of each window, those with a label apart."""
    labelled = [[w.start_ms, w.labelled] for w in windows]
    without = [[w.start_ms, w.predictions - w.labelled] for w in windows]
    bar: Options = {"type": "bar", "stack": "all", "barMaxWidth": 14}
    options = _over_time(percent=False, zero=True) | {
        "legend": _legend(["with a label", "without"]),
        "series": [
            bar | {"name": "with a label", "data": labelled, "itemStyle": {"color": "--bar"}},
            bar | {"name": "without", "data": without, "itemStyle": {"color": "--reference"}},
        ],
    }
    return Chart(k="traffic", label="Predictions over time", height=180, chart=options)


def features_over_time(windows: Sequence[MetricRecord]) -> Chart | None:
    """How far features were from the reference in each window; None where none was far.

    Args:
        windows: Of a whole version, in order of time. But for the newest, they have those features
            alone that moved.
    """
    closed = [w for w in windows if w.state is not WindowState.OPEN and w.reference is not None]
    moved = [
        {name: psi for name, f in w.features.items() if (psi := f.psi or 0.0) >= MODERATE_PSI}
        for w in closed
    ]
    highest: dict[str, float] = {}
    for drifts in moved:
        highest |= {name: max(psi, highest.get(name, 0.0)) for name, psi in drifts.items()}
    # the one that moved most on top, where the axis ends
    names = sorted(highest, key=lambda name: (highest[name], name))[-MOVED_FEATURES:]
    if not names or len(closed) < 2:
        return None
    times = [words.short_moment(window.start_ms) for window in closed]
    cells = [
        _drift(column, row, f"{plain(name)} from {time}", moved[column].get(name))
        for row, name in enumerate(names)
        for column, time in enumerate(times)
    ]
    options = _base() | {
        "grid": {"left": 170, "right": 20, "top": 34, "bottom": 28},
        "xAxis": {"type": "category", "data": times, **_axis()},
        "yAxis": {"type": "category", "data": [plain(name) for name in names], **_axis()},
        "visualMap": {
            "type": "piecewise",
            "dimension": 2,
            "pieces": [
                {"lt": MODERATE_PSI, "label": f"below {MODERATE_PSI}", "color": "--raised"},
                {"gte": MODERATE_PSI, "lt": LARGE_PSI, "label": "moved", "color": "--heat-1"},
                {"gte": LARGE_PSI, "lt": 1, "label": f"far, from {LARGE_PSI}", "color": "--heat-2"},
                {"gte": 1, "label": "from 1", "color": "--heat-3"},
            ],
            "orient": "horizontal",
            "top": 0,
            "left": 162,
            "itemWidth": 14,
            "itemHeight": 10,
            "textStyle": {"color": "--dim", "fontSize": 12},
        },
        "series": [
            {
                "type": "heatmap",
                "name": "PSI",
                "data": cells,
                "itemStyle": {"borderColor": "--surface", "borderWidth": 1},
            }
        ],
    }
    options["tooltip"] |= {"trigger": "item", "formatter": "{b}"}
    options["yAxis"]["axisLabel"] |= {"width": 150, "overflow": "truncate"}
    label = f"Drift of {', '.join(plain(name) for name in reversed(names))} by window"
    return Chart(k="drift", label=label, height=70 + 24 * len(names), chart=options)


def histogram(bars: Sequence[HistogramBar], label: str, key: str) -> Chart:
    """Counts between edges."""
    names = [f"{words.number(bar.lower)} to {words.number(bar.upper)}" for bar in bars]
    series = _bars("count", [bar.count for bar in bars], COLOURS[0])
    return Chart(k=key, label=label, height=220, chart=_by_name(names) | {"series": [series]})


def calibration(points: Sequence[CalibrationPoint]) -> Chart:
    """How often scores came true, beside the line of a calibrated model."""
    data = [[_rounded(p.mean_score), _rounded(p.positive_rate)] for p in points]
    options = _unit_square("score", "came true") | {"series": [_diagonal(), _curve("model", data)]}
    return Chart(k="calibration", label="Calibration", height=280, chart=options)


def roc(points: Sequence[RocPoint]) -> Chart:
    """True positives against false ones, beside the line of chance."""
    data = [[_rounded(p.false_positive_rate), _rounded(p.true_positive_rate)] for p in points]
    axes = _unit_square("false positive rate", "true positive rate")
    curve = _curve("model", data) | {"showSymbol": False}
    options = axes | {"series": [_diagonal(), curve]}
    return Chart(k="roc", label="ROC curve", height=280, chart=options)


def beside(
    names: Sequence[str], shares: Mapping[str, Sequence[float]], label: str, key: str
) -> Chart:
    """Shares of several distributions side by side.

    Args:
        names: Of the bins.
        shares: Of each distribution by bin; the first is drawn as the reference.
        label: What it shows.
        key: See `Chart`.
    """
    colours = ("--reference", *COLOURS)
    series = [
        _bars(name, [_rounded(100 * share) for share in of], colours[number])
        for number, (name, of) in enumerate(shares.items())
    ]
    options = _by_name([plain(name) for name in names]) | {
        "legend": _legend(list(shares)),
        "series": series,
    }
    options["yAxis"] |= {"axisLabel": {"formatter": "{value} %", "color": "--dim"}}
    return Chart(k=key, label=label, height=240, chart=options)


def _drift(column: int, row: int, name: str, psi: float | None) -> Options:
    told = f"below {MODERATE_PSI}" if psi is None else words.number(psi)
    return {"value": [column, row, _rounded(psi or 0)], "name": f"{name}: PSI {told}"}


def _line(line: Line, figure: Figure, colour: str, percent: bool) -> Options:
    points = []
    for window in line.windows:
        if window.state is WindowState.OPEN:
            continue
        value = figure.read(window)
        shown = None if value is None else _rounded(100 * value if percent else value)
        point: Options = {"value": [window.start_ms, shown]}
        if window.state is not WindowState.FINAL:
            point["itemStyle"] = {"color": "--surface", "borderColor": colour, "borderWidth": 1.5}
        points.append(point)
    return {
        "type": "line",
        "name": plain(line.name),
        "data": points,
        "symbol": "circle",
        "symbolSize": 5,
        "itemStyle": {"color": colour},
        "lineStyle": {"width": 1.75, "color": colour},
    }


def _spans(alerts: Sequence[AlertRecord]) -> Options:
    """When an alert fired; what overlaps is one span, and so evenly shaded."""
    latest = sorted(alerts, key=lambda alert: -alert.starts_at_ms)[:_SPANS]
    firing = [alert.starts_at_ms for alert in latest if alert.ends_at_ms is None]
    ended = [(a.starts_at_ms, a.ends_at_ms) for a in latest if a.ends_at_ms is not None]
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(ended):
        if spans and begin <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((begin, end))
    data = [_span(begin, end, "--reference") for begin, end in spans]
    data += [_span(min(firing), "max", "--crit")] if firing else []
    return {"silent": True, "label": {"show": False}, "data": data}


def _span(begin: int, end: int | str, colour: str) -> list[Options]:
    style = {"color": colour, "opacity": 0.14}
    return [{"xAxis": begin, "itemStyle": style}, {"xAxis": end}]


def _marks(deployments: Sequence[DeploymentRecord]) -> Options:
    together: dict[int, list[str]] = {}
    for mark in deployments[-_SPANS:]:
        together.setdefault(mark.time_ms, []).append(plain(deployed(mark)))
    data = [
        {"name": words.shortened(", ".join(new), 28), "xAxis": time_ms}
        for time_ms, new in together.items()
    ]
    return {
        "silent": True,
        "symbol": "none",
        "label": {
            "formatter": "{b}",
            "color": "--dim",
            "fontSize": 11,
            "rotate": 0,
            "position": "end",
        },
        "lineStyle": {"color": "--dim", "type": "dashed", "width": 1},
        "data": data,
    }


def _over_time(percent: bool, zero: bool = False) -> Options:
    unit = "{value} %" if percent else "{value}"
    return _base() | {
        "useUTC": True,
        "xAxis": {"type": "time", **_axis(formatter=_TIMES)},
        "yAxis": {"type": "value", "scale": not zero, **_axis(grid=True, formatter=unit)},
    }


def _by_name(names: Sequence[str]) -> Options:
    axis = _axis()
    axis["axisLabel"] |= {"hideOverlap": True, "width": 90, "overflow": "truncate"}
    return _base() | {
        "xAxis": {"type": "category", "data": list(names), **axis},
        "yAxis": {"type": "value", **_axis(grid=True)},
    }


def _unit_square(x: str, y: str) -> Options:
    ends: Options = {"type": "value", "min": 0, "max": 1}
    middle: Options = {"nameLocation": "middle", "nameTextStyle": {"color": "--dim"}}
    return _base() | {
        "grid": {"left": 52, "right": 16, "top": 16, "bottom": 44},
        "xAxis": ends | middle | {"name": x, "nameGap": 26, **_axis()},
        "yAxis": ends | middle | {"name": y, "nameGap": 36, **_axis(grid=True)},
    }


def _base() -> Options:
    return {
        "animation": False,
        "textStyle": {"fontFamily": "inherit"},
        "grid": {"left": 56, "right": 20, "top": 34, "bottom": 28},
        "tooltip": {
            "trigger": "axis",
            "renderMode": "richText",
            "confine": True,
            "backgroundColor": "--surface",
            "borderColor": "--line",
            "textStyle": {"color": "--text", "fontSize": 12},
        },
    }


def _axis(*, grid: bool = False, formatter: str | Mapping[str, str] | None = None) -> Options:
    label: Options = {"color": "--dim", "fontSize": 11.5}
    if formatter is not None:
        label["formatter"] = formatter
    return {
        "axisLabel": label,
        "axisLine": {"lineStyle": {"color": "--line"}},
        "axisTick": {"show": False},
        "splitLine": {"show": grid, "lineStyle": {"color": "--line"}},
    }


def _legend(names: Sequence[str]) -> Options:
    shown = len(names) > 1
    return {
        "show": shown,
        "data": [plain(name) for name in names],
        "top": 0,
        "left": 48,
        "itemWidth": 14,
        "itemHeight": 8,
        "textStyle": {"color": "--dim", "fontSize": 12},
    }


def _bars(name: str, values: Sequence[float], colour: str) -> Options:
    return {
        "type": "bar",
        "name": name,
        "data": list(values),
        "barMaxWidth": 26,
        "itemStyle": {"color": colour},
    }


def _curve(name: str, data: Sequence[Sequence[float]]) -> Options:
    style = {"color": COLOURS[0]}
    return {"type": "line", "name": name, "data": list(data), "symbolSize": 6,
            "itemStyle": style, "lineStyle": style | {"width": 1.75}}  # fmt: skip


def _diagonal() -> Options:
    style = {"color": "--reference", "type": "dashed", "width": 1}
    return {"type": "line", "name": "ideal", "data": [[0, 0], [1, 1]], "showSymbol": False,
            "itemStyle": {"color": "--reference"}, "lineStyle": style}  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
