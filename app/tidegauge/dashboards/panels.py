"""The kinds of panel that are used, in the look that all of them share.

Every panel has a description that says how to read it and what to do. Queries are PromQL as it is
sent; they aggregate over workers (a model's series move between them) by ``max`` or ``sum``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import statetimeline as timeline
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

DATASOURCE: Final = looks.DataSourceRef(type_val="prometheus", uid="${datasource}")
"""The data source that is chosen on the dashboard; no other is named anywhere."""
GREEN: Final = "green"
YELLOW: Final = "#EAB839"
ORANGE: Final = "orange"
RED: Final = "red"
BLUE: Final = "blue"
NEUTRAL: Final = "text"

Step: TypeAlias = tuple[float | None, str]
"""From which value on which colour holds; the first begins at None, minus infinity."""
Names: TypeAlias = tuple[tuple[str, str, str], ...]
"""Values as text, what is shown instead of them, and in which colour."""

PLAIN: Final[tuple[Step, ...]] = ((None, NEUTRAL),)
PART: Final[tuple[Step, ...]] = ((None, BLUE),)
"""A part of a whole, which is neither good nor bad."""
UNLEARNED: Final = "Not known yet: what is usual, or the reference, is still learned."
"""What a panel says that needs one of the two."""
SHIFT: Final[tuple[Step, ...]] = ((None, GREEN), (0.5, YELLOW), (1, ORANGE))
"""A change as a part of what is worth an alert; red is left to alerts."""
PSI: Final[tuple[Step, ...]] = ((None, GREEN), (0.1, YELLOW), (0.25, ORANGE))
"""The customary reading of the population stability index (Siddiqi, Credit Risk Scorecards, 2006):
below 0.1 no change, from 0.25 a large one; red is left to alerts."""
COVERAGE: Final[tuple[Step, ...]] = ((None, RED), (0.1, YELLOW), (0.5, GREEN))
NONE_IS_GOOD: Final[tuple[Step, ...]] = ((None, GREEN), (1, RED))


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel.

    Attributes:
        expr: PromQL, with Grafana's variables.
        legend: The series' names; ``{{label}}`` stands for a label.
        dashed: Drawn as a dashed line without fill: what the others are compared with.
    """

    expr: str
    legend: str
    dashed: bool = False


def thresholds(steps: Sequence[Step]) -> builders.ThresholdsConfig:
    """Colours by value."""
    return (
        builders.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value, color) for value, color in steps])
    )


def mapping(names: Names) -> models.ValueMap:
    """What is shown instead of single values."""
    return models.ValueMap(
        {
            value: models.ValueMappingResult(text=text, color=color, index=place)
            for place, (value, text, color) in enumerate(names)
        }
    )


def target(expr: str, number: int, legend: str = "") -> prometheus.Dataquery:
    """The query with the reference id of its number: A, B, C ..."""
    return (
        prometheus.Dataquery()
        .datasource(DATASOURCE)
        .ref_id(chr(ord("A") + number))
        .editor_mode(QueryEditorMode.CODE)
        .expr(expr)
        .legend_format(legend)
        .range()
    )


def value(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str,
    steps: Sequence[Step] = PLAIN,
    decimals: int | None = None,
    width: int = 4,
    link: tuple[str, str] | None = None,
) -> stat.Panel:
    """One number, coloured by its thresholds, over its course in the background.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        expr: PromQL of one series.
        unit: Grafana's name of the unit.
        steps: Colours by value.
        decimals: Digits after the point, or as Grafana finds fit.
        width: In grid columns.
        link: What a click opens: what it is called, and its address.
    """
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(target(expr, 0))
        .unit(unit)
        .thresholds(thresholds(steps))
        .color_mode(looks.BigValueColorMode.VALUE)
        .graph_mode(looks.BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("-")
        .height(4)
        .span(width)
    )
    if link is not None:
        name, url = link
        panel.data_links([builders.DashboardLink(name).url(url)])
    return panel if decimals is None else panel.decimals(decimals)


def lines(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    low: float | None = None,
    high: float | None = None,
    steps: Sequence[Step] = (),
    stacked: bool = False,
    far: bool = False,
    empty: str = "",
    width: int = 8,
    height: int = 8,
) -> timeseries.Panel:
    """Series over time.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        queries: What is drawn.
        unit: Grafana's name of the unit.
        low: Where the axis begins, if that is not left to the data.
        high: Where it ends.
        steps: Limits that are drawn as dashed lines.
        stacked: Whether the series are drawn on top of each other.
        far: Whether what is beyond 1 is on a logarithmic scale, as one series may go far there.
        empty: What it says without data.
        width: In grid columns.
        height: In grid rows.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .line_width(2)
        .fill_opacity(40 if stacked else 0)
        .show_points(looks.VisibilityMode.NEVER)
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC))
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(looks.LegendDisplayMode.TABLE)
            .placement(looks.LegendPlacement.BOTTOM)
            .calcs(["lastNotNull", "min", "max"])
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(looks.TooltipDisplayMode.MULTI)
            .sort(looks.SortOrder.DESCENDING)
        )
        .height(height)
        .span(width)
    )
    for number, query in enumerate(queries):
        panel.with_target(target(query.expr, number, query.legend))
        if query.dashed:
            panel.override_by_query(chr(ord("A") + number), dashes())
    if low is not None:
        panel.min(low)
    if high is not None:
        panel.max(high)
    if empty:
        panel.no_value(empty)
    if stacked:
        panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL))
    if far:
        panel.scale_distribution(
            common.ScaleDistributionConfig()
            .type(looks.ScaleDistribution.SYMLOG)
            .log(10)
            .linear_threshold(1)
        )
    if steps:
        panel.thresholds(thresholds(steps)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(looks.GraphThresholdsStyleMode.DASHED)
        )
    return panel


def bars(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    unit: str,
    width: int = 8,
    height: int = 8,
) -> bargauge.Panel:
    """The present as one bar for each series."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .thresholds(thresholds(((None, BLUE),)))
        .orientation(looks.VizOrientation.HORIZONTAL)
        .display_mode(looks.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .height(height)
        .span(width)
    )
    for number, query in enumerate(queries):
        panel.with_target(target(query.expr, number, query.legend).instant())
    return panel


def states(
    title: str,
    description: str,
    query: Query,
    *,
    steps: Sequence[Step] = PLAIN,
    names: Names = (),
    empty: str = "",
    width: int = 12,
    height: int = 8,
) -> timeline.Panel:
    """One bar for each series, coloured by the value it had at each time.

    Args:
        title: The panel's title.
        description: How to read it and what to do.
        query: What is shown.
        steps: Colours by value.
        names: Texts and colours of single values.
        empty: What it says without data.
        width: In grid columns.
        height: In grid rows.
    """
    panel = (
        timeline.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .with_target(target(query.expr, 0, query.legend))
        .unit("none")
        .decimals(0 if names else 2)
        .thresholds(thresholds(steps))
        .mappings([mapping(names)] if names else [])
        .color_scheme(builders.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
        .show_value(looks.VisibilityMode.NEVER)
        .merge_values(True)
        .legend(common.VizLegendOptions().show_legend(False))
        .height(height)
        .span(width)
    )
    return panel.no_value(empty) if empty else panel


def dashes() -> list[models.DynamicConfigValue]:
    """The look of a line that others are compared with."""
    return [
        models.DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
        models.DynamicConfigValue("custom.lineWidth", 1),
    ]
