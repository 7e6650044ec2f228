"""Dead letters by reason: how many, and the newest of each as a sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from msgspec.structs import replace

from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.core.reasons import Reason

KEPT_SAMPLES: Final = 20
"""Of each reason: the newest."""
KEPT_BYTES: Final = 2_000
"""Of the value of a sample."""

Place: TypeAlias = tuple[str, int, int]
"""Topic, partition and offset of a refused record."""


@dataclass(slots=True)
class Refused:
    """What was refused for one reason.

    Attributes:
        copied: Dead letters that hold the refused record.
        uncopied: Refused records that a flood kept from being copied.
        newest_ms: When Kafka took the newest of those copied; 0 without any.
    """

    copied: int = 0
    uncopied: int = 0
    newest_ms: int = 0
    _samples: dict[Place, DeadLetterRecord] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """All of them."""
        return self.copied + self.uncopied

    def samples(self) -> list[DeadLetterRecord]:
        """The newest ones first, their values cut to `KEPT_BYTES`."""
        return sorted(self._samples.values(), key=_age, reverse=True)

    def take(self, record: DeadLetterRecord) -> None:
        """Count a dead letter, and keep it if it is one of the newest."""
        self.copied += 1
        self.newest_ms = max(self.newest_ms, record.timestamp_ms)
        value = None if record.value is None else record.value[:KEPT_BYTES]
        self._samples[record.topic, record.partition, record.offset] = replace(record, value=value)
        if len(self._samples) > KEPT_SAMPLES:
            del self._samples[min(self._samples, key=lambda place: _age(self._samples[place]))]


class Refusals:
    """All dead letters that were read, each once."""

    def __init__(self) -> None:
        self._by_reason: dict[Reason, Refused] = {}

    def take(self, record: DeadLetterRecord | DeadLetterSummaryRecord) -> None:
        """Add one."""
        refused = self._by_reason.setdefault(record.reason, Refused())
        if isinstance(record, DeadLetterSummaryRecord):
            refused.uncopied += record.count
        else:
            refused.take(record)

    @property
    def count(self) -> int:
        """How many records were refused."""
        return sum(refused.count for refused in self._by_reason.values())

    def by_reason(self) -> Mapping[Reason, Refused]:
        """The most frequent reason first."""
        found = sorted(self._by_reason.items(), key=lambda item: (-item[1].count, item[0]))
        return dict(found)


def _age(record: DeadLetterRecord) -> tuple[int, str, int, int]:
    return record.timestamp_ms, record.topic, record.partition, record.offset
