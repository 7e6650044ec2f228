"""Tables: one row for each combination of some labels, one column for each query."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus

from tidegauge.dashboards.panels import DATASOURCE, Names, Step, mapping, target, thresholds
from tidegauge.dashboards.steps import as_matrix, in_order

_PLAIN_BACKGROUND: Final = looks.TableCellBackgroundDisplayMode.BASIC


@dataclass(frozen=True, slots=True)
class Key:
    """A column of label values.

    Attributes:
        label: The label.
        title: The column's title.
        link: Address that a click on a cell opens, and what it is called.
        names: Colours, and other texts, of single values.
        width: In pixels, or as wide as there is room.
    """

    label: str
    title: str
    link: tuple[str, str] | None = None
    names: Names = ()
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of values; its query aggregates by the labels of the table's keys.

    Attributes:
        title: The column's title.
        expr: PromQL.
        unit: Grafana's name of the unit.
        decimals: Digits after the point, or as Grafana finds fit.
        steps: Colours by value, or none.
        bar: The end of the scale when cells are drawn as bars.
        names: What is shown instead of single values.
        width: In pixels, or as wide as there is room.
        lead: Whether it stands before the label values.
    """

    title: str
    expr: str
    unit: str
    decimals: int | None = None
    steps: tuple[Step, ...] = ()
    bar: float | None = None
    names: Names = ()
    width: int | None = None
    lead: bool = False


def rows(
    title: str,
    description: str,
    keys: Sequence[Key],
    columns: Sequence[Column],
    *,
    order: str,
    ascending: bool = False,
    empty: str = "",
    width: int = 24,
    height: int = 8,
) -> table.Panel:
    """A table of the present, ordered by the column titled ``order``; ``empty`` if it has none."""
    panel = (
        _table(title, description, width, height)
        .sort_by([common.TableSortByFieldState().display_name(order).desc(not ascending)])
        .no_value(empty)
    )
    names = {key.label: key.title for key in keys}
    for number, column in enumerate(columns):
        query = target(column.expr, number)
        panel.with_target(query.format(prometheus.PromQueryFormat.TABLE).instant())
        # Grafana numbers the value fields only where there are several
        field = f"Value #{chr(ord('A') + number)}" if len(columns) > 1 else "Value"
        if column.lead:
            names = {field: column.title, **names}
        names[field] = column.title
        panel.override_by_name(column.title, _column_look(column))
    for key in keys:
        if look := _key_look(key):
            panel.override_by_name(key.title, look)
    panel.with_transformation(models.DataTransformerConfig("merge", options={}))
    return panel.with_transformation(
        models.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": names,
            },
        )
    )


def matrix(
    title: str,
    description: str,
    row: Key,
    column: Key,
    expr: str,
    *,
    width: int = 12,
    height: int = 8,
) -> table.Panel:
    """A table of shares by two labels, the darker the larger, from one query."""
    corner = f"{row.label}\\{column.label}"
    panel = (
        _table(title, description, width, height)
        .with_target(target(expr, 0).format(prometheus.PromQueryFormat.TABLE).instant())
        .unit("percentunit")
        .decimals(1)
        .min(0)
        .max(1)
        .no_value("")
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.CONTINUOUS_BLUES))
        .cell_options(looks.TableColoredBackgroundCellOptions(mode=_PLAIN_BACKGROUND))
        .override_by_name(
            corner,
            [
                _option("displayName", f"{row.title} \\ {column.title}"),
                _option("custom.cellOptions", {"type": "auto"}),
            ],
        )
    )
    # rows and columns come in the order in which they are met, and a row may lack any column
    return panel.transformations(
        [in_order(column.label), as_matrix(row.label, column.label), in_order(corner)]
    )


def _table(title: str, description: str, width: int, height: int) -> table.Panel:
    return (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .show_header(True)
        .cell_height(looks.TableCellHeight.SM)
        .height(height)
        .span(width)
    )


def _column_look(column: Column) -> list[models.DynamicConfigValue]:
    look = [_option("unit", column.unit), _option("custom.align", "right")]
    if column.width is not None:
        look.append(_option("custom.width", column.width))
    if column.decimals is not None:
        look.append(_option("decimals", column.decimals))
    if column.steps:
        look.append(_option("thresholds", thresholds(column.steps).build()))
    if column.bar is not None:
        look += [
            _option("min", 0),
            _option("max", column.bar),
            _option("custom.cellOptions", {"type": "gauge", "mode": "basic"}),
        ]
    elif column.steps or column.names:
        look.append(_option("custom.cellOptions", {"type": "color-text"}))
    if column.names:
        look.append(_option("mappings", [mapping(column.names)]))
    return look


def _key_look(key: Key) -> list[models.DynamicConfigValue]:
    look = []
    if key.width is not None:
        look.append(_option("custom.width", key.width))
    if key.link is not None:
        title, url = key.link
        look.append(_option("links", [{"title": title, "url": url, "targetBlank": False}]))
    if key.names:
        look += [
            _option("mappings", [mapping(key.names)]),
            _option("custom.cellOptions", {"type": "color-text"}),
        ]
    return look


def _option(name: str, value: Any) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(name, value)
