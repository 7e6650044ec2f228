"""A dashboard from sections of panels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.panels import DATASOURCE

TAG: Final = "tidegauge"
IDS_OF_A_SECTION: Final = 100
"""A section's panels are numbered from a multiple of this, so that links to the panels of the other
sections stay right when one is added."""
MODEL: Final = "tidegauge-model"
"""Address of the dashboard of one model."""
_MODEL_ADDRESS: Final = (
    f"/d/{MODEL}?${{datasource:queryparam}}&var-model=${{__value.raw}}"
    "&${window:queryparam}&${__url_time_range}"
)
MODEL_LINK: Final = ("Open this model", _MODEL_ADDRESS)
"""Opens the model that a cell names, with what is chosen."""


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under a heading, laid out from left to right; each line fills the grid's width."""

    title: str
    panels: Sequence[Builder[models.Panel]]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard.

    Attributes:
        uid: Its address; it never changes.
        title: Its title.
        description: What it is for.
        variables: What can be chosen.
        sections: Its panels.
        alerts: PromQL of the alerts whose times are marked in every graph, and the marks' text.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[Builder[models.VariableModel]]
    sections: Sequence[Section]
    alerts: tuple[str, str]

    def build(self) -> models.Dashboard:
        """The dashboard as Grafana reads it."""
        expr, text = self.alerts
        board = (
            builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .timezone("utc")
            .time("now-1h", "now")
            .refresh("10s")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .link(
                builders.DashboardLink("Tidegauge")
                .type(models.DashboardLinkType.DASHBOARDS)
                .tags([TAG])
                .as_dropdown(False)
                .keep_time(True)
                .include_vars(True)
            )
            .annotation(
                builders.AnnotationQuery()
                .name("Firing alerts")
                .datasource(DATASOURCE)
                .enable(True)
                .icon_color("red")
                .expr(expr)
                .title_format(text)
            )
        )
        for variable in self.variables:
            board.with_variable(variable)
        for number, section in enumerate(self.sections):
            first = (number + 1) * IDS_OF_A_SECTION
            board.with_row(builders.Row(section.title).id(first))
            for place, panel in enumerate(section.panels, start=first + 1):
                board.with_panel(_Numbered(panel.build(), place))
        return board.build()


class _Numbered(Builder[models.Panel]):
    """A panel that is built already."""

    def __init__(self, panel: models.Panel, number: int) -> None:
        self._panel = panel
        self._panel.id_val = number

    def build(self) -> models.Panel:
        return self._panel
