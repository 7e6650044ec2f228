"""A consumer for looking: of committed records only, in no group."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from kafka import KafkaConsumer

from tidegauge.kafka.client import Connection, client_options

TIMEOUT_MS: Final = 15_000
"""How long a client that reads or writes waits for the cluster."""

_BULK: Final[dict[str, Any]] = {
    "check_crcs": False,
    "max_poll_records": 5_000,
    "max_partition_fetch_bytes": 4 * 1024 * 1024,
}


@contextmanager
def open_consumer(connection: Connection, *, bulk: bool = False) -> Iterator[KafkaConsumer]:
    """A consumer of committed records, without a group, for the time of the context.

    Args:
        connection: the cluster.
        bulk: fetch much at once, and leave checksums to the brokers: computed in Python, they would
            take most of the time.
    """
    options = _BULK if bulk else {}
    consumer = KafkaConsumer(
        **client_options(connection),
        client_id="tidegauge-cli",
        group_id=None,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        allow_auto_create_topics=False,
        bootstrap_timeout_ms=TIMEOUT_MS,
        **options,
    )
    try:
        yield consumer
    finally:
        consumer.close()
