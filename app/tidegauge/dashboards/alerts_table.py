"""What dashboards show of alerts that fire: a table, and how many there were over time."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.board import KIND_TITLE, MODEL_LINK
from tidegauge.dashboards.panels import BLUE, ORANGE, RED, Query, lines
from tidegauge.dashboards.tables import Column, Key, rows

SEVERITIES: Final = (
    ("critical", "critical", RED),
    ("warning", "warning", ORANGE),
    ("info", "info", BLUE),
)


OF_MODEL: Final = 'model="$model"'
"""Selects the model that is chosen."""
ABOUT: Final = Key("about", "Feature or class")
"""What an alert is about: it has one of the two, or none; a category stands with its feature."""
KIND: Final = Key("kind", KIND_TITLE, width=85)
"""Which of the dashboards of one model a row's link opens."""
KEYS: Final = (
    Key("severity", "Severity", names=SEVERITIES, width=75),
    Key("alertname", "Alert", width=165),
    Key("model", "Model", link=MODEL_LINK, width=120),
    Key("version", "Version", width=65),
    ABOUT,
    Key("segment_field", "Segments by", width=95),
    Key("segment_value", "Segment", width=80),
)
"""What alerts of all models are told apart by."""


def since(selector: str, keys: Sequence[Key]) -> str:
    """Since when, in seconds, each alert fires that has the labels of a selector.

    Args:
        selector: Labels of alerts.
        keys: What alerts are told apart by.
    """
    started, rest = "tidegauge_alert_start_timestamp_seconds", f", {selector}" if selector else ""
    plain, of_category = f'{started}{{category=""{rest}}}', f'{started}{{category!=""{rest}}}'
    of_all = f'label_join({plain}, "{ABOUT.label}", "", "feature", "class")'
    of_category = f'label_join({of_category}, "{ABOUT.label}", "=", "feature", "category")'
    return f"max by ({', '.join(key.label for key in keys)}) ({of_all} or {of_category})"


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


def firing_over_time(by_model: str) -> Builder[models.Panel]:
    """How many alerts fired at each time.

    Args:
        by_model: How many fire, by model.
    """
    return lines(
        "Firing over time",
        "Alerts that fired at each time, by model. A step up at the time of a deployment or an "
        "upstream change names its suspect.",
        [Query(by_model, "{{model}}")],
        unit="short",
        low=0,
        width=12,
    )
