"""Create and describe the topics of a cluster."""

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from tidegauge.kafka.client import Connection, client_options
from tidegauge.kafka.topics import TopicSpec

_REACH_SECONDS = 5.0
_TIMEOUT_MS = 10_000


class ClusterError(Exception):
    """The cluster could not be reached or refused a request; the message says what to do."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it is.

    Attributes:
        spec: The topic as it should be.
        partitions: Number of partitions; 0 when the topic does not exist.
        replication: Copies of each partition.
        config: Topic-level configuration in force, the cluster's defaults included.
    """

    spec: TopicSpec
    partitions: int
    replication: int
    config: Mapping[str, str]

    @property
    def exists(self) -> bool:
        """Whether the topic is there at all."""
        return self.partitions > 0


@contextmanager
def admin_client(connection: Connection) -> Iterator[KafkaAdminClient]:
    """A connected admin client, closed at the end.

    Raises:
        ClusterError: No broker can be reached or logged in to, or a request failed.
    """
    options = client_options(connection)
    _reach(connection, options.get("ssl_context"))
    try:
        client = KafkaAdminClient(
            **options,
            client_id="tidegauge-admin",
            request_timeout_ms=_TIMEOUT_MS,
            bootstrap_timeout_ms=_TIMEOUT_MS,
        )
    except (KafkaError, OSError) as error:
        raise ClusterError(
            f"A server answers at {connection.bootstrap}, but not as a Kafka broker with "
            f"{connection.security_protocol} does, or it refuses the login: {error}. Check "
            "kafka.security_protocol, kafka.sasl_mechanism, kafka.sasl_username and the password."
        ) from error
    try:
        yield client
    except KafkaError as error:
        said = f"refused: {error}"
        if error.retriable:  # it restarts, or a leader is being elected
            said = f"does not answer ({type(error).__name__})."
        raise ClusterError(f"The Kafka cluster {connection.bootstrap} {said}") from error
    finally:
        client.close()


def _reach(connection: Connection, tls: ssl.SSLContext | None) -> None:
    """Open and close a connection: kafka-python only logs why it could not."""
    failures = []
    for server in connection.bootstrap.split(","):
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            with socket.create_connection((host, int(port)), _REACH_SECONDS) as plain:
                if tls is not None:
                    tls.wrap_socket(plain, server_hostname=host).close()
        except OSError as error:
            failures.append(f"{server}: {error}")
        else:
            return
    raise ClusterError(
        f"No Kafka broker can be reached with {connection.security_protocol}: "
        f"{'; '.join(failures)}. Check that the cluster runs, kafka.bootstrap, "
        "kafka.security_protocol and kafka.ssl_cafile."
    )


def create_missing(client: KafkaAdminClient, specs: Sequence[TopicSpec]) -> list[TopicSpec]:
    """Create the topics that do not exist; those that do are left as they are.

    Returns:
        The topics that were created, in the order of ``specs``.
    """
    present = set(client.list_topics())
    created = []
    for spec in specs:
        if spec.name in present:
            continue
        wanted = {
            "num_partitions": spec.partitions,
            "replication_factor": spec.replication,
            "configs": spec.config,
        }
        try:
            client.create_topics({spec.name: wanted}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            continue  # another process was faster
        created.append(spec)
    return created


def describe(client: KafkaAdminClient, specs: Sequence[TopicSpec]) -> list[TopicState]:
    """Find out how the topics are, in the order of ``specs``."""
    present = set(client.list_topics())
    names = [spec.name for spec in specs if spec.name in present]
    layouts = {topic["name"]: topic["partitions"] for topic in client.describe_topics(names)}
    configs = _configs(client, names)
    states = []
    for spec in specs:
        partitions = layouts.get(spec.name, [])
        replication = len(partitions[0]["replica_nodes"]) if partitions else 0
        config = configs.get(spec.name, {})
        states.append(TopicState(spec, len(partitions), replication, config))
    return states


def _configs(client: KafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    answer = client.describe_configs(resources, config_filter="all")["topic"]
    return {
        topic: {name: entry["value"] for name, entry in config.items()}
        for topic, config in answer.items()
    }
