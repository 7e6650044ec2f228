"""The folder of the demo: data and logs, for one run at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidegauge.demo.errors import DemoError


class DemoFolder:
    """Where things are in the folder.

    Attributes:
        path: The folder itself.
        broker: The folder of the embedded broker.
        topics_exist: The file that tells the workers to begin.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broker = path / "broker"
        self.topics_exist = path / "topics-exist"

    @property
    def console_log(self) -> Path:
        """The log of the console."""
        return self.path / "console.log"

    def worker_log(self, number: int) -> Path:
        """The log of one worker; the first is number 1."""
        return self.path / f"worker-{number}.log"


@contextmanager
def claimed(path: Path) -> Iterator[DemoFolder]:
    """The folder, created where missing, and kept from other runs meanwhile.

    What earlier workers left is deleted.

    Raises:
        DemoError: Another demo runs in it, or it cannot be written to.
    """
    folder = DemoFolder(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("w")
    except OSError as error:
        raise DemoError(
            f"cannot keep data and logs in {path}: {error.strerror}; name another folder with "
            "--data-dir"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"a demo is running in {path} already; stop it, or name another folder with "
                "--data-dir"
            ) from None
        for log in path.glob("worker-*.log"):
            log.unlink()
        folder.console_log.unlink(missing_ok=True)
        folder.topics_exist.unlink(missing_ok=True)
        yield folder
