"""Dead letters within bounds: a flood of one reason is not copied, but counted with its offsets.

The bound is per reason and per minute of append time, so that it does not depend on how fast a
backlog is read.
"""

from tidegauge.core.deadletters import DeadLetterSummaryRecord, OffsetRange
from tidegauge.core.reasons import Reason

MINUTE_MS = 60_000
MAX_RANGES = 100
"""Offset ranges in one summary; further ones extend the last."""


class RefusalGate:
    """Decides for one topic partition which refusals are copied, and sums up the others.

    Args:
        topic: the topic.
        partition: its partition.
        per_minute: refusals of one reason copied per minute of append time.
    """

    def __init__(self, topic: str, partition: int, per_minute: int) -> None:
        self._topic = topic
        self._partition = partition
        self._per_minute = per_minute
        self._minutes: dict[Reason, tuple[int, int]] = {}
        self._ranges: dict[Reason, list[OffsetRange]] = {}

    def passes(self, reason: Reason, offset: int, append_ms: int) -> bool:
        """Whether a refusal is to be copied; if not, it is summed up."""
        minute = append_ms // MINUTE_MS
        known, used = self._minutes.get(reason, (minute, 0))
        used = used + 1 if known == minute else 1
        self._minutes[reason] = (minute, used)
        if used <= self._per_minute:
            return True
        self._extend(self._ranges.setdefault(reason, []), offset)
        return False

    def _extend(self, ranges: list[OffsetRange], offset: int) -> None:
        if ranges and (offset == ranges[-1].last + 1 or len(ranges) >= MAX_RANGES):
            last = ranges[-1]
            ranges[-1] = OffsetRange(last.first, offset, last.count + 1)
        else:
            ranges.append(OffsetRange(offset, offset, 1))

    def summaries(self) -> list[DeadLetterSummaryRecord]:
        """What was not copied since the last call, by reason."""
        summaries = [
            DeadLetterSummaryRecord(
                reason=reason,
                topic=self._topic,
                partition=self._partition,
                count=sum(r.count for r in ranges),
                ranges=tuple(ranges),
            )
            for reason, ranges in sorted(self._ranges.items())
        ]
        self._ranges = {}
        return summaries
