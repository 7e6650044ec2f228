"""A dashboard from sections of panels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

TAG: Final = "tidegauge"
IDS_OF_A_SECTION: Final = 100
"""A section's panels are numbered from a multiple of this, so that links to the panels of the other
sections stay right when one is added."""
OVERVIEW: Final = "tidegauge-overview"
"""Address of the dashboard of all models."""
MODEL: Final = "tidegauge-model"
"""Address of a dashboard of one model, to which its kind is added."""
DRIFT: Final = "tidegauge-drift"
DATA_QUALITY: Final = "tidegauge-data-quality"
IMPROVE: Final = "tidegauge-improve"
"""Address of a dashboard of what would make one model better, to which its kind is added."""
ALERTS: Final = "tidegauge-alerts"
PIPELINE: Final = "tidegauge-pipeline"
KIND_TITLE: Final = "Kind"
"""Title of the column that tells a model's kind: `MODEL_LINK` reads it."""
_KEPT: Final = "${datasource:queryparam}&${window:queryparam}"


def opens(address: str, *chosen: str) -> str:
    """The address of a dashboard with what is chosen here, for a link from a panel.

    Args:
        address: Of the dashboard.
        chosen: What is chosen there in its stead, such as ``var-model=${__value.raw}``.
    """
    return "&".join((f"/d/{address}?{_KEPT}", *chosen, "${__url_time_range}"))


_BY_CELL: Final = "var-model=${__value.raw}"
MODEL_LINK: Final = (
    "Open this model",
    opens(f"{MODEL}-${{__data.fields.{KIND_TITLE}}}", _BY_CELL),
)
"""Opens the model that a cell names, with what is chosen."""
DRIFT_LINK: Final = ("What has moved, and why", opens(DRIFT, _BY_CELL))
"""Opens its drift, which is on one dashboard for models of any kind."""


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
        marks: What is marked in every graph.
        kind: The kind of the model that is shown, as a link's address names it; empty where there
            is no single one.
    """

    uid: str
    title: str
    description: str
    variables: Sequence[Builder[models.VariableModel]]
    sections: Sequence[Section]
    marks: Sequence[builders.AnnotationQuery]
    kind: str = ""

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
        )
        for marks in self.marks:
            board.annotation(marks)
        for title, address in self._others():
            board.link(
                builders.DashboardLink(title)
                .type(models.DashboardLinkType.LINK)
                .url(f"/d/{address}")
                .include_vars(True)
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

    def _others(self) -> Iterator[tuple[str, str]]:
        """Titles and addresses of the other dashboards."""
        kind = self.kind
        places = (
            ("Overview", OVERVIEW),
            *((("Model", f"{MODEL}-{kind}"),) if kind else ()),
            ("Drift and why", DRIFT),
            ("Data quality", DATA_QUALITY),
            *((("Improve", f"{IMPROVE}-{kind}"),) if kind else ()),
            ("Alerts", ALERTS),
            ("Pipeline", PIPELINE),
        )
        return (place for place in places if place[1] != self.uid)


class _Numbered(Builder[models.Panel]):
    """A panel that is built already."""

    def __init__(self, panel: models.Panel, number: int) -> None:
        self._panel = panel
        self._panel.id_val = number

    def build(self) -> models.Panel:
        return self._panel
