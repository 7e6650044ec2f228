"""What commands ask of the cluster before they use it, and how its errors are told."""

from collections.abc import Iterator
from contextlib import contextmanager

from kafka.errors import KafkaError

from tidegauge.cli.console import working
from tidegauge.cli.exits import UNAVAILABLE, CommandError
from tidegauge.kafka.admin import admin_client
from tidegauge.kafka.client import Connection


def require_topic(connection: Connection, topic: str) -> None:
    """See to it that the cluster answers and has the topic; other clients would wait in vain.

    Raises:
        ClusterError: The cluster can't be reached, or refuses the login.
        CommandError: It has no such topic.
    """
    with working(f"asking {connection.bootstrap}"), admin_client(connection) as client:
        if topic not in client.list_topics():
            raise CommandError(
                f"there is no topic {topic} at {connection.bootstrap}; `tidegauge topics create` "
                "creates it, kafka.topic_prefix and kafka.topics name it"
            )


@contextmanager
def kafka_errors(connection: Connection) -> Iterator[None]:
    """Turn the errors of a Kafka client into one clear line.

    Raises:
        CommandError: The cluster refused or no longer answers.
    """
    try:
        yield
    except KafkaError as error:
        raise CommandError(
            f"the Kafka cluster {connection.bootstrap} failed: {error}", UNAVAILABLE
        ) from error
