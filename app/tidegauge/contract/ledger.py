"""The ledger: what became of every event that was read."""

from typing import Literal

from tidegauge.contract.base import Count, Record, Time


class PredictionBalance(Record):
    """``read`` is the sum of all others but ``lost``."""

    read: Count
    labelled: Count
    """A label is in force."""
    unlabelled: Count
    """The label horizon passed without a label."""
    open: Count
    """A label is awaited."""
    duplicate: Count
    """The same prediction again."""
    conflict: Count
    """An identity that was known, with other content."""
    late: Count
    """Older than the limit for late predictions."""
    invalid: Count
    forwarded: Count
    """Published in another partition than its request id's, and sent there, where it is read again
    and counted once more in ``read`` and in another state."""
    evicted: Count
    """Given up because a limit of memory was reached."""
    lost: Count
    """Removed by Kafka's retention before they were read; not part of ``read``."""


class FeedbackBalance(Record):
    """``read`` is the sum of all others but ``lost``."""

    read: Count
    joined: Count
    """Labels at least one prediction."""
    duplicate: Count
    """The same feedback again."""
    conflict: Count
    """A revision that was known, with other content."""
    superseded: Count
    """A higher revision of the request was known."""
    orphan_open: Count
    """Its prediction is awaited."""
    orphan_expired: Count
    """No prediction came in time."""
    late: Count
    """Older than the label or correction horizon."""
    invalid: Count
    forwarded: Count
    """Published in another partition than its request id's, and sent there, where it is read again
    and counted once more in ``read`` and in another state."""
    evicted: Count
    """Given up because a limit of memory was reached."""
    lost: Count
    """Removed by Kafka's retention before they were read; not part of ``read``."""


class Ledger(Record):
    """The balance of one model over all partitions; the newest record replaces the older ones."""

    type: Literal["ledger"]
    model: str
    """``__unknown__``: events that do not tell their model."""
    time: Time
    """The model's watermark when the balance was struck."""
    predictions: PredictionBalance
    feedback: FeedbackBalance
    labels: Count
    """Predictions that were given a first label, counted where feedback is joined; one feedback
    may label several. Equal to the predictions labelled."""
