"""Why a worker ends, and the exit code its supervisor sees.

A supervisor restarts the worker on every code but `OK`; only a signal gives `OK`. Restarting is
always safe: all state is in the log.
"""

OK = 0
"""Stopped by SIGTERM or SIGINT, everything committed."""
BUG = 1
"""An unexpected exception, in a stage or in the worker itself."""
CONFIG = 64
"""Topics, stored state or group offsets do not fit the settings; a person must act."""
COMMIT_FAILED = 70
"""A transaction that had begun could not be completed, or stopping took too long."""


class WorkerError(Exception):
    """Ends the worker."""

    exit_code = BUG


class RefusedError(WorkerError):
    """The worker must not run as things are; the message says what to do."""

    exit_code = CONFIG


class CommitError(WorkerError):
    """A transaction failed after it had begun."""

    exit_code = COMMIT_FAILED


class StageError(WorkerError):
    """A stage raised; the message names the stage, the topic, the partition and the offsets."""


def exit_code(error: BaseException | None) -> int:
    """The exit code for an error; None (no error) gives `BUG`, since nobody asked to stop."""
    return error.exit_code if isinstance(error, WorkerError) else BUG
