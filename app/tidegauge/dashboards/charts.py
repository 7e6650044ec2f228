"""Panels whose horizontal axis is not time, and the matrix of values over time."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import barchart, common, statushistory, trend
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus as queries
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus

from tidegauge.dashboards.panels import (
    DATASOURCE,
    UNLEARNED,
    Query,
    Step,
    dashes,
    target,
    thresholds,
)
from tidegauge.dashboards.steps import as_matrix, in_order, number

COLUMNS_OF_TIME = 60
"""Cells of a row of a matrix over time: so many can be told apart in half a page."""


def history(
    title: str,
    description: str,
    query: Query,
    *,
    steps: Sequence[Step],
    unit: str = "none",
    width: int = 12,
    height: int = 10,
    link: tuple[str, str] | None = None,
) -> statushistory.Panel:
    """A matrix of distances: one row for each series, one cell for each time."""
    panel = (
        statushistory.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(target(query.expr, 0, query.legend))
        .max_data_points(COLUMNS_OF_TIME)
        .unit(unit)
        .decimals(2)
        .thresholds(thresholds(steps))
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .show_value(looks.VisibilityMode.NEVER)
        .legend(common.VizLegendOptions().show_legend(False))
        .no_value(UNLEARNED)
        .height(height)
        .span(width)
    )
    if link is not None:
        name, url = link
        panel.data_links([builders.DashboardLink(name).url(url)])
    return panel


def curves(
    title: str,
    description: str,
    expr: str,
    *,
    x: str,
    name: str,
    unit: str,
    stairs: bool = False,
    compared: Sequence[str] = (),
    low: float | None = None,
    high: float | None = None,
    width: int = 12,
    height: int = 9,
) -> trend.Panel:
    """Lines over a number that a label holds, one for each value of another label.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        expr: PromQL whose series have the two labels and no other.
        x: The label that holds the number.
        name: The label that tells lines apart.
        unit: Grafana's name of the unit of the values.
        stairs: Whether a value holds up to the next number.
        compared: Lines that the others are compared with, dashed.
        low: Where the axis of values begins, if that is not left to the data.
        high: Where it ends.
        width: In grid columns.
        height: In grid rows.
    """
    field = f"{x}\\{name}"
    panel = (
        trend.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(_present(expr))
        .unit(unit)
        .x_field(field)
        .line_width(2)
        .fill_opacity(0)
        .show_points(looks.VisibilityMode.NEVER)
        .line_interpolation(
            looks.LineInterpolation.STEP_AFTER if stairs else looks.LineInterpolation.LINEAR
        )
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
        .transformations([number(x), in_order(x), as_matrix(x, name), number(field)])
        .override_by_name(field, [models.DynamicConfigValue("unit", "none")])
        .height(height)
        .span(width)
    )
    for line in compared:
        panel.override_by_name(line, dashes())
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.max(high)
    return panel


def columns(
    title: str,
    description: str,
    expr: str,
    *,
    x: str,
    name: str,
    order: str,
    unit: str,
    width: int = 12,
    height: int = 9,
) -> barchart.Panel:
    """Upright bars in groups, one group for each bin of a reference.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        expr: PromQL whose series have the three labels.
        x: The label that groups are of.
        name: The label that the bars of a group are told apart by.
        order: The label that orders the groups.
        unit: Grafana's name of the unit of the values.
        width: In grid columns.
        height: In grid rows.
    """
    return (
        barchart.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(_present(expr))
        .unit(unit)
        .min(0)
        .x_field(f"{x}\\{name}")
        .x_tick_label_rotation(-35)
        .x_tick_label_max_length(16)
        .show_value(looks.VisibilityMode.NEVER)
        .group_width(0.8)
        .bar_width(0.94)
        .fill_opacity(80)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
        .transformations([in_order(order), as_matrix(x, name)])
        .no_value(UNLEARNED)
        .height(height)
        .span(width)
    )


def _present(expr: str) -> queries.Dataquery:
    return target(expr, 0).format(prometheus.PromQueryFormat.TABLE).instant()


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .calcs([])
    )
