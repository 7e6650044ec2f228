"""Giving back to the system what was freed.

A restore and large commits need much memory for a moment. glibc keeps what they freed wherever
something above it is still in use, so a worker would seem to need it for ever.
"""

import ctypes
from collections.abc import Callable

INTERVAL_SECONDS = 15.0


def give_back() -> None:
    """Return freed pages to the system, where the C library can (``malloc_trim`` of glibc)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class Freed:
    """Gives back what was freed at intervals.

    Args:
        clock: a monotonic clock, in seconds.
        give: what is called.
    """

    def __init__(self, clock: Callable[[], float], give: Callable[[], None] = give_back) -> None:
        self._clock = clock
        self._give = give
        self._given_at = clock()

    def look(self) -> None:
        """Give back what was freed, if it is time to."""
        now = self._clock()
        if now - self._given_at >= INTERVAL_SECONDS:
            self._given_at = now
            self._give()
