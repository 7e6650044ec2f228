"""Where Kafka is, how to log in, and what the topics are called and look like."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, FilePath, SecretStr, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tidegauge.settings.duration import PositiveDuration
from tidegauge.settings.section import Section, contradiction

_SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


def _servers(value: str) -> str:
    """Accept ``host:port`` or several with commas between; blanks are removed."""
    servers = [server.strip() for server in value.split(",")]
    for server in servers:
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match[2]) < 65_536:
            raise PydanticCustomError(
                "servers", "must be host:port, or several with commas between them"
            )
    return ",".join(servers)


TopicName: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._-]+$")
]


class TopicNames(Section):
    """The name of each topic, before `kafka.topic_prefix` is put in front of it."""

    predictions: TopicName = "predictions"
    """Input: one event for each answer of a model."""
    feedback: TopicName = "feedback"
    """Input: one event for each truth that becomes known."""
    forwarded: TopicName = "forwarded"
    """Internal: events on their way from the partition they were published to, to the one where
    they are joined."""
    partials: TopicName = "partials"
    """Internal: what the collect stage hands to the monitor stage."""
    alerts: TopicName = "alerts"
    """Output: one CloudEvent for each change of an alert."""
    metrics: TopicName = "metrics"
    """Output: the figures of each closed window."""
    dead_letters: TopicName = "dead-letters"
    """Output: each event that could not be read, with the reason."""
    references: TopicName = "references"
    """Reference profiles, one for each model and version, compacted."""
    collect_state: TopicName = "collect-state"
    """Internal: the state of the collect stage, compacted."""
    monitor_state: TopicName = "monitor-state"
    """Internal: the state of the monitor stage, compacted."""

    @model_validator(mode="after")
    def _no_two_alike(self) -> Self:
        names = list(self.model_dump().values())
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise contradiction(
                f"kafka.topics: two topics are called '{twice}'; each needs a name of its own"
            )
        return self


class KafkaSettings(Section):
    """The cluster, the login and the names."""

    bootstrap: Annotated[str, AfterValidator(_servers)] = "localhost:9092"
    """Brokers to ask first, `host:port` with commas between them."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How the connection is encrypted and who is asked for a login."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How the login is sent; needed with a SASL protocol."""
    sasl_username: str | None = None
    """User name of the login."""
    sasl_password: SecretStr | None = None
    """Password of the login. Better set in the environment than in a file; it is never shown."""
    ssl_cafile: FilePath | None = None
    """PEM file with the certificate authorities to trust; unset: those of the system."""
    group: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "tidegauge"
    """Consumer group of the workers. State belongs to the group that made it."""
    topic_prefix: Annotated[str, StringConstraints(max_length=49, pattern=r"^[A-Za-z0-9._-]*$")] = (
        ""
    )
    """Put in front of every topic's name, for instance `prod.`."""
    topics: TopicNames = TopicNames()
    """Names of the topics."""

    @property
    def topic_names(self) -> TopicNames:
        """The full names, with the prefix."""
        names = {field: self.topic_prefix + name for field, name in self.topics}
        return TopicNames.model_construct(**names)

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        parts = ("sasl_mechanism", "sasl_username", "sasl_password")
        given = [name for name in parts if getattr(self, name) is not None]
        missing = [f"kafka.{name}" for name in parts if name not in given]
        wants_login = self.security_protocol.startswith("SASL")
        if wants_login and missing:
            raise contradiction(
                f"kafka.security_protocol is {self.security_protocol}, which needs "
                f"{' and '.join(missing)} too"
            )
        if given and not wants_login:
            raise contradiction(
                f"kafka.{given[0]} is set, but kafka.security_protocol is "
                f"{self.security_protocol}, which sends no login; allowed with it: SASL_SSL, "
                "SASL_PLAINTEXT"
            )
        return self


class TopicsSettings(Section):
    """What `tidegauge topics create` creates and `topics describe` compares with."""

    partitions: Annotated[int, Field(ge=1, le=1000)] = 8
    """Partitions of predictions, feedback, forwarded and collect-state: the parallelism of the
    collect stage. It can't be changed later: a worker refuses to start."""
    partials_partitions: Annotated[int, Field(ge=1, le=1000)] = 4
    """Partitions of partials and monitor-state: the parallelism of the monitor stage."""
    replication: Annotated[int, Field(ge=1, le=10)] | None = None
    """Copies of each partition; unset: the broker's default. Use 3 in production."""
    retention: PositiveDuration = timedelta(days=7)
    """How long predictions, feedback, forwarded and partials are kept. At least as long as the
    longest horizon."""
    output_retention: PositiveDuration = timedelta(days=30)
    """How long alerts, metrics and dead-letters are kept. An alert that still fires after a quarter
    of it is sent again, under the same id."""
