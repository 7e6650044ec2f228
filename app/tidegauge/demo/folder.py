"""The folder of the demo: data and logs, for one run at a time."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tidegauge.demo.errors import DemoError

_AT_ONCE: Final = 9


class FolderInUseError(DemoError):
    """Another demo runs in the folder."""


class DemoFolder:
    """Where things are in the folder.

    Attributes:
        path: The folder itself.
        broker: The folder of the embedded broker.
        topics_exist: The file that tells workers and console to begin.
        bookmark: The file that tells how far the last run has come.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broker = path / "broker"
        self.topics_exist = path / "topics-exist"
        self.bookmark = path / "bookmark.json"

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
        FolderInUseError: Another demo runs in it.
        DemoError: It cannot be written to.
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
            raise FolderInUseError(
                f"a demo is running in {path} already; stop it, or name another folder with "
                "--data-dir"
            ) from None
        for log in path.glob("worker-*.log"):
            log.unlink()
        folder.console_log.unlink(missing_ok=True)
        folder.topics_exist.unlink(missing_ok=True)
        yield folder


@contextmanager
def claimed_or_beside(path: Path, note: Callable[[str], None]) -> Iterator[DemoFolder]:
    """The folder, or one with a number beside it where demos run in those before.

    Args:
        path: The folder.
        note: Told where it is another one.

    Raises:
        DemoError: Demos run in all of them, or it cannot be written to.
    """
    with ExitStack() as stack:
        beside = (path.with_name(f"{path.name}-{number}") for number in range(2, _AT_ONCE))
        for choice in (path, *beside):
            try:
                folder = stack.enter_context(claimed(choice))
            except FolderInUseError:
                continue
            if choice != path:
                note(f"a demo is running in {path}: this one keeps its data in {choice}")
            yield folder
            return
        raise FolderInUseError(f"{_AT_ONCE} demos are running in {path} and beside it; stop some")
