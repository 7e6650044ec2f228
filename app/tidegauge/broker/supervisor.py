"""Keeps a child process from outliving the program that started it.

Run as a script, in a session of its own, so that a terminal's Ctrl-C reaches the program only,
which then stops the child in order. Its standard input is a pipe from that program: the end of it
means the program has died, however it died, and the child is killed at once, so that a new start
finds data folder and ports free. SIGTERM asks the child to stop in order. This uses nothing but
pipes and signals, and so works on Linux and macOS alike. It imports only the standard library, to
be up within milliseconds.

Arguments: the id of that program, a file descriptor for the child to inherit, and the command line
of the child.
"""

import os
import select
import signal
import subprocess
import sys
from types import FrameType
from typing import Final

_POLL_SECONDS: Final = 0.1


class _Supervisor:
    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._stop_asked = False
        signal.signal(signal.SIGTERM, self._ask_to_stop)

    def run(self, inherited: int, command: list[str]) -> int:
        """Run the command until it ends; returns its exit code, 128 + n if by signal n."""
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[inherited])
        stop_sent = False
        while child.poll() is None:
            if self._parent_died():
                child.kill()
            elif self._stop_asked and not stop_sent:
                child.terminate()
                stop_sent = True
        return child.returncode if child.returncode >= 0 else 128 - child.returncode

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop_asked = True

    def _parent_died(self) -> bool:
        # A process that the parent forked may hold the pipe open; the parent's id then tells.
        ended, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
        return bool(ended) or os.getppid() != self._parent


def main() -> int:
    """Supervise the command given on the command line."""
    parent, inherited = int(sys.argv[1]), int(sys.argv[2])
    return _Supervisor(parent).run(inherited, sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
