"""What one measured process reports to the benchmark: one line of JSON on standard output."""

import json
import os
import resource
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """One run; the clock starts with the first record and stops when nothing is left to do.

    Attributes:
        records: predictions and feedback processed.
        seconds: wall time.
        cpu_seconds: CPU time of the process (or of all workers), all threads.
        peak_mib: largest resident memory of the process (of the largest one) since its start.
        commits: transactions.
        broker_seconds: CPU time of the broker meanwhile, as far as it is known.
        pages: pages of ``/metrics`` that were read meanwhile.
    """

    records: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    commits: int = 0
    broker_seconds: float = 0.0
    pages: int = 0

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million records."""
        return self.cpu_seconds / self.records * 1e6

    @property
    def broker_per_million(self) -> float:
        """CPU seconds of the broker per million records."""
        return self.broker_seconds / self.records * 1e6

    def report(self) -> None:
        """Tell the parent."""
        print(json.dumps(asdict(self)), flush=True)

    def show(self, name: str) -> None:
        """One line for people."""
        print(
            f"{name:12}{self.rate:10,.0f} events/s{self.cpu_per_million:8.2f} CPU s/million"
            f"{self.broker_per_million:8.2f} broker{self.peak_mib:7.0f} MiB peak"
            f"{self.seconds:7.1f} s{self.commits:5d} commits{self.pages:4d} pages",
            flush=True,
        )


BEGUN = "begun"
LOOK_SECONDS = 1.0


def end_with_parent() -> None:
    """Have this process end soon after the benchmark that started it, however that ends."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


class Stopwatch:
    """Wall and CPU time since the first record, which the parent is told of."""

    def __init__(self) -> None:
        print(BEGUN, flush=True)
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def outcome(self, records: int) -> Outcome:
        """What has been measured up to now."""
        return Outcome(
            records,
            time.monotonic() - self._wall,
            time.process_time() - self._cpu,
            peak_mib(),
        )


def peak_mib() -> float:
    """Largest resident memory of this process since its start, by Linux' proc file system.

    What `getrusage` tells would count the parent's memory before the start as well.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def resident_mib(pid: int | str = "self") -> float:
    """Resident memory of a process now, by Linux' proc file system."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20
