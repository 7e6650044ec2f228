"""Are the topics such that results are exact? What is not is named with its remedy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tidegauge.kafka.admin import TopicState
from tidegauge.settings.duration import text

INPUTS: Final = frozenset({"predictions", "feedback"})
_CO_PARTITIONED: Final = (
    (
        ("predictions", "feedback", "forwarded", "collect_state"),
        "a request's events must meet in one partition",
    ),
    (("partials", "monitor_state"), "a model's state is kept by the partition of its partials"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something about a topic that Tidegauge must not run with.

    Attributes:
        topic: Full name of the topic.
        found: What it is like.
        wanted: What it must be like, and why.
        remedy: What to do, with the command.
    """

    topic: str
    found: str
    wanted: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.found}; wanted: {self.wanted}.\n  Remedy: {self.remedy}"


@dataclass(frozen=True, slots=True)
class TopicCheck:
    """The check of all topics of one cluster.

    Attributes:
        bootstrap: Address of the cluster, for the commands that are proposed.
        horizon_ms: The longest time after which an input record can still matter.
    """

    bootstrap: str
    horizon_ms: int

    def problems(self, states: Sequence[TopicState]) -> list[Problem]:
        """Everything that must be put right before a worker starts; empty when all is well."""
        missing = [state for state in states if not state.exists]
        if missing:
            return [self._missing(state) for state in missing]
        return [
            *self._partition_counts({state.spec.role: state for state in states}),
            *(problem for state in states for problem in self._configuration(state)),
        ]

    def _missing(self, state: TopicState) -> Problem:
        return Problem(
            state.spec.name,
            "it does not exist",
            f"a topic with partition count {state.spec.partitions}",
            "`tidegauge topics create`",
        )

    def _partition_counts(self, states: dict[str, TopicState]) -> Iterator[Problem]:
        for roles, reason in _CO_PARTITIONED:
            group = [states[role] for role in roles]
            most = max(group, key=lambda state: state.partitions)
            for state in group:
                if state.partitions < most.partitions:
                    name = state.spec.name
                    alter = self._command("kafka-topics", f"--alter --topic {name}")
                    yield Problem(
                        name,
                        f"partition count {state.partitions}",
                        f"{most.partitions}, as {most.spec.name} has, since {reason}",
                        f"`{alter} --partitions {most.partitions}` if no events have been written "
                        "yet, since it moves keys to other partitions; otherwise new topics "
                        "(another kafka.topic_prefix)",
                    )

    def _configuration(self, state: TopicState) -> Iterator[Problem]:
        yield from self._cleanup(state)
        if state.spec.role in INPUTS | {"forwarded", "partials"}:
            yield from self._timestamps(state)
        if state.spec.role in INPUTS:
            yield from self._retention(state)

    def _cleanup(self, state: TopicState) -> Iterator[Problem]:
        found = state.config["cleanup.policy"]
        wanted = state.spec.cleanup
        if set(found.split(",")) == set(wanted.split(",")):
            return
        yield self._setting(
            state, "cleanup.policy", f"[{wanted}]", f"{wanted}: another policy removes what is used"
        )

    def _timestamps(self, state: TopicState) -> Iterator[Problem]:
        if state.config["message.timestamp.type"] != "LogAppendTime":
            yield self._setting(
                state,
                "message.timestamp.type",
                "LogAppendTime",
                "LogAppendTime: the broker's clock tells how complete a partition has been read, "
                "and bounds times that lie in the future",
            )

    def _retention(self, state: TopicState) -> Iterator[Problem]:
        found = int(state.config["retention.ms"])
        if 0 <= found < self.horizon_ms:
            yield self._setting(
                state,
                "retention.ms",
                str(max(self.horizon_ms, state.spec.retention_ms or 0)),
                f"at least {self.horizon_ms} ({_duration(self.horizon_ms)}), the longest horizon "
                "in the settings: a record must not be gone before it stops to matter",
            )

    def _setting(self, state: TopicState, name: str, value: str, wanted: str) -> Problem:
        topic = state.spec.name
        command = self._command("kafka-configs", f"--alter --topic {topic}")
        return Problem(
            topic,
            f"{name} is {state.config[name]}",
            wanted,
            f"`{command} --add-config {name}={value}`",
        )

    def _command(self, tool: str, arguments: str) -> str:
        return f"{tool} --bootstrap-server {self.bootstrap} {arguments}"


def _duration(milliseconds: int) -> str:
    return text(timedelta(milliseconds=milliseconds))
