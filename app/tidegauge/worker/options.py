"""What the worker shell is told."""

from dataclasses import dataclass

from tidegauge.worker.outside import Outside


@dataclass(frozen=True, slots=True)
class ShellSettings:
    """Settings of the worker shell; times in seconds.

    Attributes:
        group: Consumer group, also the Faust app id.
        outside: Clients of the cluster, and the time.
        commit_interval: Time between two transactions of a partition, and between two ticks.
        commit_records: A partition with more changed records commits early.
        look_interval: Time between two looks at the ends of the logs.
        transaction_timeout: The broker aborts a transaction after this, and the worker gives up.
        session_timeout: Takeover time after a crash (the broker's minimum is 6 s).
        heartbeat_interval: How soon members notice a rebalance.
        rebalance_timeout: How long the group waits for a slow or dead member.
        poll_interval: Longest time without a fetch before a member counts as dead.
        instance_id: Static group membership, only with names that survive a restart.
        chunk_records: Most records in one fetch and in one batch; no more is fetched while so
            many wait.
        batch_records: So many waiting records are processed at once, fewer when a commit is due.
        open_at_once: Partitions restored concurrently.
        shutdown_timeout: A worker told to stop ends within this, committed or not.
    """

    group: str
    outside: Outside
    commit_interval: float = 1.0
    commit_records: int = 50_000
    look_interval: float = 1.0
    transaction_timeout: float = 60.0
    session_timeout: float = 10.0
    heartbeat_interval: float = 1.0
    rebalance_timeout: float = 30.0
    poll_interval: float = 300.0
    instance_id: str | None = None
    chunk_records: int = 5_000
    batch_records: int = 500
    open_at_once: int = 8
    shutdown_timeout: float = 25.0
