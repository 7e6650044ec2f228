"""Whether the workers keep pace with the publisher."""

from collections import deque
from typing import Final

ALLOWED_SECONDS: Final = 8.0
"""What was published longer ago must have been read."""


class Behind:
    """Compares what was published with what was read.

    Counts of records are compared, not event times: the watermark is behind by design.
    """

    def __init__(self) -> None:
        self._published: deque[tuple[float, int]] = deque()

    def look(self, now: float, published: int, read: int) -> bool:
        """Take the counts of now, seconds of a clock that only goes forward; are they behind?"""
        self._published.append((now, published))
        while len(self._published) > 1 and self._published[1][0] <= now - ALLOWED_SECONDS:
            self._published.popleft()
        then, due = self._published[0]
        return then <= now - ALLOWED_SECONDS and read < due
