"""What the program knows: the board, the connection, and the size of windows that is shown."""

from collections.abc import Callable, Iterable

from tidegauge.live.board import Board
from tidegauge.live.source import Connected, HistoryRead, Lag, Message, Read, Trouble


class State:
    """All that the screens show.

    Args:
        cluster: Its address, to be shown.
        clock: The time of day in ms.
        size_ms: Of the sizes of windows that there are, the nearest to this is shown.
    """

    def __init__(self, cluster: str, clock: Callable[[], int], size_ms: int) -> None:
        self.cluster = cluster
        self.clock = clock
        self.board = Board()
        self.trouble: str | None = None
        self.connected = False
        self.loading = True
        self.lag: int | None = None
        self.unreadable = 0
        self._wanted_ms = size_ms
        self._stale = False

    @property
    def size_ms(self) -> int:
        """The size of the windows that are shown."""
        sizes = self.board.sizes()
        wanted = self._wanted_ms
        return min(sizes, key=lambda size: abs(size - wanted), default=wanted)

    def other_size(self, step: int) -> None:
        """Show the next larger or smaller windows, around and around."""
        sizes = self.board.sizes()
        if sizes:
            place = sizes.index(self.size_ms)
            self._wanted_ms = sizes[(place + step) % len(sizes)]

    def take(self, messages: Iterable[Message]) -> bool:
        """Take what the source says; whether there was anything."""
        any_ = False
        for message in messages:
            any_ = True
            match message:
                case Connected():
                    # what was read stays on the screen until there is something newer
                    self.connected, self.loading, self._stale = True, True, True
                    self.trouble, self.unreadable = None, 0
                case Trouble(text):
                    self.trouble, self.connected, self.lag = text, False, None
                case Read(arrivals, unreadable):
                    self._renew()
                    self.board.take(arrivals)
                    self.unreadable += unreadable
                case HistoryRead():
                    self._renew()
                    self.loading = False
                case Lag(events):
                    self.lag = events
        return any_

    def _renew(self) -> None:
        if self._stale:
            self.board, self._stale = Board(), False
