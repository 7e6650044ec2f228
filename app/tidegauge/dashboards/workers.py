"""The pipeline: the workers, their partitions, and what they use."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.panels import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    Names,
    Query,
    lines,
    states,
)
from tidegauge.dashboards.tables import Column, Key, rows

_OPENING, _PARKED, _ACTIVE = 1, 2, 3
PARTITION_STATES: Final[Names] = (
    (str(_OPENING), "restoring", YELLOW),
    (str(_PARKED), "parked", BLUE),
    (str(_ACTIVE), "active", GREEN),
)
"""What a partition does, in words and colours."""
_STATE: Final = "max by (stage, partition) ({})".format(
    " or ".join(
        f'{number} * tidegauge_partition_state{{state=~"{names}"}}'
        for number, names in (
            (_ACTIVE, "active"),
            (_PARKED, "parked"),
            (_OPENING, "opening|restoring"),
        )
    )
)
_OF_WORKERS: Final = " and on (instance, job) tidegauge_worker_ready"


def workers() -> Sequence[Builder[models.Panel]]:
    """The workers, their partitions, and what they use."""
    cpu = f"rate(process_cpu_seconds_total[$__rate_interval]){_OF_WORKERS}"
    memory = f"process_resident_memory_bytes{_OF_WORKERS}"
    return (
        rows(
            "Workers",
            "One line for each worker that Prometheus reaches. Not ready: it starts or restores "
            "(its log says what); missing: it is down or not scraped.",
            [Key("instance", "Worker")],
            [
                Column(
                    "Ready",
                    "max by (instance) (tidegauge_worker_ready)",
                    "bool_yes_no",
                    None,
                    ((None, RED), (1, GREEN)),
                    width=65,
                ),
                Column(
                    "Partitions",
                    'count by (instance) (tidegauge_partition_state{state="active"})',
                    "short",
                    width=85,
                ),
                Column(
                    "Restored",
                    "min by (instance) (tidegauge_restore_ratio)",
                    "percentunit",
                    0,
                    width=80,
                ),
                Column(
                    "Rebalances",
                    "max by (instance) (tidegauge_rebalances_total)",
                    "short",
                    0,
                    width=95,
                ),
                Column("CPU", f"max by (instance) ({cpu})", "none", 2, width=60),
                Column("Memory", f"max by (instance) ({memory})", "bytes", width=85),
                Column(
                    "Series",
                    "max by (instance) (tidegauge_export_series)",
                    "short",
                    width=80,
                ),
            ],
            order="Worker",
            ascending=True,
            width=12,
        ),
        states(
            "Partitions",
            "What each partition of the two stages does. Restoring: its state is read back, and "
            "nothing of it is processed. Parked: it is committed, and held while the group of "
            "workers changes. A gap: no worker has it.",
            Query(_STATE, "{{stage}} {{partition}}"),
            names=PARTITION_STATES,
            width=12,
        ),
        lines(
            "Memory",
            "Resident memory of each worker. It grows with the predictions that wait for labels "
            "and with series and windows (docs on limits have the formula). Near the container's "
            "limit: more workers, a shorter horizon for labels, or fewer segments.",
            [Query(f"max by (instance) ({memory})", "{{instance}}")],
            unit="bytes",
            low=0,
            width=6,
        ),
        lines(
            "CPU",
            "Cores that each worker uses; one worker can use little more than one. At 1 while the "
            "lag grows: start another worker.",
            [Query(f"max by (instance) ({cpu})", "{{instance}}")],
            unit="none",
            low=0,
            width=6,
        ),
        lines(
            "Records that wait for a commit",
            "Changed records of state and outputs that the next commit writes. A sawtooth is good; "
            "a plateau at twice worker.commit_records: partitions wait for the broker.",
            [Query("sum by (stage) (tidegauge_uncommitted_records)", "{{stage}}")],
            unit="short",
            low=0,
            width=6,
        ),
        lines(
            "Series on the metrics page",
            "Series that workers export, and those that limits.series kept off. Not zero: made-up "
            "names, or many segments and features; docs on limits say what is left out first.",
            [
                Query("sum(tidegauge_export_series)", "exported"),
                Query("sum(tidegauge_export_series_dropped)", "left out"),
            ],
            unit="short",
            low=0,
            width=6,
        ),
    )
