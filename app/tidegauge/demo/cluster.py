"""The Kafka cluster of the demo: an embedded one, or topics of its own in an existing one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console

from tidegauge.broker.config import HOST
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.ports import free_port
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.kafka.admin import ClusterError, admin_client, create_missing, describe
from tidegauge.kafka.check import TopicCheck
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import topic_specs
from tidegauge.settings import Settings

_USUAL_PORT: Final = 9092
"""Where clients that are told nothing look for Kafka."""


class Cluster(Protocol):
    """What the demo needs of its cluster while it runs."""

    configuration: Configuration
    """With the cluster's address, and the topics' names."""
    log: Path | None
    """The log of a broker that was started."""

    def wait_ready(self) -> None:
        """Return when topics can be created.

        Raises:
            BrokerError: A broker that was started is not ready in time.
        """

    def check(self) -> None:
        """Look whether it still runs.

        Raises:
            DemoError: It does not.
        """


class Embedded:
    """A broker that was started for the demo."""

    def __init__(self, broker: EmbeddedBroker, configuration: Configuration) -> None:
        self._broker = broker
        self.configuration = configuration.adding({"kafka.bootstrap": broker.bootstrap})
        self.log: Path | None = broker.log_path

    def wait_ready(self) -> None:
        """See `Cluster.wait_ready`."""
        self._broker.wait_ready()

    def check(self) -> None:
        """See `Cluster.check`."""
        if not self._broker.running:
            raise self._broker.failure("The embedded Kafka broker ended unexpectedly.")


class Existing:
    """A cluster that somebody named; its other topics are left alone."""

    def __init__(self, configuration: Configuration) -> None:
        kafka = configuration.settings.kafka
        run = f"demo-{uuid.uuid4().hex[:6]}"
        self.configuration = configuration.adding(
            {
                "kafka.topic_prefix": f"{kafka.topic_prefix}{run}.",
                "kafka.group": f"{kafka.group}-{run}",
            }
        )
        self.log: Path | None = None

    def wait_ready(self) -> None:
        """See `Cluster.wait_ready`: it was asked at once."""

    def check(self) -> None:
        """See `Cluster.check`: its clients tell when it is gone."""


@contextmanager
def embedded(
    configuration: Configuration, folder: Path, console: Console, *, fresh: bool
) -> Iterator[Cluster]:
    """A broker that starts, on the usual port, or on another one if that is taken.

    Args:
        configuration: The settings.
        folder: Where its data is.
        console: Where the progress of fetching is shown.
        fresh: Whether data that is there is deleted first.

    Raises:
        BrokerError: It cannot be fetched or started.
    """
    port = free_port(_USUAL_PORT, HOST)
    broker = EmbeddedBroker(folder, port=port, quick_start=True, console=console)
    if fresh:
        broker.wipe()
    try:
        broker.start()
        yield Embedded(broker, configuration)
    finally:
        broker.stop()


@contextmanager
def existing(configuration: Configuration) -> Iterator[Cluster]:
    """A place of its own in an existing cluster; its topics are deleted at the end.

    Raises:
        ClusterError: The cluster does not answer, or refuses.
    """
    cluster = Existing(configuration)
    try:
        with admin_client(Connection.of(configuration.settings.kafka)):
            pass
    except ClusterError as error:
        raise ClusterError(
            f"{error} The demo was told to use this cluster by {configuration.cluster_source}."
        ) from None
    try:
        yield cluster
    finally:
        _delete_topics(cluster.configuration.settings)


def create_topics(settings: Settings) -> None:
    """Create the topics and check them as a worker will.

    Raises:
        ClusterError: The cluster can't be reached or refuses.
        DemoError: The cluster made them other than they must be.
    """
    specs = topic_specs(settings.kafka.topic_names, settings.topics)
    with admin_client(Connection.of(settings.kafka)) as client:
        create_missing(client, specs)
        states = describe(client, specs)
    check = TopicCheck(settings.kafka.bootstrap, settings.longest_horizon_ms)
    if problems := check.problems(states):
        raise DemoError("\n".join(str(problem) for problem in problems))


def _delete_topics(settings: Settings) -> None:
    names = [spec.name for spec in topic_specs(settings.kafka.topic_names, settings.topics)]
    with admin_client(Connection.of(settings.kafka)) as client:
        present = set(client.list_topics())
        client.delete_topics([name for name in names if name in present])
