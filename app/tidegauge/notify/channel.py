"""What every way of telling somebody has in common."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, TypeAlias

from tidegauge.core.alertrecords import AlertRecord


class Delivered(NamedTuple):
    """The receiver has it."""


class Failed(NamedTuple):
    """It did not work, and may later."""

    reason: str
    """Without secrets."""
    after: float = 0.0
    """Seconds for which the receiver wants to be left alone."""


class Refused(NamedTuple):
    """The receiver does not want this message, and never will."""

    reason: str
    """Without secrets."""


Outcome: TypeAlias = Delivered | Failed | Refused


class Event(NamedTuple):
    """An alert event to be told."""

    alert: AlertRecord
    cloud_event: bytes
    """As it stands in the topic, in CloudEvents' JSON format."""
    before: AlertRecord | None = None
    """The event of this alert that was told before, if one was."""


class Channel(Protocol):
    """A way of telling somebody."""

    @property
    def shown(self) -> str:
        """Where to, without secrets."""

    def send(self, event: Event) -> Outcome:
        """Tell one event."""

    def repeat(self, firing: Sequence[AlertRecord]) -> Outcome:
        """Say again what fires, where the receiver needs that; for others it is nothing."""

    def preview(self, event: Event) -> str:
        """What `send` would say, for people."""
