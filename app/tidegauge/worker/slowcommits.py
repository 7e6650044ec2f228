"""Commits that take long: said in the log when it begins and ends, and in health meanwhile."""

import logging
from collections.abc import Iterable

from tidegauge.worker.status import PartitionStatus

log = logging.getLogger(__name__)

SLOW_SECONDS = 5.0
"""A commit usually takes some hundredths of a second."""
FAST_SECONDS = 1.0
"""All commits take less when the broker is called fast again; in between, the state stays."""


class SlowCommits:
    """Looks for commits that take long.

    Args:
        timeout: seconds after which a commit ends the worker.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._slow = False

    def look(self, partitions: Iterable[PartitionStatus]) -> str:
        """Log a change; what is slow now, in words, or empty."""
        known = list(partitions)
        running = max(known, key=lambda p: p.committing_seconds, default=None)
        if running is not None and running.committing_seconds >= SLOW_SECONDS:
            detail = (
                f"the broker is slow: a commit of {running.stage} partition {running.partition} "
                f"has taken {running.committing_seconds:.0f} s so far; "
                f"after {self._timeout:g} s (worker.transaction_timeout) the worker restarts"
            )
            if not self._slow:
                self._slow = True
                log.warning("event=slow_commit detail=%r", detail)
            return detail
        lately = max(
            (max(p.counters.last_commit_seconds, p.committing_seconds) for p in known), default=0.0
        )
        if self._slow and lately < FAST_SECONDS:
            self._slow = False
            log.info("event=commits_fast_again slowest_last_commit_seconds=%.2f", lately)
        return (
            f"the broker is slow: the last commits took up to {lately:.0f} s" if self._slow else ""
        )
