"""How far one partition's inputs were read: what is left, and up to which time all is known."""

from collections.abc import Mapping

from aiokafka import TopicPartition

from tidegauge.worker.changelog import Mark
from tidegauge.worker.inbox import Fetch
from tidegauge.worker.logends import LogEnds

FRESH_MS = 5_000
"""A partition whose complete time is older than this is behind: it gets no ticks."""


class Reading:
    """What is known of the inputs' logs, by topic.

    Args:
        tps: The inputs.
        log_ends: Ends of the logs, looked at now and then.
    """

    def __init__(self, tps: Mapping[str, TopicPartition], log_ends: LogEnds) -> None:
        self._tps = tps
        self._log_ends = log_ends
        self._readable: dict[str, int] = {}
        self.complete: dict[str, int] = dict.fromkeys(tps, 0)
        """Append time up to which all records were processed, ms; 0 unknown."""
        self._ticked = dict(self.complete)

    def restart(self) -> None:
        """What fetches said does not hold any more."""
        self._readable.clear()

    def fetched(self, fetch: Fetch) -> None:
        """A fetch told the end of its log."""
        self._readable[fetch.tp.topic] = fetch.readable_end

    def readable(self, topic: str) -> int:
        """The end of what can be read, as the last fetch said or, without one, the last look."""
        return self._readable.get(topic, self._log_ends.last(self._tps[topic]))

    def newest_end(self, topic: str) -> int:
        """The largest end that is known."""
        return max(self._log_ends.last(self._tps[topic]), self._readable.get(topic, 0))

    def left(self, marks: Mapping[str, Mark]) -> int:
        """How many offsets are still to be processed, in all inputs."""
        return sum(self.readable(topic) - mark.position for topic, mark in marks.items())

    def complete_until(self, topic: str, fetch: Fetch) -> int:
        """Append time up to which all is known when ``fetch`` is processed, ms."""
        known = self._log_ends.complete_until(self._tps[topic], fetch.end)
        if fetch.records and fetch.records[-1].timestamp_type == 1:
            # a record of the same millisecond may follow
            known = max(known, fetch.records[-1].timestamp - 1)
        self.complete[topic] = max(self.complete[topic], known)
        return self.complete[topic]

    def tick(self, marks: Mapping[str, Mark], now_ms: int) -> dict[str, int] | None:
        """The complete times, if all inputs were read to recent ends since the last tick."""
        complete = {
            topic: self._log_ends.complete_until(self._tps[topic], mark.position)
            for topic, mark in marks.items()
        }
        for topic, until in complete.items():
            if until <= self._ticked[topic] or until < now_ms - FRESH_MS:
                return None
        for topic, until in complete.items():
            self.complete[topic] = max(self.complete[topic], until)
        self._ticked = complete
        return dict(self.complete)
