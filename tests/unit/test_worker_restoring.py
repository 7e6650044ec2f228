import logging

import pytest

from tidegauge.worker.restoring import LOG_SECONDS, RestoreProgress, restoring
from tidegauge.worker.status import Counters, PartitionState, PartitionStatus


class Partition:
    restored = 0
    restore_total = 0

    def __str__(self) -> str:
        return "stage=collect partition=3"


def status(state: PartitionState, restored: int = 0, total: int = 0) -> PartitionStatus:
    return PartitionStatus("collect", 3, state, restored, total, {}, Counters(), 0, 0.0)


def test_a_long_restore_is_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [0.0]
    partition = Partition()
    progress = RestoreProgress(partition, lambda: now[0])
    for done in range(0, 1_000, 10):
        now[0] += LOG_SECONDS / 20
        progress(done, 1_000)
    progress(1_000, 1_000)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 5
    assert lines[0].startswith("event=restoring stage=collect partition=3 done=190 total=1000")
    assert "percent=19 seconds_left=21" in lines[0]
    assert (partition.restored, partition.restore_total) == (1_000, 1_000)


def test_a_short_restore_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    progress = RestoreProgress(Partition(), lambda: 1.0)
    progress(0, 10)
    progress(10, 10)
    assert not caplog.records


def test_the_probes_say_how_far_it_is() -> None:
    active = status(PartitionState.ACTIVE, 50, 50)
    assert restoring([active]) == ""
    known = [active, status(PartitionState.RESTORING, 40, 100), status(PartitionState.OPENING)]
    assert restoring(known) == "restoring 2 of 3 partitions: 40 of 100 changelog records read"
