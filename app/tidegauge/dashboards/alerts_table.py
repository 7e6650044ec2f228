"""The table of alerts, on every dashboard."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.panels import BLUE, ORANGE, RED
from tidegauge.dashboards.tables import Column, Key, rows

SEVERITIES: Final = (
    ("critical", "critical", RED),
    ("warning", "warning", ORANGE),
    ("info", "info", BLUE),
)


OF_MODEL: Final = 'model="$model"'
"""Selects the model that is chosen."""
ABOUT: Final = Key("about", "Feature or class")
"""What an alert is about: it has one of the two, or none."""


def since(selector: str, keys: Sequence[Key]) -> str:
    """Since when, in seconds, each alert fires that has the labels of a selector.

    Args:
        selector: Labels of alerts.
        keys: What alerts are told apart by.
    """
    started = f"tidegauge_alert_start_timestamp_seconds{{{selector}}}"
    about = f'label_join({started}, "{ABOUT.label}", "", "feature", "class")'
    return f"max by ({', '.join(key.label for key in keys)}) ({about})"


def firing(expr: str, *, width: int, keys: Sequence[Key]) -> Builder[models.Panel]:
    """The alerts that fire, the oldest first.

    Args:
        expr: Since when each fires, such as `since` gives.
        width: In grid columns.
        keys: What alerts are told apart by.
    """
    return rows(
        "Firing alerts",
        "Each line is one thing that is wrong now; empty is good. The start is event time. What to "
        "do: read the record with `tidegauge alerts`, it has the evidence and the ranked causes; "
        "then open the model and compare versions and segments. An alert goes away by itself when "
        "the change has faded.",
        keys,
        [Column("Since", f"{expr} * 1000", "dateTimeAsIso", width=165)],
        order="Since",
        ascending=True,
        empty="No alert fires.",
        width=width,
        height=9,
    )
