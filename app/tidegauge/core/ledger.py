"""The ledgers: every event read is in exactly one state, per model and in total.

``predictions read`` is the sum of the prediction states, ``feedback read`` the sum of the feedback
states. One feedback may label several predictions, so ``labels``, counted where the join gives a
prediction its first label, is a balance of its own against the predictions labelled.

An event that was published away from its home is read twice, and is in a state in each partition:
``forwarded`` where it was published, what became of it where it is joined. What was published is
therefore what was read less what was forwarded.
"""

from collections.abc import Iterable, Mapping

import msgspec

UNKNOWN_MODEL = "__unknown__"
"""The model of an event whose model cannot be told."""

PREDICTION_STATES = (
    "labelled",
    "unlabelled",
    "open",
    "duplicate",
    "conflict",
    "late",
    "invalid",
    "forwarded",
    "evicted",
)
FEEDBACK_STATES = (
    "joined",
    "duplicate",
    "conflict",
    "superseded",
    "orphan_open",
    "orphan_expired",
    "late",
    "invalid",
    "forwarded",
    "evicted",
)


class ModelLedger(msgspec.Struct, array_like=True):
    """The accounts of one model: events read, events by state, predictions given a label."""

    predictions_read: int = 0
    predictions: dict[str, int] = msgspec.field(default_factory=dict)
    feedback_read: int = 0
    feedback: dict[str, int] = msgspec.field(default_factory=dict)
    labels: int = 0

    def add(self, other: "ModelLedger") -> None:
        """Add the accounts of ``other``, for instance those of another source partition."""
        self.predictions_read += other.predictions_read
        self.feedback_read += other.feedback_read
        self.labels += other.labels
        for mine, theirs in (
            (self.predictions, other.predictions),
            (self.feedback, other.feedback),
        ):
            for state, count in theirs.items():
                mine[state] = mine.get(state, 0) + count

    def imbalance(self) -> dict[str, int]:
        """What is read minus what is accounted for, by account; all zero when the ledger holds."""
        return {
            "predictions": self.predictions_read - sum(self.predictions.values()),
            "feedback": self.feedback_read - sum(self.feedback.values()),
            "labels": self.labels - self.predictions.get("labelled", 0),
        }


class Ledgers:
    """The ledgers of one source partition, by model."""

    def __init__(self) -> None:
        self.by_model: dict[str, ModelLedger] = {}
        self.changed: set[str] = set()

    def of(self, model: str) -> ModelLedger:
        """The ledger of ``model``, to be changed by the caller."""
        self.changed.add(model)
        ledger = self.by_model.get(model)
        if ledger is None:
            ledger = self.by_model[model] = ModelLedger()
        return ledger

    def prediction(self, model: str, state: str, count: int = 1) -> None:
        """Count predictions of ``model`` that are read and at once in ``state``."""
        ledger = self.of(model)
        ledger.predictions_read += count
        ledger.predictions[state] = ledger.predictions.get(state, 0) + count

    def feedback(self, model: str, state: str, count: int = 1) -> None:
        """Count feedback of ``model`` that is read and at once in ``state``."""
        ledger = self.of(model)
        ledger.feedback_read += count
        ledger.feedback[state] = ledger.feedback.get(state, 0) + count

    def apply(self, accounts: "Accounts", sign: int) -> None:
        """Add (``sign`` 1) or take back (-1) the accounts of one request."""
        for (model, state), count in accounts.predictions.items():
            if count:
                self.prediction(model, state, sign * count)
        for (model, state), count in accounts.feedback.items():
            if count:
                self.feedback(model, state, sign * count)


class Accounts(msgspec.Struct):
    """How many events of one request are in which (model, state)."""

    predictions: dict[tuple[str, str], int]
    feedback: dict[tuple[str, str], int]


def total(ledgers: Iterable[ModelLedger]) -> ModelLedger:
    """The sum of several ledgers."""
    result = ModelLedger()
    for ledger in ledgers:
        result.add(ledger)
    return result


def merged(by_source: Mapping[int, ModelLedger]) -> ModelLedger:
    """The ledger of one model over all source partitions."""
    return total(by_source.values())
