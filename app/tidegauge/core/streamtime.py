"""Stream time and completeness: how far a log has been read, in event time and in append time.

*Stream time* of a log for one model is the largest event time read from it. *Completeness* is an
append time ``T``: every record appended to the log at or before ``T`` has been read. Input topics
carry the broker's append time, so completeness compares logs that know nothing of each other: what
is still unread in a log complete up to ``T`` was appended after ``T``, and its event time is
therefore not more than the allowed disorder behind what *any* log showed before ``T``.

The disorder allowed: an event is at most ``out_of_orderness`` behind every earlier event of its
own partition, and behind every event that any partition received more than ``publication_skew``
before it.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from itertools import accumulate

NEVER = -(2**62)
"""Before all times."""


class StreamClock:
    """The stream time of one model in one log, with its recent past by append time.

    Args:
        grain_ms: steps of stream time finer than this are not remembered one by one.
    """

    __slots__ = ("_grain", "_past", "last_append", "time")

    def __init__(self, time: int = NEVER, last_append: int = NEVER, *, grain_ms: int = 1) -> None:
        self.time = time
        self.last_append = last_append
        self._grain = grain_ms
        self._past: deque[tuple[int, int]] = deque()
        if time > NEVER:
            self._past.append((last_append, time))

    def observe(self, time: int, append: int) -> None:
        """A batch was read: its largest event time and its last append time, in ms."""
        append = self.last_append = max(self.last_append, append)
        if time <= self.time:
            return
        self.time = time
        if len(self._past) > 1 and time - self._past[-2][1] < self._grain:
            # Moving the newest step to a later append time makes `as_of` answer lower: safe.
            self._past[-1] = (append, time)
        else:
            self._past.append((append, time))

    def as_of(self, append: int) -> int:
        """The stream time that records appended at or before ``append`` had reached, in ms."""
        answer = NEVER
        for then, time in self._past:
            if then > append:
                break
            answer = time
        return answer

    def steps(self) -> Iterable[tuple[int, int]]:
        """The remembered past: pairs of append time and the stream time reached by then, in ms."""
        return self._past

    def forget_before(self, append: int) -> None:
        """Drop the past that no question about ``append`` or later can need."""
        past = self._past
        while len(past) > 1 and past[1][0] <= append:
            past.popleft()


class Evidence:
    """How far event time had come by an append time, in any of several logs."""

    def __init__(self, clocks: Iterable[StreamClock]) -> None:
        steps = sorted(step for clock in clocks for step in clock.steps())
        self._appends = [append for append, _ in steps]
        self._times = list(accumulate((time for _, time in steps), max))

    def as_of(self, append: int) -> int:
        """The largest stream time that records appended at or before ``append`` had reached."""
        index = bisect_right(self._appends, append)
        return self._times[index - 1] if index else NEVER


def bound(own: int, evidence: Evidence, complete_until: int, skew: int) -> int:
    """The event time below which a log holds nothing unread (before allowing for disorder), in ms.

    Args:
        own: the log's own stream time for the model.
        evidence: how far event time had come in the logs that tell something about this one.
        complete_until: the log's completeness, an append time.
        skew: the publication skew.
    """
    return max(own, evidence.as_of(complete_until - skew))
