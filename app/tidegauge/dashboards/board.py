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
OVERVIEW: Final = "tidegauge-overview"
"""Address of the dashboard of all models."""
MODEL: Final = "tidegauge-model"
"""Address of a dashboard of one model, to which its kind is added."""
KIND_TITLE: Final = "Kind"
"""Title of the column that tells a model's kind: `MODEL_LINK` reads it."""
_KEPT: Final = "${datasource:queryparam}&${window:queryparam}"
_MODEL_ADDRESS: Final = (
    f"/d/{MODEL}-${{__data.fields.{KIND_TITLE}}}?{_KEPT}"
    "&var-model=${__value.raw}&${__url_time_range}"
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
        deployments: PromQL of the times at which something was deployed, in ms, and their text.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[Builder[models.VariableModel]]
    sections: Sequence[Section]
    alerts: tuple[str, str]
    deployments: tuple[str, str]

    def build(self) -> models.Dashboard:
        """The dashboard as Grafana reads it."""
        board = (
            builders.Dashboard(self.title)
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .timezone("utc")
            .time("now-1h", "now")
            .refresh("10s")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .annotation(_marks("Firing alerts", "red", self.alerts))
            .annotation(_marks("Deployments", "blue", self.deployments).use_value_for_time(True))
        )
        if self.uid != OVERVIEW:
            board.link(
                builders.DashboardLink("Overview")
                .type(models.DashboardLinkType.LINK)
                .url(f"/d/{OVERVIEW}?{_KEPT}")
                .keep_time(True)
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


def _marks(name: str, color: str, what: tuple[str, str]) -> builders.AnnotationQuery:
    expr, text = what
    return (
        builders.AnnotationQuery()
        .name(name)
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color(color)
        .expr(expr)
        .title_format(text)
    )
