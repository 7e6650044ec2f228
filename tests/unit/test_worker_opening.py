"""Which errors of opening a partition are waited for."""

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    ProducerFenced,
)

from tidegauge.worker.opening import passes


def because(cause: Exception) -> KafkaError:
    error = KafkaError(repr(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        KafkaConnectionError("Connection closed"),
        NodeNotReadyError(),
        ProducerFenced(),
        ConnectionRefusedError(),
        because(KafkaConnectionError("Connection closed")),
        because(because(NodeNotReadyError())),
    ],
)
def test_a_broker_that_is_gone_is_waited_for(error: Exception) -> None:
    assert passes(error)


@pytest.mark.parametrize(
    "error",
    [
        KafkaError("something else"),
        GroupAuthorizationFailedError(),
        because(GroupAuthorizationFailedError()),
        because(ValueError("a bug")),
    ],
)
def test_nothing_else_is(error: Exception) -> None:
    assert not passes(error)
