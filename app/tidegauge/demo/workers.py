"""The workers of the demo, each a child process with its log and its metrics address."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tidegauge.broker.child import Child
from tidegauge.broker.ports import free_port
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.demo.folder import DemoFolder
from tidegauge.demo.gauges import Figures, read_figures, scrape

_STOP_SECONDS: Final = 12.0
"""A worker that hangs ends itself before."""
_LINES_SHOWN: Final = 15


@dataclass(frozen=True)
class DemoWorker:
    """One worker that was started."""

    number: int
    child: Child
    host: str
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Where its gauges are."""
        return f"http://{self.host}:{self.port}/metrics"


class Workers:
    """All workers of the demo; as a context manager they stop at the end.

    They may be started before there is anything to work on, since their imports take seconds: they
    begin when there is the file `DemoFolder.topics_exist`.
    """

    def __init__(self, configuration: Configuration, folder: DemoFolder, count: int) -> None:
        """Describe the workers; `__enter__` starts them.

        Args:
            configuration: Their settings; the port for metrics is the first worker's.
            folder: Where their logs go.
            count: How many.
        """
        self._configuration = configuration
        self._folder = folder
        self._count = count
        self.all: list[DemoWorker] = []

    def __enter__(self) -> Self:
        try:
            for number in range(1, self._count + 1):
                self.all.append(self._start(number))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop them in order, all at the same time."""
        for worker in self.all:
            if worker.child.running:
                worker.child.terminate()
        for worker in self.all:
            worker.child.stop(_STOP_SECONDS)

    def _start(self, number: int) -> DemoWorker:
        http = self._configuration.settings.http
        port = free_port(http.port and http.port + number - 1, http.host)
        configuration = self._configuration.adding({"http.port": str(port)})
        log = self._folder.worker_log(number)
        child = Child(
            configuration.command("worker", "--after", str(self._folder.topics_exist)),
            cwd=Path.cwd(),
            log=log,
            environment=configuration.environment(),
        )
        return DemoWorker(number, child, http.host, port, log)

    def check(self) -> None:
        """Look whether all still run.

        Raises:
            DemoError: One does not; what it died of, or else the end of its log, is shown.
        """
        for worker in self.all:
            if not worker.child.running:
                raise DemoError(
                    f"Worker {worker.number} ended unexpectedly with exit code "
                    f"{worker.child.exit_code}. {last_words(worker.log)}"
                )

    def figures(self, models: Sequence[str], window: str) -> Figures | None:
        """What their gauges say; None if one does not answer."""
        pages = [scrape(worker.host, worker.port) for worker in self.all]
        known = [page for page in pages if page is not None]
        return read_figures(known, models, window) if len(known) == len(pages) else None


def last_words(log: Path) -> str:
    """What a person needs of the log of a worker that has ended, and where all of it is."""
    whole = log.read_text(encoding="utf-8", errors="replace").splitlines()
    # a traceback is one long escaped line there
    lines = [line.partition(" traceback=")[0] for line in whole]
    deadly = [line for line in lines if " level=critical " in line]
    if deadly:
        return f"What it died of, from its log {log}:\n\n{deadly[0]}"
    return f"The end of its log {log}:\n\n" + "\n".join(lines[-_LINES_SHOWN:])
