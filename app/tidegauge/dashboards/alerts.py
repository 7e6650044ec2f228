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


def firing(selector: str, *, width: int, keys: Sequence[Key]) -> Builder[models.Panel]:
    """The alerts that fire, the oldest first."""
    labels = ", ".join(key.label for key in keys)
    since = f"max by ({labels}) (tidegauge_alert_start_timestamp_seconds{{{selector}}}) * 1000"
    return rows(
        "Firing alerts",
        "Each line is one thing that is wrong now; empty is good. The start is event time. What to "
        "do: read the record with `tidegauge alerts`, it has the evidence and the ranked causes; "
        "then open the model and compare versions and segments. An alert goes away by itself when "
        "the change has faded.",
        keys,
        [Column("Since", since, "dateTimeAsIso")],
        order="Since",
        ascending=True,
        width=width,
        height=9,
    )
