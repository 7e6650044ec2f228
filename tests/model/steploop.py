"""An event loop that is stepped by hand, on a clock that moves when it is told to.

Each process of the model has a loop of its own, so one can be frozen while others go on.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

EPOCH = 1_700_000_000.0
MOST_ROUNDS = 50


class ModelClock:
    """Seconds since the model began."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @property
    def wall_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int((EPOCH + self.seconds) * 1000)


class StepLoop(asyncio.AbstractEventLoop):
    """As much of an event loop as futures, tasks and timeouts need.

    Args:
        clock: Decides when timers are due.
    """

    def __init__(self, clock: ModelClock) -> None:
        self._clock = clock
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[asyncio.TimerHandle] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended = False
        self.errors: list[dict[str, Any]] = []

    # stepping

    @property
    def runnable(self) -> bool:
        """Whether a step would do anything."""
        return bool(self._ready) or self.next_timer() <= self._clock.seconds

    def next_timer(self) -> float:
        """When the next timer is due; infinity without one."""
        while self._timers and self._timers[0].cancelled():
            heapq.heappop(self._timers)
        return self._timers[0].when() if self._timers else float("inf")

    def step(self) -> None:
        """Run one callback."""
        while self.next_timer() <= self._clock.seconds:
            self._ready.append(heapq.heappop(self._timers))
        if self._ready and not (handle := self._ready.popleft()).cancelled():
            asyncio._set_running_loop(self)
            try:
                handle._run()
            finally:
                asyncio._set_running_loop(None)

    def drain(self, most: int = 10_000) -> None:
        """Run until there is nothing to do before time moves."""
        for _ in range(most):
            if not self.runnable:
                return
            self.step()
        raise AssertionError("a process is busy without end")

    def end(self) -> None:
        """Unwind all tasks, as nothing may be left to the garbage collector."""
        self._ended = True
        for _ in range(MOST_ROUNDS):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                return
            for task in left:
                task.cancel()
            self.drain()
        raise AssertionError(f"these do not let themselves be cancelled: {self._tasks}")

    # what asyncio calls

    def time(self) -> float:
        return self._clock.seconds

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers are passed over when they come up."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, **_: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        # a task that failed and that nobody asked is for the log only
        if "never retrieved" not in context["message"] and not self._ended:
            self.errors.append(context)
