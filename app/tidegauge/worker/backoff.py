"""Waiting for a broker that does not answer, and sparing one that is slow."""

import asyncio
import logging
import math

log = logging.getLogger(__name__)

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 5.0
LONGEST_PAUSE = 10.0
BEHIND_BEATS = 3


def commit_pause(interval: float, phase: float, now: float, last_commit: float) -> float:
    """Seconds from the end of a commit to the next one.

    All partitions of a stage commit at the same beat of the wall clock, so that the next stage,
    which comes half a beat later, reads what all of them wrote. A broker that is slow gets time in
    between: at least as long as the last commit took, up to `LONGEST_PAUSE`.

    Args:
        interval: Seconds between two beats.
        phase: Part of the interval by which the beat comes later than a multiple of it.
        now: Wall time, in seconds.
        last_commit: Seconds that the last commit took.
    """
    earliest = now + min(last_commit, LONGEST_PAUSE)
    beat = math.floor(earliest / interval - phase) + 1 + phase
    return beat * interval - now


def skipped(interval: float, phase: float, beat: float, last_commit: float) -> bool:
    """Whether a partition that is far behind leaves out a beat.

    A commit has a cost of its own, whatever it holds, so those that have much to catch up with
    commit at every `BEHIND_BEATS`-th beat only, all at the same. Where a slow broker stretches the
    pauses already, none is left out.

    Args:
        interval: Seconds between two beats.
        phase: Part of the interval by which the beat comes later than a multiple of it.
        beat: Wall time of the beat, in seconds.
        last_commit: Seconds that the last commit took.
    """
    return last_commit < interval and round(beat / interval - phase) % BEHIND_BEATS != 0


class Backoff:
    """Exponential waits, logged.

    Args:
        doing: What is tried, for the log.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._attempt = 0

    def reset(self) -> None:
        """It worked."""
        if self._attempt:
            log.info("event=broker_back doing=%r attempts=%d", self._doing, self._attempt)
        self._attempt = 0

    async def wait(self, error: BaseException) -> None:
        """Wait before the next attempt, longer each time."""
        seconds = min(LONGEST_SECONDS, FIRST_SECONDS * 2**self._attempt)
        self._attempt += 1
        log.warning(
            "event=broker_missing doing=%r attempt=%d retry_in=%.1fs error=%r",
            self._doing,
            self._attempt,
            seconds,
            str(error),
        )
        await asyncio.sleep(seconds)
