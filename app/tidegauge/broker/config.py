"""The configuration files of an embedded broker, with defaults for laptops and tests."""

from collections.abc import Mapping
from typing import Final

HOST: Final = "127.0.0.1"
DATA: Final = "kafka"
"""Folder of Kafka's own data, relative to the broker's folder, in which it runs."""

_MEBIBYTE: Final = 1024 * 1024

_DEFAULTS: Final[Mapping[str, str | int]] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": DATA,
    # There is one node, so there is one replica of everything.
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # After a crash the node may return only once its former self has been given up.
    "broker.session.timeout.ms": 3_000,
    "broker.heartbeat.interval.ms": 500,
    # Each partition costs files and start-up time; the usual 50 are for large clusters.
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    # A mistyped topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    "message.max.bytes": 2 * _MEBIBYTE,
    "replica.fetch.max.bytes": 2 * _MEBIBYTE,
    # A group is small and starts at once; a dead member is noticed soon where a test asks for it.
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    # Compaction is seen within seconds, and its buffer (128 MiB by default) fits a small heap.
    "log.cleaner.backoff.ms": 1_000,
    "log.cleaner.dedupe.buffer.size": 16 * _MEBIBYTE,
    "log.retention.check.interval.ms": 10_000,
    "log.index.size.max.bytes": _MEBIBYTE,
}

LOG4J: Final = """\
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n%throwable
# It repeats all configuration values several times at every start.
logger.config.name = org.apache.kafka.common.config.AbstractConfig
logger.config.level = WARN
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
"""


def server_properties(port: int, controller_port: int, extra: Mapping[str, str]) -> str:
    """The text of ``server.properties``; ``extra`` goes before the defaults."""
    broker, controller = f"{HOST}:{port}", f"{HOST}:{controller_port}"
    listeners = f"PLAINTEXT://{broker},CONTROLLER://{controller}"
    properties: dict[str, str | int] = {
        **_DEFAULTS,
        "listeners": listeners,
        "advertised.listeners": listeners,
        "controller.quorum.bootstrap.servers": controller,
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
