"""The ledgers: arrivals as counters, and the states into which they divide as gauges.

At any scrape the states of a model add up to what was read.
"""

from collections.abc import Iterator

import msgspec

from tidegauge.core.records import FeedbackLedger, LedgerRecord, PredictionLedger
from tidegauge.export.page import Metric, Row

_MODEL = ("model",)
_STATE = ("model", "state")

PREDICTIONS_READ = Metric(
    "tidegauge_predictions_read_total", "Predictions read.", _MODEL, kind="counter"
)
PREDICTIONS_LOST = Metric(
    "tidegauge_predictions_lost_total",
    "Predictions that retention removed before they were read.",
    _MODEL,
    kind="counter",
)
PREDICTION_STATES = Metric(
    "tidegauge_predictions",
    "Predictions read by what became of them; the states add up to those read.",
    _STATE,
)
FEEDBACK_READ = Metric("tidegauge_feedback_read_total", "Feedback read.", _MODEL, kind="counter")
FEEDBACK_LOST = Metric(
    "tidegauge_feedback_lost_total",
    "Feedback that retention removed before it was read.",
    _MODEL,
    kind="counter",
)
FEEDBACK_STATES = Metric(
    "tidegauge_feedback",
    "Feedback read by what became of it; the states add up to that read.",
    _STATE,
)
LABELS_APPLIED = Metric(
    "tidegauge_labels_applied_total",
    "Predictions given their first label; one feedback may label several.",
    _MODEL,
    kind="counter",
)
METRICS = (
    PREDICTIONS_READ,
    PREDICTIONS_LOST,
    PREDICTION_STATES,
    FEEDBACK_READ,
    FEEDBACK_LOST,
    FEEDBACK_STATES,
    LABELS_APPLIED,
)


def ledger_rows(record: LedgerRecord) -> Iterator[Row]:
    """The balance of one model."""
    model = (record.model,)
    yield Row(PREDICTIONS_READ, model, record.predictions.read)
    yield Row(PREDICTIONS_LOST, model, record.predictions.lost)
    yield from _states(PREDICTION_STATES, record.model, record.predictions)
    yield Row(FEEDBACK_READ, model, record.feedback.read)
    yield Row(FEEDBACK_LOST, model, record.feedback.lost)
    yield from _states(FEEDBACK_STATES, record.model, record.feedback)
    yield Row(LABELS_APPLIED, model, record.labels)


def _states(metric: Metric, model: str, ledger: PredictionLedger | FeedbackLedger) -> Iterator[Row]:
    for state, count in msgspec.structs.asdict(ledger).items():
        if state not in ("read", "lost"):
            yield Row(metric, (model, state), count)
