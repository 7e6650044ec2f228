"""The whole path: one worker, as `tidegauge worker` runs it, that tells how far it is.

Run by `workers.py`: ``python whole.py SETTINGS``. It has imported all it needs when it prints
`READY`, and begins at a line of input, so that several begin together. Then it prints a line of
JSON (`Line`) ten times a second and works until it gets SIGTERM.
"""

import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from outcome import end_with_parent, peak_mib
from tidegauge.export.view import PartitionView
from tidegauge.settings.load import load
from tidegauge.worker.logs import configure
from tidegauge.worker.serve import Worker

READY = "ready"
TELL_SECONDS = 0.1


class Reached(NamedTuple):
    """How far one partition of a stage is: records to come, records on any worker, commits here."""

    stage: str
    partition: int
    lag: int
    records: int
    commits: int
    uncommitted: int


class Line(msgspec.Struct):
    """What a worker tells: ``at`` by the clock that all processes share, peak memory in MiB."""

    at: float
    cpu_seconds: float
    peak_mib: float
    partitions: list[Reached]


def tell(worker: Worker) -> None:
    """Print lines for ever."""
    while True:
        reached = [_reached(partition) for partition in worker.view().worker.partitions]
        line = Line(time.monotonic(), time.process_time(), peak_mib(), reached)
        print(msgspec.json.encode(line).decode(), flush=True)
        time.sleep(TELL_SECONDS)


def _reached(partition: PartitionView) -> Reached:
    topics = partition.topics.values()
    return Reached(
        partition.stage,
        partition.partition,
        sum(max(topic.end - topic.position, 0) for topic in topics),
        sum(topic.records for topic in topics),
        partition.commits,
        partition.uncommitted,
    )


if __name__ == "__main__":
    end_with_parent()
    configure("WARNING")
    measured = Worker(load(Path(sys.argv[1])))
    print(READY, flush=True)
    sys.stdin.readline()
    threading.Thread(target=tell, args=(measured,), daemon=True).start()
    sys.exit(measured.run())
