"""Exit codes of the command line and the errors that lead to them."""

OK = 0
"""Everything that was asked for is done."""
FAILURE = 1
"""It could not be done, or not all of it; standard error says what."""
USAGE = 64
"""Wrong arguments or settings (sysexits' EX_USAGE); nothing was done."""
UNAVAILABLE = 69
"""No broker answered, or the cluster refused (sysexits' EX_UNAVAILABLE)."""
INTERRUPTED = 130
"""Ended by Ctrl-C before it was done."""


class CommandError(Exception):
    """Ends a command with a message for the person who ran it.

    Attributes:
        code: the exit code.
    """

    def __init__(self, message: str, code: int = FAILURE) -> None:
        super().__init__(message)
        self.code = code
