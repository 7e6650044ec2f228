"""The topics: what each is for, how it is keyed and kept.

This is the written definition. `tidegauge.kafka.admin` creates topics by it and
`tidegauge.kafka.check` compares what exists with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, TypeAlias

from tidegauge.settings.duration import milliseconds
from tidegauge.settings.kafka import TopicNames, TopicsSettings

CleanupPolicy: TypeAlias = Literal["delete", "compact", "compact,delete"]

BROKER_DEFAULT: Final = -1
"""In place of a replication factor: the broker's own ``default.replication.factor``."""

_COMPACTION_LAG: Final = timedelta(days=7)

# State is read back whole at every start, so what is obsolete should go soon: compaction begins
# when a tenth is obsolete, and small segments leave little out of its reach. Tombstones need to
# outlast one restore only.
_STATE_TUNING: Final[Mapping[str, str]] = {
    "min.cleanable.dirty.ratio": "0.1",
    "segment.bytes": str(64 * 1024 * 1024),
    "segment.ms": str(milliseconds(timedelta(minutes=10))),
    "delete.retention.ms": str(milliseconds(timedelta(hours=1))),
}


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it should be.

    Attributes:
        role: What the settings call it: the field's name in `TopicNames`.
        name: Its full name in the cluster.
        key: What the record key is.
        value: What one record is.
        partitions: Number of partitions.
        replication: Copies of each partition, or `BROKER_DEFAULT`.
        cleanup: Kafka's ``cleanup.policy``.
        retention_ms: How long records are kept; None: compaction decides alone.
        compaction_lag_ms: How long at least every record stays readable under compaction.
        tuning: Further topic-level configuration.
    """

    role: str
    name: str
    key: str
    value: str
    partitions: int
    replication: int
    cleanup: CleanupPolicy
    retention_ms: int | None = None
    compaction_lag_ms: int | None = None
    tuning: Mapping[str, str] = field(default_factory=dict)

    @property
    def append_time(self) -> bool:
        """Whether the broker stamps the records.

        Wherever time removes records, that time must be the broker's: events of long ago would be
        deleted at once by their own time, events of the future never.
        """
        return self.retention_ms is not None

    @property
    def config(self) -> dict[str, str]:
        """Topic-level configuration, as Kafka names and writes it."""
        config = {"cleanup.policy": self.cleanup, **self.tuning}
        if self.retention_ms is not None:
            config["retention.ms"] = str(self.retention_ms)
        if self.compaction_lag_ms is not None:
            config["min.compaction.lag.ms"] = str(self.compaction_lag_ms)
        if self.append_time:
            config["message.timestamp.type"] = "LogAppendTime"
        return config


def topic_specs(names: TopicNames, settings: TopicsSettings) -> tuple[TopicSpec, ...]:
    """All topics, for the full names and the sizes in the settings.

    Topics that one stage reads or writes partition by partition have one count: predictions,
    feedback, forwarded and collect-state, where a request's events meet and are remembered;
    partials and monitor-state, where a model's do.
    """
    sources, models = settings.partitions, settings.partials_partitions
    replication = settings.replication or BROKER_DEFAULT
    kept = milliseconds(settings.retention)
    output_kept = milliseconds(settings.output_retention)

    def spec(role: str, **rest: Any) -> TopicSpec:
        return TopicSpec(role=role, name=getattr(names, role), replication=replication, **rest)

    return (
        spec(
            "predictions",
            key="request id",
            value="one answer of one model",
            partitions=sources,
            cleanup="delete",
            retention_ms=kept,
        ),
        spec(
            "feedback",
            key="request id",
            value="the truth about one request",
            partitions=sources,
            cleanup="delete",
            retention_ms=kept,
        ),
        spec(
            "forwarded",
            key="request id",
            value="an event on its way to the partition that joins it",
            partitions=sources,
            cleanup="delete",
            retention_ms=kept,
        ),
        spec(
            "partials",
            key="model",
            value="what one commit of one source changed",
            partitions=models,
            # These are differences that add up: compaction would lose all but the last.
            cleanup="delete",
            retention_ms=kept,
        ),
        spec(
            "alerts",
            key="alert fingerprint",
            value="one change of an alert (CloudEvent)",
            partitions=models,
            cleanup="compact,delete",
            retention_ms=output_kept,
            compaction_lag_ms=milliseconds(_COMPACTION_LAG),
        ),
        spec(
            "metrics",
            key="model first, then figure and window",
            value="the figures of one closed window",
            partitions=models,
            cleanup="compact,delete",
            retention_ms=output_kept,
        ),
        spec(
            "dead_letters",
            key="key of the refused record",
            value="a refused record and the reason",
            partitions=sources,
            cleanup="delete",
            retention_ms=output_kept,
        ),
        spec(
            "references",
            key="model|version",
            value="one reference profile",
            partitions=1,
            cleanup="compact",
        ),
        spec(
            "collect_state",
            key="what the stage remembers by",
            value="state of the collect stage",
            partitions=sources,
            cleanup="compact",
            tuning=_STATE_TUNING,
        ),
        spec(
            "monitor_state",
            key="what the stage remembers by",
            value="state of the monitor stage",
            partitions=models,
            cleanup="compact",
            tuning=_STATE_TUNING,
        ),
    )
