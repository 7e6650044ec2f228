"""What one measured process reports to the benchmark: one line of JSON on standard output."""

import json
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """One run; the clock starts with the first record and stops when nothing is left to do.

    Attributes:
        records: predictions and feedback processed.
        seconds: wall time.
        cpu_seconds: CPU time of the process, all threads.
        peak_mib: largest resident memory of the process since its start.
        commits: transactions.
    """

    records: int
    seconds: float
    cpu_seconds: float
    peak_mib: float
    commits: int = 0

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million records."""
        return self.cpu_seconds / self.records * 1e6

    def report(self) -> None:
        """Tell the parent."""
        print(json.dumps(asdict(self)), flush=True)


class Stopwatch:
    """Wall and CPU time since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def outcome(self, records: int, commits: int = 0) -> Outcome:
        """What has been measured up to now."""
        return Outcome(
            records,
            time.monotonic() - self._wall,
            time.process_time() - self._cpu,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            commits,
        )


def resident_mib(pid: int | str = "self") -> float:
    """Resident memory of a process now, by Linux' proc file system; own peak without one."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 2**20
