"""How far publishing has come, and what identifies an event of the replay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tidegauge.core.events import Feedback, Prediction


class Identity(NamedTuple):
    """What no two events of the replay share."""

    is_prediction: bool
    request_id: str
    model: str
    version: str

    @classmethod
    def of(cls, event: Prediction | Feedback) -> "Identity":
        """That of an event."""
        if isinstance(event, Prediction):
            return cls(True, event.request_id, event.model, event.version)
        return cls(False, event.request_id, event.model or "", "")


@dataclass(frozen=True, slots=True)
class Progress:
    """What the broker has acknowledged so far."""

    time_ms: int | None = None
    """Flight time of the newest event, ms since the epoch; None before the first."""
    predictions: int = 0
    feedback: int = 0
    at_time: int = 0
    """How many of the events have just that flight time."""
    ends: Mapping[str, int] = field(default_factory=dict)
    """The offset after the newest event, by topic and partition as `place` writes them."""

    def counting(self, time_ms: int, *, is_prediction: bool) -> "Progress":
        """The same and one more event."""
        return Progress(
            time_ms,
            self.predictions + is_prediction,
            self.feedback + (not is_prediction),
            self.at_time + 1 if time_ms == self.time_ms else 1,
            self.ends,
        )


NOTHING: Final = Progress()


def place(topic: str, partition: int) -> str:
    """A partition in one word."""
    return f"{topic}/{partition}"
