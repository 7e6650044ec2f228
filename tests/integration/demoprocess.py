"""Runs ``tidegauge demo`` as a shell does, for the tests that watch it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tidegauge

SECONDS = 150.0
ANY_PORTS = ("--set", "http.port=0", "--set", "console.port=0")
SOURCE = Path(tidegauge.__file__).parents[1]


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every process that is not a zombie, by id."""
    listed = subprocess.run(
        ["ps", "-axww", "-o", "pid=,ppid=,state=,command="],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split(maxsplit=3) for line in listed.stdout.splitlines())
    return {int(row[0]): (int(row[1]), row[3]) for row in rows if not row[2].startswith("Z")}


def descendants(pid: int) -> dict[int, str]:
    """Command lines of the living children of a process, and of theirs, by id."""
    everyone = processes()
    found: dict[int, str] = {}
    parents = {pid}
    while parents:
        born = {child: row[1] for child, row in everyone.items() if row[0] in parents}
        found |= born
        parents = set(born)
    return found


class Demo:
    """A demo in a process group of its own, as a shell starts it."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def said(self) -> str:
        return self._output.read_text()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.said or self.process.poll() is not None)
        assert words in self.said

    def children(self) -> dict[int, str]:
        return descendants(self.process.pid)


@contextmanager
def demo(folder: Path, *arguments: str, options: tuple[str, ...] = ()) -> Iterator[Demo]:
    output = folder / "output"
    command = [sys.executable, "-m", "tidegauge", *ANY_PORTS, *options, "demo"]
    with (
        output.open("w") as written,
        subprocess.Popen(
            [*command, "--data-dir", str(folder / "data"), *arguments],
            stdout=written,
            stderr=written,
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            start_new_session=True,
            text=True,
        ) as process,
    ):
        try:
            yield Demo(process, output)
        finally:
            process.kill()
