"""Tables, tiles and bars, as HTML."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from tidegauge.dashboards.preview.frames import Cell, Frame, Row, in_order
from tidegauge.dashboards.preview.looks import by_threshold, color, mapped
from tidegauge.dashboards.preview.units import Words, words

Json = dict[str, Any]


def field_of(name: str, config: Mapping[str, Any]) -> Json:
    """The configuration of the column or series of a name: the defaults, and what overrides them.

    Args:
        name: As it is shown.
        config: The panel's ``fieldConfig``.
    """
    found: Json = dict(config.get("defaults", {}))
    for override in config.get("overrides", ()):
        if override["matcher"] == {"id": "byName", "options": name}:
            for option in override["properties"]:
                found[option["id"]] = option.get("value")
    return found


def shown(value: Cell, field: Mapping[str, Any]) -> tuple[str, str | None]:
    """A value as it is shown, and the colour that a mapping gives it."""
    if value is None:
        return "", None
    text, shade = mapped(value, field)
    if text is None:
        text = value if isinstance(value, str) else str(in_words(value, field))
    return text, shade


def in_words(value: float, field: Mapping[str, Any]) -> Words:
    """A number in the unit of its field."""
    return words(value, field.get("unit", "none"), field.get("decimals"))


def table(found: Frame, panel: Mapping[str, Any]) -> str:
    """A table in the order that the panel sets."""
    config = panel["fieldConfig"]
    rows = found.rows
    for order in panel["options"].get("sortBy", ()):
        rows = in_order(rows, order["displayName"], descending=order["desc"])
    fields = {name: field_of(name, config) for name in found.columns}
    head, columns = [], []
    for name, field in fields.items():
        align = _align(field, rows, name)
        wide = field.get("custom.width")
        columns.append(f'<col style="width:{wide}px">' if wide else "<col>")
        head.append(f'<th class="{align}">{html.escape(field.get("displayName", name))}</th>')
    body = "".join(
        "<tr>" + "".join(_cell(row, name, fields[name], rows) for name in found.columns) + "</tr>"
        for row in rows
    )
    if not rows:
        empty = config["defaults"].get("noValue") or "No data"
        return f'<div class="nodata">{html.escape(empty)}</div>'
    return (
        f'<div class="scroll"><table><colgroup>{"".join(columns)}</colgroup>'
        f"<thead><tr>{''.join(head)}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _align(field: Mapping[str, Any], rows: Sequence[Row], name: str) -> str:
    if "custom.align" in field:
        return str(field["custom.align"])
    numbers = any(isinstance(row.get(name), float) for row in rows)
    return "right" if numbers else "left"


def _cell(row: Row, name: str, field: Mapping[str, Any], rows: Sequence[Row]) -> str:
    value = row.get(name)
    text, shade = shown(value, field)
    custom = field.get("custom", {})
    look = field.get("custom.cellOptions") or custom.get("cellOptions") or {}
    style, inside = "", html.escape(text)
    number = value if isinstance(value, float) else None
    if look.get("type") == "color-text":
        shade = shade or (by_threshold(number, field) if number is not None else "var(--text)")
        style = f' style="color:{shade}"'
    elif look.get("type") == "gauge" and number is not None:
        part = min(max(number / (field.get("max") or 1), 0), 1) * 100
        bar = by_threshold(number, field)
        inside = (
            f'<span class="gauge"><i style="width:{part:.0f}%;background:{bar}"></i></span>'
            f'<b style="color:{bar}">{inside}</b>'
        )
    elif look.get("type") == "color-background" and number is not None:
        part = min(max((number - field.get("min", 0)) / (field.get("max") or 1), 0), 1)
        style = f' style="background:rgb(31 96 196 / {part * 0.9:.2f})"'
    if field.get("links"):
        inside = f"<a>{inside}</a>"
    return f'<td class="{_align(field, rows, name)}"{style}>{inside}</td>'


def tile(
    values: Sequence[tuple[float, float]], panel: Mapping[str, Any], width: int, height: int
) -> str:
    """One number over its course."""
    field = panel["fieldConfig"]["defaults"]
    if not values:
        return f'<div class="tile">{html.escape(field.get("noValue", "No data"))}</div>'
    newest = values[-1][1]
    shade = by_threshold(newest, field)
    text, mapped_shade = mapped(newest, field)
    number = Words(text) if text is not None else in_words(newest, field)
    size = min(height * 0.62, width / (max(len(str(number)), 4) * 0.62), 64)
    return (
        _course(values, width, height, shade) + f'<div class="tile" style="color:'
        f'{mapped_shade or shade};font-size:{size:.0f}px">{html.escape(number.number)}'
        f"<small>{html.escape(number.suffix)}</small></div>"
    )


def _course(values: Sequence[tuple[float, float]], width: int, height: int, shade: str) -> str:
    if len(values) < 2:
        return ""
    (first, _), (last, _) = values[0], values[-1]
    low, high = min(v for _, v in values), max(v for _, v in values)
    if high == low:
        return ""
    points = [
        f"{(x - first) / (last - first) * width:.1f} "
        f"{height - (y - low) / (high - low) * height * 0.45:.1f}"
        for x, y in values
    ]
    return (
        f'<svg class="course" width="{width}" height="{height}"><path fill="{shade}" '
        f'class="area" d="M0 {height}L{"L".join(points)}L{width} {height}Z"/>'
        f'<path fill="none" stroke="{shade}" d="M{"L".join(points)}"/></svg>'
    )


def gauges(values: Sequence[tuple[str, float]], panel: Mapping[str, Any]) -> str:
    """One bar for each value."""
    field = panel["fieldConfig"]["defaults"]
    most = field.get("max") or max((value for _, value in values), default=0) or 1
    return (
        '<div class="bars">'
        + "".join(
            f"<span>{html.escape(name)}</span>"
            f'<div><i style="width:{max(value, 0) / most * 100:.1f}%;background:'
            f'{color(by_threshold(value, field))}"></i></div>'
            f"<b>{html.escape(str(in_words(value, field)))}</b>"
            for name, value in values
        )
        + "</div>"
    )
