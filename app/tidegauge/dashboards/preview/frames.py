"""Answers as tables, and Grafana's transformations of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from tidegauge.dashboards.preview.prometheus import Series

Json = dict[str, Any]
Cell: TypeAlias = str | float | None
Row: TypeAlias = dict[str, Cell]
TIME: Final = "Time"


class Frame:
    """A table: the names of its columns in their order, and its rows."""

    def __init__(self, columns: Iterable[str], rows: Iterable[Row]) -> None:
        self.columns = list(dict.fromkeys(columns))
        self.rows = list(rows)


def frame(found: Sequence[Series], value: str) -> Frame:
    """The newest values of series as a table, one row for each.

    Args:
        found: Series with a value.
        value: The name of the column of values.
    """
    labels = sorted({label for one in found for label in one.labels})
    rows: list[Row] = [
        {TIME: one.points[-1][0], **one.labels, value: one.points[-1][1]}
        for one in found
        if one.points
    ]
    return Frame([TIME, *labels, value], rows)


def transformed(frames: Sequence[Frame], steps: Sequence[Json]) -> Frame:
    """One table from those of all queries, by the transformations of a panel.

    Raises:
        ValueError: A transformation is not known here.
    """
    found = list(frames)
    for step in steps:
        if step["id"] == "merge":
            found = [_merged(found)]
        elif step["id"] in _ONE_BY_ONE:
            found = [_ONE_BY_ONE[step["id"]](one, step["options"]) for one in found]
        else:
            raise ValueError(f"the transformation {step['id']!r} is not known to the preview")
    return found[0] if found else Frame((), ())


def _merged(frames: Sequence[Frame]) -> Frame:
    """Rows of equal labels as one; those of several queries differ in their values alone."""
    rows: dict[tuple[tuple[str, Cell], ...], Row] = {}
    for one in frames:
        for row in one.rows:
            key = tuple(
                sorted((n, c) for n, c in row.items() if not n.startswith("Value") and n != TIME)
            )
            rows.setdefault(key, {}).update(row)
    return Frame((name for one in frames for name in one.columns), rows.values())


def _organized(found: Frame, options: Mapping[str, Any]) -> Frame:
    dropped = {name for name, gone in options.get("excludeByName", {}).items() if gone}
    order = options.get("indexByName", {})
    names = options.get("renameByName", {})
    columns = [name for name in found.columns if name not in dropped]
    columns.sort(key=lambda name: order.get(name, len(order)))
    rows = [{names.get(name, name): row.get(name) for name in columns} for row in found.rows]
    return Frame([names.get(name, name) for name in columns], rows)


def _sorted(found: Frame, options: Mapping[str, Any]) -> Frame:
    (sort,) = options["sort"]
    return Frame(found.columns, in_order(found.rows, sort["field"], descending=sort.get("desc")))


def in_order(rows: Sequence[Row], column: str, *, descending: bool | None) -> list[Row]:
    """Rows by one column; those without a value last."""
    known = [row for row in rows if row.get(column) is not None]
    known.sort(key=lambda row: _rank(row[column]), reverse=bool(descending))
    return known + [row for row in rows if row.get(column) is None]


def _rank(cell: Cell) -> tuple[bool, float, str]:
    text = isinstance(cell, str)
    return text, 0.0 if text else float(cell or 0), str(cell)


def _as_matrix(found: Frame, options: Mapping[str, Any]) -> Frame:
    row_field, column_field = options["rowField"], options["columnField"]
    corner = f"{row_field}\\{column_field}"
    across = list(dict.fromkeys(str(row[column_field]) for row in found.rows))
    rows: dict[Cell, Row] = {}
    for row in found.rows:
        its = rows.setdefault(row[row_field], {corner: row[row_field]})
        its[str(row[column_field])] = row[options["valueField"]]
    return Frame([corner, *across], rows.values())


def _converted(found: Frame, options: Mapping[str, Any]) -> Frame:
    """Columns of text as numbers."""
    numbers = {c["targetField"] for c in options["conversions"] if c["destinationType"] == "number"}
    rows = [
        {name: _number(cell) if name in numbers else cell for name, cell in row.items()}
        for row in found.rows
    ]
    return Frame(found.columns, rows)


def _number(cell: Cell) -> Cell:
    return None if cell is None else float(cell)


_ONE_BY_ONE: Final[dict[str, Callable[[Frame, Mapping[str, Any]], Frame]]] = {
    "organize": _organized,
    "sortBy": _sorted,
    "groupingToMatrix": _as_matrix,
    "convertFieldType": _converted,
}
