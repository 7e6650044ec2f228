"""What must be equal whatever happened on the way: the final outputs of a run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

from wholepath.drifting import WINDOWS_END, DriftingInput
from wholepath.outcome import Outcome

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import DeploymentRecord, MetricRecord


@dataclass(frozen=True)
class Results:
    """The final outputs of one run.

    Attributes:
        windows: the newest record of each window, by key, whatever its revision.
        alerts: every alert event.
        ledgers: the newest ledger of each model.
        deployments: the mark of each deployment, by key.
        refused: how often which record was refused why, wherever it lay.
    """

    windows: dict[bytes, MetricRecord]
    alerts: list[AlertRecord]
    ledgers: dict[str, dict[str, Any]]
    deployments: dict[bytes, DeploymentRecord]
    refused: Counter[tuple[str, bytes | None, str | None, str]]

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        return cls(
            outcome.final_windows(WINDOWS_END),
            outcome.alerts(),
            outcome.ledgers(),
            outcome.deployments(),
            Counter(
                (
                    letter.topic.rpartition("-")[2],
                    letter.key,
                    letter.value_sha256,
                    letter.reason.value,
                )
                for letter in outcome.dead_letters()
            ),
        )

    def differences(self, other: "Results") -> dict[str, Any]:
        """The first few things in which another run differs, by what they are; empty if none."""
        found = {}
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            if mine == others:
                continue
            if isinstance(mine, dict):
                wrong = [
                    key for key in mine.keys() | others.keys() if mine.get(key) != others.get(key)
                ]
                found[field.name] = (
                    len(wrong),
                    [(key, mine.get(key), others.get(key)) for key in sorted(wrong, key=str)[:3]],
                )
            else:
                found[field.name] = mine, others
        return found


def read_so_far(outcome: Outcome) -> int:
    """How many events all ledgers together have."""
    return sum(
        ledger[side].get("read", 0)
        for ledger in outcome.ledgers().values()
        for side in ("predictions", "feedback")
    )


def finished(source: DriftingInput) -> Callable[[Outcome], bool]:
    """Whether all of an input is accounted for, and all its windows are final."""

    def done(outcome: Outcome) -> bool:
        ledgers = outcome.ledgers().values()
        waiting = sum(x["predictions"].get("open", 0) for x in ledgers)
        orphans = sum(x["feedback"].get("orphan_open", 0) for x in ledgers)
        return (read_so_far(outcome), waiting, orphans) == (
            source.published(),
            0,
            source.held_orphans,
        ) and not outcome.unfinished(WINDOWS_END)

    return done
