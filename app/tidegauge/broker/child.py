"""A child process that never outlives this one, with everything it prints in a log file."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tidegauge.broker import supervisor

_TAIL_BYTES: Final = 4_000


class Child:
    """A command that runs under the supervisor (`tidegauge.broker.supervisor`).

    A terminal's Ctrl-C does not reach it. When this process ends, even by SIGKILL, it is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the command.

        Both the supervisor and the command inherit the writing end of a pipe that nobody writes to.
        The end of that pipe tells that both are gone, also of a process that has lost its parent.

        Args:
            command: The command line.
            cwd: The folder in which it runs.
            log: Where standard output and error are appended.
            environment: Its environment variables; this process' by default.
        """
        self._alive, held = os.pipe()
        supervised = [sys.executable, "-I", "-S", str(supervisor.__file__)]
        supervised += [str(os.getpid()), str(held)]
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [*supervised, *command],
                    cwd=cwd,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    pass_fds=[held],
                    start_new_session=True,
                )
        except BaseException:
            os.close(self._alive)
            raise
        finally:
            os.close(held)
        self._released = False

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the command ended, as a shell says it: 128 + n by signal n; None while it runs."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to stop, by SIGTERM."""
        self._process.terminate()

    def stop(self, seconds: float) -> None:
        """Ask it to stop, and kill it if it has not after so many seconds."""
        if self.running:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would, and wait until nothing is left of it."""
        if self._released:
            return
        if not select.select([self._alive], [], [], 0)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        os.read(self._alive, 1)
        os.close(self._alive)
        self._released = True


def log_tail(log: Path, start: int = 0) -> str:
    """The last lines of a log file; ``start`` bytes at its beginning are left out in any case."""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - _TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace").strip()
