"""What a worker is doing, for health checks and metrics.

The main loop publishes immutable snapshots; any thread reads the latest one at any time, also
before Faust is up.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

log = logging.getLogger(__name__)


class Phase(StrEnum):
    """The worker's life."""

    STARTING = "starting"
    WAITING_FOR_BROKER = "waiting_for_broker"
    JOINING = "joining"
    RUNNING = "running"
    REBALANCING = "rebalancing"
    STOPPING = "stopping"
    FAILED = "failed"


class PartitionState(StrEnum):
    """The life of one partition of one stage on this worker."""

    OPENING = "opening"
    RESTORING = "restoring"
    ACTIVE = "active"
    PARKED = "parked"
    """Committed and held while the group rebalances."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """One input topic of one partition.

    Attributes:
        position: Offset up to which records are processed.
        end: End of the log as last seen.
        records: Raw records processed since the state was empty.
        lost: Offsets that retention removed before they were read.
        set_aside: Records that went to the dead letters by hand.
        complete_until_ms: Append time up to which everything is processed; 0 unknown.
    """

    position: int
    end: int
    records: int
    lost: int
    set_aside: int
    complete_until_ms: int

    @property
    def lag(self) -> int:
        """Offsets not yet processed."""
        return max(0, self.end - self.position)


@dataclass(frozen=True, slots=True)
class Counters:
    """Counted since this worker opened the partition."""

    chunks: int = 0
    records: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    last_commit_seconds: float = 0.0
    gaps: int = 0
    trims: int = 0
    duplicates: int = 0
    seek_backs: int = 0
    ticks: int = 0


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """One partition of one stage; times are seconds since the epoch.

    ``committing_seconds`` is how long the commit under way has taken so far; 0 without one.
    """

    stage: str
    partition: int
    state: PartitionState
    restored: int
    restore_total: int
    topics: Mapping[str, TopicStatus]
    counters: Counters
    dirty: int
    last_progress: float
    committing_seconds: float = 0.0

    @property
    def lag(self) -> int:
        """Offsets not yet processed, over all input topics."""
        return sum(topic.lag for topic in self.topics.values())


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One snapshot of a worker; ``at`` is when it was taken, in seconds since the epoch."""

    phase: Phase = Phase.STARTING
    detail: str = ""
    at: float = 0.0
    rebalances: int = 0
    partitions: tuple[PartitionStatus, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether all assigned partitions are processed."""
        return self.phase is Phase.RUNNING and all(
            partition.state is PartitionState.ACTIVE for partition in self.partitions
        )

    def stalled_seconds(self) -> float:
        """Longest time a partition with lag has made no progress, though the broker answers."""
        if self.phase is Phase.WAITING_FOR_BROKER:
            return 0.0
        return max(
            (
                self.at - partition.last_progress
                for partition in self.partitions
                if partition.lag and partition.state is PartitionState.ACTIVE
            ),
            default=0.0,
        )


@dataclass(slots=True)
class StatusBoard:
    """Where the main loop leaves the latest `WorkerStatus` for other threads."""

    _latest: WorkerStatus = field(default_factory=WorkerStatus)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> WorkerStatus:
        """The latest status."""
        return self._latest

    def phase(self, phase: Phase, detail: str = "") -> None:
        """Enter a phase, which is logged when it is another one."""
        if phase is not self._latest.phase:
            log.info("event=phase phase=%s before=%s", phase.value, self._latest.phase.value)
        with self._lock:
            self._latest = replace(self._latest, phase=phase, detail=detail, at=time.time())

    def partitions(self, partitions: tuple[PartitionStatus, ...], rebalances: int) -> None:
        """Replace what is known of the partitions."""
        with self._lock:
            self._latest = replace(
                self._latest, partitions=partitions, rebalances=rebalances, at=time.time()
            )
