"""The public topics: what each carries, by which key, and how the broker keeps it.

Names are the defaults of the settings. Sizes, retention and the internal topics are with the code
that creates topics; a test holds both against each other.
"""

from dataclasses import dataclass
from enum import StrEnum

_WEEK_MS = 7 * 24 * 60 * 60 * 1000


class Role(StrEnum):
    """Who writes and who reads a topic."""

    INPUT = "input"
    """Publishers write, Tidegauge reads."""
    OUTPUT = "output"
    """Tidegauge writes, anyone reads."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic by its default name."""

    name: str
    role: Role
    about: str
    key: str
    messages: tuple[str, ...]
    """The messages in it, by the names of their schemas."""
    cleanup: tuple[str, ...] = ("delete",)
    """Kafka's ``cleanup.policy``."""
    compaction_lag_ms: int | None = None
    """How long every record stays readable under compaction, at least."""

    @property
    def config(self) -> dict[str, str]:
        """Topic configuration beside the cleanup policy, as Kafka names and writes it."""
        config = {}
        if "delete" in self.cleanup:
            config["message.timestamp.type"] = "LogAppendTime"
        if self.compaction_lag_ms is not None:
            config["min.compaction.lag.ms"] = str(self.compaction_lag_ms)
        return config


_REQUEST_KEY = (
    "The request id as UTF-8. Events are joined whatever their key and partition; those in another "
    "partition than the one that the configured partitioner (murmur2 by default) gives the request "
    "id are forwarded to it first."
)

PUBLIC_TOPICS = (
    Topic(
        name="predictions",
        role=Role.INPUT,
        about="One event for each answer of a model.",
        key=_REQUEST_KEY,
        messages=("prediction",),
    ),
    Topic(
        name="feedback",
        role=Role.INPUT,
        about="One event for each true answer that becomes known, and for each correction. It has "
        "as many partitions as predictions.",
        key=_REQUEST_KEY,
        messages=("feedback",),
    ),
    Topic(
        name="alerts",
        role=Role.OUTPUT,
        about="One CloudEvent for each change of an alert. Written in transactions: read it with "
        "isolation.level=read_committed to see each event once.",
        key="The alert's fingerprint.",
        messages=("alert",),
        cleanup=("compact", "delete"),
        compaction_lag_ms=_WEEK_MS,
    ),
    Topic(
        name="metrics",
        role=Role.OUTPUT,
        about="The figures of each window, each model's ledger, and the marks of its deployments; "
        "the newest record of a key replaces the older ones.",
        key="model|version|segment field|segment value|size|start for a window (field and value "
        "are empty for a whole version), model|ledger for a ledger, model|deployment|kind|value "
        "for a deployment; parts are percent-encoded.",
        messages=("metric", "ledger", "deployment"),
        cleanup=("compact", "delete"),
    ),
    Topic(
        name="dead-letters",
        role=Role.OUTPUT,
        about="Each event that could not be used, with the reason; floods of one reason as "
        "summaries.",
        key="The key of the refused record, if it had one (at most its first 1024 bytes); for a "
        "summary topic|partition|reason.",
        messages=("dead-letter", "dead-letter-summary"),
    ),
    Topic(
        name="references",
        role=Role.OUTPUT,
        about="The newest reference profile of each model version.",
        key="model|version, percent-encoded.",
        messages=("reference",),
        cleanup=("compact",),
    ),
)
