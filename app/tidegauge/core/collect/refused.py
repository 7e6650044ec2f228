"""Why events that could be decoded are refused, in words for their publisher."""

from tidegauge.core.collect.batch import Refusal
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.reasons import Reason


def conflicting_prediction(event: Prediction) -> Refusal:
    """A prediction that differs from an earlier one of its identity."""
    return Refusal(
        Reason.CONFLICT_PREDICTION,
        f"the prediction of model {event.model!r} version {event.version!r} for request "
        f"{event.request_id!r} differs from an earlier one, which counts; "
        "publish each answer once, and give a new answer a new request id",
        event.model,
    )


def conflicting_feedback(event: Feedback) -> Refusal:
    """Feedback that differs from an earlier one of its revision."""
    return Refusal(
        Reason.CONFLICT_FEEDBACK,
        f"feedback for request {event.request_id!r} revision {event.revision} differs "
        "from an earlier one, which counts; to correct a label publish it with a higher "
        "revision",
        event.model,
    )


def from_the_future(event: Prediction | Feedback, append: int) -> Refusal:
    """An event whose time is far ahead of the one it was appended at, in ms."""
    ahead = event.timestamp.timestamp() - append / 1000
    return Refusal(
        Reason.FUTURE_TIMESTAMP,
        f"timestamp {event.timestamp.isoformat()} is {ahead:.0f} s ahead of the time the record "
        "was appended; check the producer's clock and time zone (setting time.max_future)",
        event.model,
    )
