"""Lets a signal end the demo in order."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""Exit code of a process that was told twice to stop."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Make the first SIGINT or SIGTERM a `KeyboardInterrupt`; a second ends the process at once."""

    def stop_now(_number: int, _frame: FrameType | None) -> None:
        os._exit(INTERRUPTED)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in before:
            signal.signal(number, stop_now)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
