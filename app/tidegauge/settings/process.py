"""How a worker process behaves: its place in the consumer group, its commits, its HTTP port."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from tidegauge.settings.duration import PositiveDuration, milliseconds, text
from tidegauge.settings.section import Section, contradiction

_BROKERS_LONGEST_TRANSACTION = timedelta(minutes=15)


class WorkerSettings(Section):
    """Commits and group membership of a worker."""

    commit_interval: PositiveDuration = timedelta(seconds=1)
    """How often each partition's state and outputs are committed: outputs appear that much later.
    A partition with a long backlog commits at every third of these times.
    """
    publish_interval: PositiveDuration = timedelta(seconds=5)
    """How often a model's changed windows and ledger are published; when a pane closes, and alerts
    and final windows, with the commit."""
    commit_records: Annotated[int, Field(ge=100, le=10_000_000)] = 50_000
    """A partition commits earlier when so many of its state records have changed."""
    fetch_records: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    """Records taken from Kafka at once, at most: the largest micro-batch."""
    session_timeout: PositiveDuration = timedelta(seconds=10)
    """How long after a worker's death others take over its partitions."""
    heartbeat_interval: PositiveDuration = timedelta(seconds=1)
    """How soon workers notice that another came or went; at most a third of
    `worker.session_timeout`."""
    rebalance_timeout: PositiveDuration = timedelta(seconds=30)
    """How long the group waits for a slow worker; must be enough for its last commit."""
    poll_interval: PositiveDuration = timedelta(minutes=5)
    """How long a worker may process or restore without asking for more before it is replaced."""
    transaction_timeout: PositiveDuration = timedelta(seconds=60)
    """After this the broker aborts the transaction of a worker that hangs; longer than
    `worker.commit_interval`, at most 15m (the broker's own limit)."""
    instance_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """Static membership: a name that this worker, and no other, keeps over restarts, such as a
    stateful pod's. A worker that returns within `worker.session_timeout` gets its partitions back
    at once."""

    @model_validator(mode="after")
    def _timeouts_fit(self) -> Self:
        third = timedelta(milliseconds=milliseconds(self.session_timeout) // 3)
        bounds = (
            (
                "heartbeat_interval",
                third,
                "a third of worker.session_timeout",
            ),
            ("session_timeout", self.poll_interval, "worker.poll_interval"),
            ("commit_interval", self.transaction_timeout, "worker.transaction_timeout"),
            ("transaction_timeout", _BROKERS_LONGEST_TRANSACTION, "the broker's limit"),
        )
        for name, bound, meaning in bounds:
            value: timedelta = getattr(self, name)
            if value > bound:
                raise contradiction(
                    f"worker.{name} is {text(value)}; allowed: at most {text(bound)}, {meaning}"
                )
        return self


class HttpSettings(Section):
    """Where `/metrics`, `/live`, `/ready` and `/health` are served."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on; `0.0.0.0` to be scraped from other machines (there is no login)."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9464
    """Port to listen on; 0: any free one, which the log then names."""
