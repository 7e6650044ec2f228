"""The whole path: one worker, as `tidegauge worker` runs it, until nothing is left to do.

Run by `throughput.py`: ``python whole.py SETTINGS RECORDS``. It stops itself by SIGTERM once every
record is processed, committed, and seen by the monitor stage.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from outcome import Stopwatch
from tidegauge.export.view import PartitionView
from tidegauge.settings.load import load
from tidegauge.worker.logs import configure
from tidegauge.worker.serve import Worker

LOOK_SECONDS = 0.1


def watch(worker: Worker, expected: int) -> None:
    """Measure from the first record to the end of all work, report, and stop the worker."""
    while not (before := _read(_partitions(worker, "collect"))):
        time.sleep(LOOK_SECONDS)
    stopwatch = Stopwatch()
    while _read(read := _partitions(worker, "collect")) < expected:
        time.sleep(LOOK_SECONDS)
    # what was processed just now is committed with the next transaction of its partition
    while not (
        all(
            now.commits > then.commits or not now.uncommitted
            for then, now in zip(read, _partitions(worker, "collect"), strict=True)
        )
        and all(map(_caught_up, _partitions(worker, "monitor")))
    ):
        time.sleep(LOOK_SECONDS)
    commits = sum(p.commits for p in worker.view().worker.partitions)
    stopwatch.outcome(expected - before, commits).report()
    os.kill(os.getpid(), signal.SIGTERM)


def _partitions(worker: Worker, stage: str) -> list[PartitionView]:
    return [p for p in worker.view().worker.partitions if p.stage == stage]


def _read(partitions: list[PartitionView]) -> int:
    return sum(partition.batch_records for partition in partitions)


def _caught_up(partition: PartitionView) -> bool:
    return all(topic.position >= topic.end for topic in partition.topics.values())


if __name__ == "__main__":
    configure("WARNING")
    measured = Worker(load(Path(sys.argv[1])))
    threading.Thread(target=watch, args=(measured, int(sys.argv[2])), daemon=True).start()
    sys.exit(measured.run())
