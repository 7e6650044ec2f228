"""The overview: the workers themselves."""

from collections.abc import Sequence

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.panels import GREEN, RED, Query, lines
from tidegauge.dashboards.tables import Column, Key, rows


def workers() -> Sequence[Builder[models.Panel]]:
    """The workers themselves."""
    return (
        rows(
            "Workers",
            "One line for each worker that Prometheus reaches. Not ready: it starts or restores "
            "(its log says what); missing: it is down or not scraped.",
            [
                Key("instance", "Worker"),
            ],
            [
                Column(
                    "Ready",
                    "max by (instance) (tidegauge_worker_ready)",
                    "bool_yes_no",
                    None,
                    ((None, RED), (1, GREEN)),
                ),
                Column(
                    "Partitions",
                    'count by (instance) (tidegauge_partition_state{state="active"})',
                    "short",
                ),
                Column(
                    "Rebalances",
                    "max by (instance) (tidegauge_rebalances_total)",
                    "short",
                ),
                Column(
                    "Memory",
                    "max by (instance) (process_resident_memory_bytes"
                    " * on (instance, job) group_left () tidegauge_worker_ready)",
                    "bytes",
                ),
            ],
            order="Worker",
            ascending=True,
            width=8,
        ),
        lines(
            "Commit duration",
            "How long commits take, on average; each holds up its partition. Over the commit "
            "interval (1 s unless set) for long: fewer partitions a worker, or a faster broker.",
            [
                Query(
                    "sum by (stage) (rate(tidegauge_commit_duration_seconds_sum[$__rate_interval]))"
                    " / sum by (stage) "
                    "(rate(tidegauge_commit_duration_seconds_count[$__rate_interval]))",
                    "{{stage}}",
                )
            ],
            unit="s",
            low=0,
        ),
        lines(
            "Refused records",
            "Records per second that could not be used, by reason. `tidegauge dead-letters` shows "
            "them with what to do; a reason that begins with a deployment of a publisher is its.",
            [
                Query(
                    "sum by (topic, reason) (rate(tidegauge_dead_letters_total[$__rate_interval]))",
                    "{{topic}} {{reason}}",
                )
            ],
            unit="cps",
            low=0,
        ),
    )
