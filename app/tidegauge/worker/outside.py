"""What a worker has from outside its process: clients of the cluster, and the time."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient


@dataclass(frozen=True, slots=True)
class Outside:
    """Makes clients, and tells the time; the composition root decides of which cluster.

    Attributes:
        client_options: Arguments of every client: ``bootstrap_servers`` and security.
    """

    client_options: Mapping[str, Any] = field(repr=False)

    def producer(self, **options: Any) -> AIOKafkaProducer:
        """A producer, not yet started."""
        return AIOKafkaProducer(**self.client_options, **options)

    def consumer(self, **options: Any) -> AIOKafkaConsumer:
        """A consumer, not yet started."""
        return AIOKafkaConsumer(**self.client_options, **options)

    def admin(self) -> AIOKafkaAdminClient:
        """A client for administration, not yet started."""
        return AIOKafkaAdminClient(**self.client_options)

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of a clock that is never set."""
        return time.monotonic()
