"""What SIGINT and SIGTERM do where no command has its own way with them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import NoReturn

from tidegauge.cli.exits import INTERRUPTED


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], NoReturn]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def ended_quietly() -> AbstractContextManager[None]:
    """Meanwhile a signal ends the process, with nothing to say and nothing to clean up.

    For imports: an exception raised in the middle of one can end up anywhere.
    """
    return _handled(_leave)


def as_interrupt() -> AbstractContextManager[None]:
    """Meanwhile SIGTERM ends a command as Ctrl-C does, with the same exit code."""
    return _handled(_interrupt)
