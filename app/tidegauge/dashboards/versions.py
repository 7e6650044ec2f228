"""The dashboards of one model: its versions side by side, and what was deployed when."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import by_version
from tidegauge.dashboards.panels import COVERAGE
from tidegauge.dashboards.tables import Column, Key, rows

_PAIRED: Final = 'model="$model", version=~"$version", window="$window"'


def paired(figure: str) -> str:
    """A figure of each version and another one on the requests that both answered."""
    return f"max by (version, other_version) (tidegauge_paired_{figure}{{{_PAIRED}}})"


PAIRED_CLASSES: Final = (
    Column("Accuracy", paired("accuracy_ratio"), "percentunit", 1),
    Column("Less the other's", paired("accuracy_difference"), "percentunit", 2),
    Column("At least", paired("accuracy_difference_low"), "percentunit", 2),
    Column("At most", paired("accuracy_difference_high"), "percentunit", 2),
    Column("p-value", paired("p_value"), "none", 3),
)
PAIRED_NUMBERS: Final = (
    Column("MAE", paired("mean_absolute_error"), "short"),
    Column("Less the other's", paired("error_difference"), "short"),
    Column("At least", paired("error_difference_low"), "short"),
    Column("At most", paired("error_difference_high"), "short"),
    Column("Nearer", paired("nearer_ratio"), "percentunit", 1),
)


def versions_table(figures: Sequence[Column], *, width: int) -> Builder[models.Panel]:
    """Champion and challengers in one table.

    Args:
        figures: What versions of this kind of model are compared by.
        width: In grid columns.
    """
    coverage = by_version("label_coverage_ratio")
    return rows(
        "Versions side by side",
        "One line for each version that answered in the window: champion and shadows or "
        "challengers. Shadows see the same requests, so their figures compare; versions that "
        "share the traffic may see different parts of it. Few labels: wait, or choose a longer "
        "window.",
        [Key("version", "Version", width=80)],
        [
            Column("Predictions", by_version("window_predictions"), "short", width=95),
            Column("Labels", coverage, "percentunit", 0, COVERAGE, width=65),
            *figures,
            Column("Latency 99 %", by_version("latency_p99_seconds"), "s"),
        ],
        order="Predictions",
        width=width,
        height=5,
    )


def deployments_table(*, width: int) -> Builder[models.Panel]:
    """What was deployed when."""
    deployed = (
        'max by (kind, value, version) (tidegauge_deployment_timestamp_seconds{model="$model"})'
    )
    return rows(
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
        width=width,
        height=5,
    )


def paired_table(pairs: Sequence[Column], *, width: int) -> Builder[models.Panel]:
    """Versions on the requests that they share.

    Args:
        pairs: What versions of this kind of model are compared by on shared requests.
        width: In grid columns.
    """
    return rows(
        "Paired on shared requests",
        "Each version beside each other one, on the requests of the window that both answered "
        "and whose labels are known: the same cases, so what differs is the model. Less the "
        "other's lies between at least and at most with 95 % confidence: with zero between "
        "them, luck with these requests explains it. The p-value (of classes) is that both are "
        "right equally often; nearer (of numbers) is how often this one was nearer the label.",
        [
            Key("version", "Version", width=90),
            Key("other_version", "Other version", width=110),
        ],
        [
            Column("Shared requests", paired("predictions"), "short"),
            Column("Same answer", paired("agreement_ratio"), "percentunit", 1),
            *pairs,
        ],
        order="Version",
        ascending=True,
        empty="No two versions answered the same requests.",
        width=width,
        height=5,
    )
