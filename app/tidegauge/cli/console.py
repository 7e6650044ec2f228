"""What is printed: results to standard output, everything else to standard error.

Consoles are made when they are used, so that a redirected stream is respected. Text that comes
from a topic is made harmless first: a terminal would carry out its control characters.
"""

import sys
from collections.abc import Callable

from rich.console import Console
from rich.status import Status
from rich.text import Text

from tidegauge.wire.plain import plain

_WIDTH_OF_A_PIPE = 160


def output() -> Console:
    """For results; lines are never broken, tables in a pipe have room."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
    return Console(soft_wrap=True, highlight=False, markup=False, emoji=False, width=width)


def messages() -> Console:
    """For progress and errors, on standard error."""
    return Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


def error(message: str) -> None:
    """Say what went wrong, each line marked as the program's."""
    console = messages()
    for line in message.splitlines():
        console.print(Text.assemble(("tidegauge: ", "bold red"), plain(line)))


def note(message: str) -> None:
    """Say something that is no result."""
    messages().print(plain(message), style="dim")


def waiting_for(what: str) -> Callable[[], None]:
    """A note for somebody who follows a topic in which nothing may happen for long."""
    return lambda: note(f"waiting for {what}; Ctrl-C ends it")


def working(what: str) -> Status:
    """Show on a terminal that something takes time; nothing elsewhere."""
    return messages().status(plain(what))
