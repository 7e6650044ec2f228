"""Runs workers of one group over prefilled topics, scrapes them, and measures them together."""

import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from cluster import Cluster, broker_cpu
from outcome import Outcome
from tidegauge.broker.ports import free_ports
from whole import READY, Line, Reached

HERE = Path(__file__).parent
RUN_SECONDS = 600
START_SECONDS = 60
SCRAPE_SECONDS = 1.0
LOOK_SECONDS = 0.05


class BenchmarkError(Exception):
    """A measured process ended, or did not end, when it should not have."""


class WorkerProcess:
    """One worker, the newest line that it told, and the pages that were read from it."""

    def __init__(self, settings: Path, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/metrics"
        self.pages = 0
        self.line: Line | None = None
        self._ready = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "whole.py"), str(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(b"{"):
                self.line = msgspec.json.decode(line, type=Line)
            elif line.strip() == READY.encode():
                self._ready.set()

    def wait_ready(self) -> None:
        """Return when it could begin."""
        deadline = time.monotonic() + START_SECONDS
        while not self._ready.wait(LOOK_SECONDS):
            self.check()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"a worker was not ready to begin in {START_SECONDS} s")

    def begin(self) -> None:
        """Have it join its group."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def check(self) -> None:
        """Raise a `BenchmarkError` if the worker has ended."""
        if self._process.poll() is not None:
            raise BenchmarkError(f"a worker ended with exit code {self._process.returncode}")

    def scrape(self) -> str:
        """The page of metrics; empty while nobody answers."""
        try:
            with urllib.request.urlopen(self.url, timeout=30) as page:  # noqa: S310 - loopback
                text: str = page.read().decode()
        except OSError:
            return ""
        self.pages += 1
        return text

    def stop(self) -> None:
        """End it in order."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def started(
    place: Cluster, name: str, partitions: int, count: int = 1, **settings: object
) -> Iterator[list[WorkerProcess]]:
    """Workers of one group, with topics of their own but for the inputs; see `Cluster.settings`."""
    with ExitStack() as stack:
        workers = []
        for port in free_ports(count, "127.0.0.1"):
            path = place.settings(name, partitions, http_port=port, **settings)  # type: ignore[arg-type]
            workers.append(WorkerProcess(path, port))
            stack.callback(workers[-1].stop)
        for worker in workers:
            worker.wait_ready()
        for worker in workers:
            worker.begin()
        yield workers


@contextmanager
def scraped(workers: Sequence[WorkerProcess]) -> Iterator[None]:
    """Read the metrics of all workers once a second, as Prometheus would."""
    done = threading.Event()

    def scrape() -> None:
        while not done.wait(SCRAPE_SECONDS):
            for worker in workers:
                worker.scrape()

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def drained(workers: Sequence[WorkerProcess], expected: int, partitions: int) -> Outcome:
    """Measure from the first record to the end of all work.

    That is when every record is processed and committed and monitor has seen what came of it.

    Args:
        workers: all workers of the group, just started.
        expected: records in the input topics.
        partitions: of the input topics.
    """
    _until(workers, lambda lines: _records(lines) > 0)
    first, broker = _lines(workers), broker_cpu()
    _until(workers, lambda lines: _records(lines) >= expected)
    committed: set[int] = set()
    read = _collect(_lines(workers))

    def complete(lines: list[Line]) -> bool:
        # what was processed just now is committed with the next transaction of its partition
        for number, now in _collect(lines).items():
            if not now.uncommitted or (number in read and now.commits > read[number].commits):
                committed.add(number)
        monitors = [p for line in lines for p in line.partitions if p.stage == "monitor"]
        return len(committed) == partitions and not any(p.lag for p in monitors)

    _until(workers, complete)
    last = _lines(workers)
    before = _records(first)
    return Outcome(
        expected - before,
        max(line.at for line in last) - min(line.at for line in first),
        sum(now.cpu_seconds - then.cpu_seconds for then, now in zip(first, last, strict=True)),
        max(line.peak_mib for line in last),
        sum(reached.commits for line in last for reached in line.partitions),
        broker_cpu() - broker,
        sum(worker.pages for worker in workers),
    )


def _until(workers: Sequence[WorkerProcess], done: Callable[[list[Line]], bool]) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while not (all(worker.line for worker in workers) and done(_lines(workers))):
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            raise BenchmarkError(f"the workers were not done in {RUN_SECONDS} s: {_lines(workers)}")
        time.sleep(LOOK_SECONDS)


def _lines(workers: Sequence[WorkerProcess]) -> list[Line]:
    return [worker.line for worker in workers if worker.line is not None]


def _collect(lines: list[Line]) -> dict[int, Reached]:
    """The source partitions; one that has just moved is where it is furthest."""
    found = [p for line in lines for p in line.partitions if p.stage == "collect"]
    return {p.partition: p for p in sorted(found, key=lambda reached: reached.records)}


def _records(lines: list[Line]) -> int:
    return sum(reached.records for reached in _collect(lines).values())
