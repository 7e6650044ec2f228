import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from tidegauge.broker.config import HOST
from tidegauge.broker.ports import free_ports
from tidegauge.kafka.admin import ClusterError, admin_client, create_missing, describe
from tidegauge.kafka.check import TopicCheck
from tidegauge.kafka.client import Connection
from tidegauge.kafka.topics import TopicSpec, topic_specs
from tidegauge.settings.kafka import KafkaSettings, TopicsSettings

pytestmark = pytest.mark.broker

HOUR = 60 * 60 * 1000


class HasBootstrap(Protocol):
    bootstrap: str


@pytest.fixture
def connection(broker: HasBootstrap) -> Connection:
    return Connection(broker.bootstrap)


@pytest.fixture
def client(connection: Connection) -> Iterator[KafkaAdminClient]:
    with admin_client(connection) as client:
        yield client


@pytest.fixture
def specs(topic_prefix: str) -> tuple[TopicSpec, ...]:
    names = KafkaSettings(topic_prefix=topic_prefix).topic_names
    return topic_specs(names, TopicsSettings(partitions=3, partials_partitions=2, replication=1))


def test_created_topics_are_as_defined_and_pass(
    client: KafkaAdminClient, connection: Connection, specs: tuple[TopicSpec, ...]
) -> None:
    check = TopicCheck(connection.bootstrap, horizon_ms=HOUR)
    assert len(check.problems(describe(client, specs))) == len(specs)
    assert create_missing(client, specs) == list(specs)
    states = describe(client, specs)
    for state in states:
        assert (state.partitions, state.replication) == (state.spec.partitions, 1)
        assert state.config.items() >= state.spec.config.items()
    assert check.problems(states) == []


def test_what_exists_is_left_alone_and_refused_with_its_remedy(
    client: KafkaAdminClient, connection: Connection, specs: tuple[TopicSpec, ...]
) -> None:
    by_role = {spec.role: spec for spec in specs}
    odd = replace(
        by_role["feedback"], partitions=1, retention_ms=None, tuning={"retention.ms": "1"}
    )
    assert create_missing(client, [odd]) == [odd]
    assert by_role["feedback"] not in create_missing(client, specs)
    problems = TopicCheck(connection.bootstrap, HOUR).problems(describe(client, specs))
    assert {problem.topic for problem in problems} == {odd.name}
    assert [problem.found for problem in problems] == [
        "partition count 1",
        "message.timestamp.type is CreateTime",
        "retention.ms is 1",
    ]
    client.create_partitions({odd.name: 3})
    wanted = by_role["feedback"].config
    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, odd.name, configs=wanted)])
    deadline = time.monotonic() + 20
    while TopicCheck(connection.bootstrap, HOUR).problems(describe(client, specs)):
        assert time.monotonic() < deadline


def test_a_refusal_of_the_cluster_is_told_with_its_address(
    connection: Connection, specs: tuple[TopicSpec, ...]
) -> None:
    impossible = replace(specs[0], replication=30)
    with (
        pytest.raises(ClusterError, match=connection.bootstrap),
        admin_client(connection) as client,
    ):
        create_missing(client, [impossible])


def test_a_cluster_that_does_not_run_is_told_with_its_address() -> None:
    (port,) = free_ports(1, HOST)
    with (
        pytest.raises(ClusterError, match=rf"{HOST}:{port}: .*refused.*kafka\.bootstrap"),
        admin_client(Connection(f"{HOST}:{port}")),
    ):
        pass
