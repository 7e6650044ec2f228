"""Publishing while workers run and fail."""

import threading
from collections.abc import Iterator, Sequence

from wholepath.deployment import Deployment
from wholepath.topic import Message


class Load:
    """Publishes some of the messages at once, the others over time, in a thread of its own.

    Args:
        world: where to.
        messages: what.
        backlog: the share that is published before this returns.
        per_second: the rate of the others.
    """

    def __init__(
        self,
        world: Deployment,
        messages: Sequence[Message],
        backlog: float = 0.5,
        per_second: float = 4_000,
    ) -> None:
        self._world = world
        self._slice = max(1, int(per_second / 16))
        self._pause = self._slice / per_second
        self._stop = threading.Event()
        self._error: BaseException | None = None
        first = int(len(messages) * backlog)
        world.publish(messages[:first])
        self._thread = threading.Thread(target=self._run, args=(messages[first:],))
        self._thread.start()

    def _run(self, messages: Sequence[Message]) -> None:
        try:
            self._world.publish(self._paced(messages))
        except BaseException as error:  # noqa: BLE001 - raised where the test waits for the load
            self._error = error

    def _paced(self, messages: Sequence[Message]) -> Iterator[Message]:
        for first in range(0, len(messages), self._slice):
            yield from messages[first : first + self._slice]
            self._stop.wait(self._pause)

    def join(self) -> None:
        """Wait until everything is published."""
        self._thread.join(300)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
