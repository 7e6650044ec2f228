"""What all tests share: one Kafka broker for the session, and names of their own on it.

The broker is the embedded one, and all processes of pytest-xdist share it (`sharedbroker`), unless
``TEST_KAFKA=host:port`` names an existing cluster or ``TEST_KAFKA=testcontainers`` asks for Kafka
in a container.
"""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sharedbroker
from hypothesis import settings

# A change is judged by the same examples as the one before it; looking for others is a command of
# its own: pytest --hypothesis-profile=search tests/property tests/model
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None)
settings.load_profile("fixed")


SHARED = "PYTEST_SHARED_BROKER"
"""The variable by which processes of pytest-xdist know where to ask for the broker."""


def pytest_configure(config: pytest.Config) -> None:
    """A shell has what runs in its background ignore Ctrl-C, and children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("numprocesses", None):
        shared = sharedbroker.SharedBroker()
        os.environ[SHARED] = shared.address
        config.add_cleanup(shared.stop)


@dataclass(frozen=True)
class Broker:
    """Where the tests find Kafka; they share it and must not stop it."""

    bootstrap: str


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """One Kafka for all tests."""
    named = os.environ.get("TEST_KAFKA")
    if named == "testcontainers":
        with _container() as bootstrap:
            yield Broker(bootstrap)
    elif named:
        yield Broker(named)
    elif shared := os.environ.get(SHARED):
        yield Broker(sharedbroker.ask(shared))
    else:
        with sharedbroker.started() as bootstrap:
            yield Broker(bootstrap)


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
