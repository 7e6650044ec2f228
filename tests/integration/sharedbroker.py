"""One embedded broker for all processes of a distributed run.

pytest-xdist's processes end at different times, so the broker belongs to the one that started them:
it starts the broker when one of them first asks for the address, and stops it after all of them.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Client, Listener
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.errors import BrokerError


class SharedBroker:
    """Answers everybody who connects to `address` with ``host:port`` of the broker, or an error."""

    def __init__(self) -> None:
        self._listener = Listener(family="AF_UNIX")
        self._thread = Thread(target=self._answer, name="shared broker", daemon=True)
        self._ending = False
        self._thread.start()

    @property
    def address(self) -> str:
        """Where to ask, see `ask`."""
        return str(self._listener.address)

    def stop(self) -> None:
        """Stop the broker, if anybody has asked for it."""
        self._ending = True
        ask(self.address)
        self._thread.join()
        self._listener.close()

    def _answer(self) -> None:
        answer: str | BrokerError | None = None
        with ExitStack() as stack:
            while True:
                with self._listener.accept() as asked:
                    if self._ending:
                        asked.send("")
                        return
                    if answer is None:
                        answer = self._started(stack)
                    asked.send(answer)

    def _started(self, stack: ExitStack) -> str | BrokerError:
        try:
            return stack.enter_context(started())
        except BrokerError as error:
            return error


@contextmanager
def started() -> Iterator[str]:
    """A broker with data of its own; gives its ``host:port``."""
    with (
        TemporaryDirectory(prefix="tidegauge-tests-") as folder,
        EmbeddedBroker(Path(folder), quick_start=True) as broker,
    ):
        yield broker.bootstrap


def ask(address: str) -> str:
    """The ``host:port`` of the broker that is shared at an address.

    Raises:
        BrokerError: It could not be started.
    """
    with Client(address, family="AF_UNIX") as connection:
        said = connection.recv()
    if isinstance(said, BrokerError):
        raise said
    return str(said)
