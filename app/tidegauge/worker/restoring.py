"""How far the restores have come, in the log and in words for the probes."""

import logging
import time
from collections.abc import Callable, Collection
from typing import Protocol

from tidegauge.worker.status import PartitionState, PartitionStatus

log = logging.getLogger(__name__)

LOG_SECONDS = 5.0


class Restoring(Protocol):
    """What is restored: a partition."""

    restored: int
    restore_total: int


class RestoreProgress:
    """Notes how far the restore of a partition has come, and logs it now and then.

    Args:
        partition: the partition.
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, partition: Restoring, clock: Callable[[], float] = time.monotonic) -> None:
        self._partition = partition
        self._clock = clock
        self._started = self._logged = clock()

    def __call__(self, done: int, total: int) -> None:
        """So many offsets of the changelog are read, of so many."""
        self._partition.restored, self._partition.restore_total = done, total
        now = self._clock()
        if now - self._logged >= LOG_SECONDS and done < total:
            self._logged = now
            rate = done / (now - self._started)
            log.info(
                "event=restoring %s done=%d total=%d percent=%.0f seconds_left=%s",
                self._partition,
                done,
                total,
                100 * done / total,
                f"{(total - done) / rate:.0f}" if rate else "unknown",
            )


def restoring(partitions: Collection[PartitionStatus]) -> str:
    """How far the partitions of a worker have come, in words; empty when none is restored."""
    waiting = [
        p for p in partitions if p.state in {PartitionState.OPENING, PartitionState.RESTORING}
    ]
    if not waiting:
        return ""
    read, total = sum(p.restored for p in waiting), sum(p.restore_total for p in waiting)
    return (
        f"restoring {len(waiting)} of {len(partitions)} partitions: "
        f"{read} of {total} changelog records read"
    )
