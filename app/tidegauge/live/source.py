"""What the screens are told, and by whom; the reader of Kafka is one source, tests have another."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tidegauge.live.board import Arrival


@dataclass(frozen=True, slots=True)
class Connected:
    """The cluster answers; what was read before may be of another one and is forgotten."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The cluster does not answer or has no such topics; it will be tried again."""

    text: str


@dataclass(frozen=True, slots=True)
class Read:
    """Records that were read.

    Attributes:
        arrivals: Those of the present, or of the past while it is read back.
        unreadable: How many were none of Tidegauge's.
    """

    arrivals: list[Arrival]
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """The past is read, as far back as was wanted."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many events the workers have not read yet; None where that may not be asked."""

    events: int | None


Message: TypeAlias = Connected | Trouble | Read | HistoryRead | Lag


class Source(Protocol):
    """Where the messages come from; its methods are called from one thread."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; it may take a moment."""

    def take(self) -> list[Message]:
        """What has come since the last call, in order."""
