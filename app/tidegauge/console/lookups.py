"""Requests that are looked up, in threads of their own: reading topics takes seconds."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple, TypeAlias

from tidegauge.kafka.admin import ClusterError
from tidegauge.lookup.request import Story, UnknownRequest

KEPT: Final = 32
"""Answers; the one that was asked for longest ago goes first."""
_AT_ONCE: Final = 2

LookUp: TypeAlias = Callable[[str, int | None], Story]


class Wanted(NamedTuple):
    """What somebody wants to know.

    Attributes:
        request_id: Of which request.
        at_ms: About when it was published, for one that is no longer retained.
        again: Another number looks again.
    """

    request_id: str
    at_ms: int | None
    again: int


class Lookups:
    """Answers to what was asked, as far as they are there.

    Args:
        look_up: Finds one; called in threads.
    """

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lookup")
        self._known: OrderedDict[Wanted, Future[Story]] = OrderedDict()
        self._waiting: set[Future[Story]] = set()

    def ask(self, wanted: Wanted) -> Story | str | None:
        """The answer, or in words why there is none; None: it is being looked up."""
        future = self._known.get(wanted)
        if future is None:
            future = self._threads.submit(self._look_up, wanted.request_id, wanted.at_ms)
            self._known[wanted] = future
            self._waiting.add(future)
            if len(self._known) > KEPT:
                _, oldest = self._known.popitem(last=False)
                oldest.cancel()
                self._waiting.discard(oldest)
        if not future.done():
            return None
        try:
            return future.result()
        except (ClusterError, UnknownRequest) as problem:
            return str(problem)

    def news(self) -> bool:
        """Whether an answer has come since the last call."""
        done = {future for future in self._waiting if future.done()}
        self._waiting -= done
        return bool(done)

    def close(self) -> None:
        """Look up nothing more; what is being looked up is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
