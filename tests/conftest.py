"""What all tests share: one Kafka broker for the session, and names of their own on it.

The broker is the embedded one, unless ``TIDEGAUGE_TEST_BOOTSTRAP=host:port`` names an existing
cluster or ``TIDEGAUGE_TEST_BROKER=testcontainers`` asks for Kafka in a container.
"""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import settings

from tidegauge.broker.embedded import EmbeddedBroker

# A change is judged by the same examples as the one before it; looking for others is a command of
# its own: pytest --hypothesis-profile=search tests/property tests/model
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("fixed")


def pytest_configure() -> None:
    """A shell has what runs in its background ignore Ctrl-C, and children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Broker:
    """Where the tests find Kafka; they share it and must not stop it."""

    bootstrap: str


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One Kafka for all tests."""
    if bootstrap := os.environ.get("TIDEGAUGE_TEST_BOOTSTRAP"):
        yield Broker(bootstrap)
    elif os.environ.get("TIDEGAUGE_TEST_BROKER") == "testcontainers":
        with _container() as bootstrap:
            yield Broker(bootstrap)
    else:
        with EmbeddedBroker(tmp_path_factory.mktemp("broker")) as embedded:
            yield Broker(embedded.bootstrap)


@contextmanager
def _container() -> Iterator[str]:
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415 - needs Docker

    container = KafkaContainer().with_kraft()
    for name in ("REPLICATION_FACTOR", "MIN_ISR"):
        container = container.with_env(f"KAFKA_TRANSACTION_STATE_LOG_{name}", "1")
    with container:
        yield container.get_bootstrap_server()


@pytest.fixture
def topic_prefix() -> str:
    """The start of all topic names, group ids and transactional ids of one test."""
    return f"test-{uuid.uuid4().hex[:12]}-"
