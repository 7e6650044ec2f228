"""What a deployment has put out, read back as any consumer of committed records would."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self

import msgspec
from wholepath.topic import Log

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.core.records import (
    DeploymentRecord,
    FeedbackLedger,
    LedgerRecord,
    MetricRecord,
    PredictionLedger,
    WindowState,
)
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.settings.kafka import TopicNames
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.dead_letters import decode_dead_letter
from tidegauge.wire.metrics import decode_metrics
from tidegauge.wire.references import decode_reference

Origin = tuple[str, int, int]
"""Topic, partition and offset of a refused record."""


OUTPUTS = ("metrics", "alerts", "dead_letters", "references")
"""The roles of the topics that are read."""


class Records(Protocol):
    """The records of one topic, each partition in the order of its log."""

    @property
    def records(self) -> Sequence[Any]:
        """Those known so far, with ``key``, ``value`` and ``headers``."""

    def read(self) -> object:
        """Read on to the present end."""

    def close(self) -> None:
        """Disconnect."""


class Outcome:
    """The output topics so far; `read` brings it up to date.

    Args:
        logs: by role, all of `OUTPUTS`.
    """

    def __init__(self, logs: Mapping[str, Records]) -> None:
        self._logs = logs
        self._newest: dict[bytes, MetricRecord | LedgerRecord | DeploymentRecord] = {}
        self._taken = 0

    @classmethod
    def of_topics(cls, bootstrap: str, names: TopicNames) -> Self:
        """The outputs of a deployment."""
        return cls({role: Log(bootstrap, getattr(names, role)) for role in OUTPUTS})

    def read(self) -> None:
        """Read all output topics to their ends."""
        for log in self._logs.values():
            log.read()
        records = self._logs["metrics"].records
        for record in records[self._taken :]:
            self._newest[record.key] = decode_metrics(record.value)
        self._taken = len(records)

    @property
    def size(self) -> int:
        """How many records were read."""
        return sum(len(log.records) for log in self._logs.values())

    def repeated(self) -> list[object]:
        """Alert events and dead letters that are there more than once."""
        counts: Counter[object] = Counter(alert.id for alert in self.alerts())
        counts.update(self.refused())
        return [what for what, count in counts.items() if count > 1]

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """The newest ledger of each model of which something was read, without its time.

        States of zero are left out, and what was read only to be forwarded: as if all events had
        been published at home.
        """
        return {
            ledger.model: {
                "predictions": _joined(ledger.predictions),
                "feedback": _joined(ledger.feedback),
                "labels": ledger.labels,
            }
            for ledger in self._newest.values()
            if isinstance(ledger, LedgerRecord) and ledger.predictions.read + ledger.feedback.read
        }

    def forwarded(self) -> int:
        """How many events were forwarded."""
        return sum(
            balance.forwarded
            for ledger in self._newest.values()
            if isinstance(ledger, LedgerRecord)
            for balance in (ledger.predictions, ledger.feedback)
        )

    def windows(self) -> list[MetricRecord]:
        """The newest record of each window."""
        return [w for w in self._newest.values() if isinstance(w, MetricRecord)]

    def unfinished(self, before_ms: int = 2**62) -> list[MetricRecord]:
        """Windows that end by ``before_ms`` and are not final."""
        return [
            w for w in self.windows() if w.end_ms <= before_ms and w.state is not WindowState.FINAL
        ]

    def final_windows(self, before_ms: int) -> dict[bytes, MetricRecord]:
        """The newest record of each window that ends by ``before_ms``, whatever its revision."""
        return {
            key: msgspec.structs.replace(window, revision=0)
            for key, window in self._newest.items()
            if isinstance(window, MetricRecord) and window.end_ms <= before_ms
        }

    def alerts(self) -> list[AlertRecord]:
        """Every alert event, in the order of ids."""
        alerts = [decode_alert(r.value, r.headers) for r in self._logs["alerts"].records]
        return sorted(alerts, key=lambda alert: alert.id)

    def dead_letters(self) -> list[DeadLetterRecord]:
        """Every refused record that was copied."""
        return [letter for letter in self._letters() if isinstance(letter, DeadLetterRecord)]

    def summaries(self) -> list[DeadLetterSummaryRecord]:
        """What was refused in floods and only counted."""
        return [letter for letter in self._letters() if not isinstance(letter, DeadLetterRecord)]

    def _letters(self) -> list[DeadLetterRecord | DeadLetterSummaryRecord]:
        return [decode_dead_letter(record.value) for record in self._logs["dead_letters"].records]

    def refused(self) -> Counter[tuple[Origin, str]]:
        """How often each refused record is among the dead letters, with its reason."""
        return Counter(
            ((letter.topic, letter.partition, letter.offset), letter.reason.value)
            for letter in self.dead_letters()
        )

    def deployments(self) -> dict[bytes, DeploymentRecord]:
        """The mark of each deployment, by key."""
        return {k: mark for k, mark in self._newest.items() if isinstance(mark, DeploymentRecord)}

    def references(self) -> list[ReferenceProfile]:
        """Every reference profile."""
        return [decode_reference(r.value) for r in self._logs["references"].records if r.value]

    def close(self) -> None:
        """Disconnect."""
        for log in self._logs.values():
            log.close()


def _joined(balance: PredictionLedger | FeedbackLedger) -> dict[str, int]:
    states: dict[str, int] = msgspec.structs.asdict(balance)
    states["read"] -= states.pop("forwarded")
    return {state: n for state, n in states.items() if n}
