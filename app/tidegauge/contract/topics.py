"""The topics: what each carries, by which key, and how the broker keeps it.

Names are the defaults; settings may change them, and how long a topic is retained. A worker checks
at its start that a topic has the configuration given here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_WEEK_MS = 7 * 24 * 60 * 60 * 1000


class Role(StrEnum):
    """Who writes and who reads a topic."""

    INPUT = "input"
    """Publishers write, Tidegauge reads."""
    OUTPUT = "output"
    """Tidegauge writes, anyone reads."""
    INTERNAL = "internal"
    """Between Tidegauge's own stages; its content is no contract."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic by its default name."""

    name: str
    role: Role
    about: str
    key: str
    messages: tuple[str, ...] = ()
    """The messages in it, by the names of their schemas."""
    cleanup: tuple[str, ...] = ("delete",)
    """Kafka's ``cleanup.policy``."""
    config: Mapping[str, str] = field(default_factory=dict)
    """Further topic configuration that must hold."""


_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}

TOPICS = (
    Topic(
        name="predictions",
        role=Role.INPUT,
        about="One event for each answer of a model.",
        key="The request id as UTF-8. The partition must be the one that the configured "
        "partitioner (murmur2 by default) gives this key.",
        messages=("prediction",),
        config=_APPEND_TIME,
    ),
    Topic(
        name="feedback",
        role=Role.INPUT,
        about="One event for each true answer that becomes known, and for each correction. It has "
        "as many partitions as predictions.",
        key="The request id as UTF-8. The partition must be the one that the configured "
        "partitioner (murmur2 by default) gives this key.",
        messages=("feedback",),
        config=_APPEND_TIME,
    ),
    Topic(
        name="alerts",
        role=Role.OUTPUT,
        about="One CloudEvent for each change of an alert. Written in transactions: read it with "
        "isolation.level=read_committed to see each event once.",
        key="The alert's fingerprint.",
        messages=("alert",),
        cleanup=("compact", "delete"),
        config={"min.compaction.lag.ms": str(_WEEK_MS)},
    ),
    Topic(
        name="metrics",
        role=Role.OUTPUT,
        about="The figures of each window, and each model's ledger; the newest record of a key "
        "replaces the older ones.",
        key="model|version|segment field|segment value|size|start for a window (field and value "
        "are empty for a whole version), model|ledger for a ledger; parts are percent-encoded.",
        messages=("metric", "ledger"),
        cleanup=("compact", "delete"),
    ),
    Topic(
        name="dead-letters",
        role=Role.OUTPUT,
        about="Each event that could not be used, with the reason; floods of one reason as "
        "summaries.",
        key="topic|partition|offset of the refused record; for a summary "
        "topic|partition|first offset|reason.",
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
    Topic(
        name="partials",
        role=Role.INTERNAL,
        about="What the collect stage hands to the monitor stage.",
        key="The slot, model first. The partition is murmur2 of the model.",
    ),
    Topic(
        name="collect-state",
        role=Role.INTERNAL,
        about="The state of the collect stage; as many partitions as predictions.",
        key="A part of the state of one source partition.",
        cleanup=("compact",),
    ),
    Topic(
        name="monitor-state",
        role=Role.INTERNAL,
        about="The state of the monitor stage; as many partitions as partials.",
        key="A part of the state of one partition of partials.",
        cleanup=("compact",),
    ),
)
"""All topics."""
