"""Deployments: when each version, code version and data version of a model was first seen."""

from collections.abc import Iterable, Iterator

from tidegauge.core.records import DeploymentKind, DeploymentRecord
from tidegauge.export.page import Metric, Row

SHOWN = 20
"""Deployments of one kind of one model that have a series, the latest ones."""

DEPLOYED = Metric(
    "tidegauge_deployment_timestamp_seconds",
    "Event time at which a version, code version or data version was first seen.",
    ("model", "kind", "value", "version"),
)
METRICS = (DEPLOYED,)


def deployment_rows(records: Iterable[DeploymentRecord]) -> Iterator[Iterable[Row]]:
    """The latest deployments of each model and kind, the latest of all first."""
    shown: dict[tuple[str, DeploymentKind], int] = {}
    for record in sorted(records, key=lambda r: (-r.time_ms, r.model, r.kind, r.value)):
        count = shown.get((record.model, record.kind), 0)
        if count < SHOWN:
            shown[record.model, record.kind] = count + 1
            labels = (record.model, record.kind.value, record.value, record.version)
            yield [Row(DEPLOYED, labels, record.time_ms / 1000)]
