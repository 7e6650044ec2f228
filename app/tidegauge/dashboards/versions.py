"""The dashboards of one model: its versions side by side, and what was deployed when."""

from collections.abc import Sequence

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import by_version
from tidegauge.dashboards.panels import COVERAGE
from tidegauge.dashboards.tables import Column, Key, rows


def versions(figures: Sequence[Column]) -> Sequence[Builder[models.Panel]]:
    """Champion and challengers in one table.

    Args:
        figures: What versions of this kind of model are compared by.
    """
    deployed = (
        'max by (kind, value, version) (tidegauge_deployment_timestamp_seconds{model="$model"})'
    )
    coverage = by_version("label_coverage_ratio")
    return (
        rows(
            "Versions side by side",
            "One line for each version that answered in the window: champion and shadows or "
            "challengers. Shadows see the same requests, so their figures compare; versions that "
            "share the traffic may see different parts of it. Few labels: wait, or choose a longer "
            "window. The same over time is below.",
            [Key("version", "Version", width=80)],
            [
                Column("Predictions", by_version("window_predictions"), "short", width=95),
                Column("Labels", coverage, "percentunit", 0, COVERAGE, width=65),
                *figures,
                Column("Latency 99 %", by_version("latency_p99_seconds"), "s"),
            ],
            order="Predictions",
            width=16,
            height=7,
        ),
        rows(
            "Deployments",
            "Versions, code versions and data versions by when each was first seen, in event time, "
            "the newest first. A change in the graphs that begins at such a time has its suspect; "
            "live traffic has blue marks there.",
            [
                Key("kind", "What", width=105),
                Key("value", "Value"),
                Key("version", "Version", width=75),
            ],
            [Column("First seen", f"{deployed} * 1000", "dateTimeAsIso", width=165)],
            order="First seen",
            width=8,
            height=7,
        ),
    )
