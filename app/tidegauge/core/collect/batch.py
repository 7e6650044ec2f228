"""A batch of decoded events, as the collect stage is given it."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from tidegauge.core.collect.forwarding import Away
from tidegauge.core.events import Feedback, Prediction
from tidegauge.core.reasons import Reason

Event = TypeVar("Event", Prediction, Feedback)


class Refusal(NamedTuple):
    """Why a record is not accepted; ``model`` is None where it cannot be told."""

    reason: Reason
    message: str
    model: str | None = None


class Batch(NamedTuple, Generic[Event]):
    """Consecutive records of one topic of the partition, as columns of equal length.

    ``events`` holds the decoded event or the refusal of a record that could not be decoded,
    ``digests`` a hash of an event's content, ``appends`` the broker's append times in ms. Of
    records that were forwarded, ``offsets`` and ``appends`` are those where they were published,
    and ``sources`` holds the partition of each.
    """

    events: Sequence[Event | Refusal]
    offsets: Sequence[int]
    appends: Sequence[int]
    digests: Sequence[int]
    sources: Sequence[int] | None = None


Refused = list[tuple[int, Refusal]]
"""Refused records: their index in the batch and why."""


class Taken(NamedTuple):
    """What is to be done with records of a batch that were not joined."""

    refused: Refused
    away: list[Away]

    def in_order(self) -> "Taken":
        """The same, in the order of the batch."""
        return Taken(sorted(self.refused, key=lambda pair: pair[0]), sorted(self.away))
