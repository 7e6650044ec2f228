"""One page for a dashboard: its panels where the file has them, light or dark."""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final, NamedTuple

from tidegauge.dashboards.preview.choice import put_in
from tidegauge.dashboards.preview.graph import Mark
from tidegauge.dashboards.preview.looks import color
from tidegauge.dashboards.preview.panel import Asking, inside, name_of, step_of

Json = dict[str, Any]
WIDTH: Final = 1600
"""Of a page, in pixels."""
_COLUMNS: Final = 24
_CELL, _GAP = 30, 8
"""Height of a row of the grid, and the gap between panels, as Grafana has them."""
_MARGIN: Final = 16
_HEAD: Final = 32
"""Height of a panel's title."""
_PADDING: Final = 8
_TOP: Final = 96
_MARK_POINTS: Final = 120

_STYLE: Final = """
:root{--page:#f4f5f5;--panel:#fff;--line:#e2e3e6;--text:#24292e;--weak:#6a6f76;--link:#1f62e0;
color-scheme:light}
:root.dark{--page:#111217;--panel:#181b1f;--line:#2b2e34;--text:#ccccdc;--weak:#8e8e9d;
--link:#6e9fff;color-scheme:dark}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);
font:14px/1.4 Inter,"Helvetica Neue",Arial,sans-serif}
header{height:88px;padding:10px 16px;width:1600px}
h1{font-size:18px;font-weight:500;margin:0 0 8px;display:flex;gap:16px;align-items:center}
h1 button{font:inherit;font-size:12px;margin-left:auto;border:1px solid var(--line);
background:var(--panel);color:var(--text);border-radius:2px;padding:2px 8px}
header small{color:var(--weak);font-size:12px;font-weight:400}
.chips,.links{display:flex;gap:8px;font-size:12px;float:left}.links{float:right}
.chips span{border:1px solid var(--line);background:var(--panel);border-radius:2px;padding:4px 8px}
.chips b{font-weight:500;color:var(--link);margin-right:6px}
a{color:var(--link);text-decoration:none}
main{position:relative;width:1600px}
section{position:absolute;background:var(--panel);border:1px solid var(--line);border-radius:3px;
overflow:hidden;padding:0 8px 8px}
section h3{font-size:14px;font-weight:500;margin:0;line-height:32px;white-space:nowrap;
overflow:hidden;text-overflow:ellipsis}
h2{position:absolute;margin:0;font-size:15px;font-weight:500;line-height:30px}
h2:before{content:"⌄ ";color:var(--weak)}
svg{display:block;position:relative}
.grid{stroke:var(--line)}.tick{fill:var(--weak);font-size:12px}.area{fill-opacity:.25}
.state{fill-opacity:.75}
.tile{position:absolute;inset:32px 8px 8px;display:flex;align-items:center;justify-content:center;
font-weight:500}.tile small{font-size:.6em;margin-left:.1em;align-self:center}
.course{position:absolute;bottom:0;left:0}
.nodata{height:100%;display:flex;align-items:center;justify-content:center;color:var(--weak);
margin-top:-16px}
.scroll{overflow:hidden;height:100%}
table{border-collapse:collapse;width:100%;table-layout:fixed;font-size:13px}
.legend table{table-layout:auto;font-size:12px}
.legend{overflow:hidden}.legend td,.legend th{padding:1px 6px;text-align:right;border:0;height:21px}
.legend td:first-child,.legend th:first-child{text-align:left;width:100%}
.legend th{color:var(--link);font-weight:500}
i{font-style:normal}
.legend i,.keys i{display:inline-block;width:14px;height:4px;border-radius:1px;margin:0 6px 3px 0;
vertical-align:middle}.keys{font-size:12px}.keys span{margin-right:14px}
th,td{padding:4px 6px;border-bottom:1px solid var(--line);overflow:hidden;white-space:nowrap;
text-overflow:ellipsis;height:28px}
th{color:var(--text);font-weight:500;text-align:left;font-size:12px}
th.right,td.right{text-align:right}th.center,td.center{text-align:center}
.gauge{display:inline-block;width:calc(100% - 48px);height:14px;background:var(--page);
vertical-align:middle}.gauge i{display:block;height:100%}
td b{font-weight:400;display:inline-block;width:44px}
.bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:8px 10px;
align-items:center;font-size:13px;height:100%}
.bars div{background:var(--page);height:100%;min-height:14px;max-height:36px}
.bars i{display:block;height:100%}
"""
_SCRIPT: Final = """
const dark=()=>document.documentElement.classList.toggle("dark",location.hash==="#dark");
dark();addEventListener("hashchange",dark);
document.querySelector("button").onclick=
()=>{location.hash=location.hash==="#dark"?"#light":"#dark"};
"""


class Drawn(NamedTuple):
    """A page, and the titles of its panels that have nothing to show."""

    html: str
    empty: Sequence[str]


def page(board: Json, asking: Asking) -> Drawn:
    """Draw a dashboard.

    Args:
        board: As its file has it.
        asking: How its queries are asked.
    """
    marks = [mark for one in board["annotations"]["list"] for mark in _marks(one, asking)]
    marked = Asking(asking.server, asking.chosen, marks)
    parts, empty = [], []
    for panel in board["panels"]:
        x, y, width, height = _place(panel["gridPos"])
        if panel["type"] == "row":
            title = html.escape(put_in(panel["title"], asking.chosen, asking.server, 1.0))
            parts.append(f'<h2 style="left:{x}px;top:{y}px">{title}</h2>')
            continue
        room = (width - 2 * _PADDING - 2, height - _HEAD - _PADDING - 2)
        drawn, filled = inside(panel, marked, *room)
        if not filled:
            empty.append(panel["title"])
        title = put_in(panel["title"], asking.chosen, asking.server, 1.0)
        parts.append(
            f'<section style="left:{x}px;top:{y}px;width:{width}px;height:{height}px" '
            f'title="{html.escape(panel.get("description", ""))}"><h3>{html.escape(title)}</h3>'
            f'<div style="height:{room[1]}px">{drawn}</div></section>'
        )
    return Drawn(_whole(board, asking, "".join(parts)), empty)


def height_of(board: Json) -> int:
    """Height of the page of a dashboard, in pixels."""
    last = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    return int(_TOP + last * (_CELL + _GAP) + _MARGIN)


def _place(grid: Mapping[str, int]) -> tuple[int, int, int, int]:
    """Left, top, width and height of a panel in pixels."""
    column = (WIDTH - 2 * _MARGIN + _GAP) / _COLUMNS
    left = _MARGIN + round(grid["x"] * column)
    right = _MARGIN + round((grid["x"] + grid["w"]) * column) - _GAP
    row = _CELL + _GAP
    return left, grid["y"] * row, right - left, grid["h"] * row - _GAP


def _marks(query: Json, asking: Asking) -> list[Mark]:
    """Where what an annotation asks for begins."""
    step = step_of(asking, _MARK_POINTS)
    begin, end = asking.span
    found = []
    for series in asking.answer({"expr": query["expr"]}, step):
        text = name_of(query.get("titleFormat", ""), series.labels)
        if query.get("useValueForTime"):
            times = sorted({value / 1000 for _, value in series.points})
        else:
            # an event has begun where the series has a first point, or one after a gap
            at = [time for time, _ in series.points]
            times = at[:1] + [b for a, b in pairwise(at) if b - a > 2 * step]
        shade = color(query["iconColor"])
        found += [Mark(time, shade, text) for time in times if begin <= time <= end]
    return found


def _whole(board: Json, asking: Asking, body: str) -> str:
    chips = "".join(
        f"<span><b>{html.escape(v.get('label', v['name']))}</b>"
        f"{html.escape(_in_words(asking.chosen.get(v['name'], 'Prometheus')))}</span>"
        for v in board["templating"]["list"]
        if not v.get("hide")
    )
    links = "".join(
        f'<a href="{_address(link["url"], asking)}">{html.escape(link["title"])}</a>'
        for link in board.get("links", ())
    )
    begin, end = (f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}" for at in asking.span)
    title = html.escape(board["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title} (preview)</title>'
        f"<style>{_STYLE}</style><header><h1>{title}"
        f"<small>{begin} to {end} UTC · a preview, not Grafana</small>"
        f'<button type="button">Light or dark</button></h1><div class="chips">{chips}</div>'
        f'<div class="links">{links}</div></header>'
        f'<main style="height:{height_of(board) - _TOP}px">{body}</main>'
        f"<script>{_SCRIPT}</script></html>"
    )


def _address(url: str, asking: Asking) -> str:
    """The page of the dashboard that a link leads to."""
    path = put_in(url, asking.chosen, asking.server, 1.0).partition("?")[0]
    return f"{path.removeprefix('/d/')}.html"


def _in_words(value: str) -> str:
    return "All" if value in (".*", "^$", ".+") else value
