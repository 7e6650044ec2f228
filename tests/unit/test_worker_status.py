import logging

from tidegauge.worker import exits, logs
from tidegauge.worker.status import (
    Counters,
    PartitionState,
    PartitionStatus,
    Phase,
    StatusBoard,
    TopicStatus,
    WorkerStatus,
)


def partition(state, *, position=5, end=5, last_progress=0.0):
    topic = TopicStatus(position, end, 5, 0, 0, 0)
    return PartitionStatus(
        "collect", 0, state, 0, 0, {"predictions": topic}, Counters(), 0, last_progress
    )


def test_a_worker_is_ready_when_all_partitions_are_active():
    restoring = partition(PartitionState.RESTORING)
    active = partition(PartitionState.ACTIVE)
    assert not WorkerStatus(Phase.RUNNING, partitions=(active, restoring)).ready
    assert WorkerStatus(Phase.RUNNING, partitions=(active,)).ready
    assert WorkerStatus(Phase.RUNNING).ready
    assert not WorkerStatus(Phase.REBALANCING, partitions=(active,)).ready


def test_only_lag_without_progress_is_a_stall():
    idle = partition(PartitionState.ACTIVE, last_progress=10.0)
    behind = partition(PartitionState.ACTIVE, end=9, last_progress=40.0)
    status = WorkerStatus(Phase.RUNNING, at=100.0, partitions=(idle, behind))
    assert behind.lag == 4
    assert status.stalled_seconds() == 60.0


def test_a_board_keeps_what_was_not_replaced():
    board = StatusBoard()
    assert board.read().phase is Phase.STARTING
    board.partitions((partition(PartitionState.ACTIVE),), 3)
    board.phase(Phase.RUNNING)
    assert board.read().rebalances == 3
    assert board.read().ready


def test_errors_have_the_documented_exit_codes():
    assert exits.exit_code(exits.RefusedError("x")) == exits.CONFIG == 64
    assert exits.exit_code(exits.CommitError("x")) == exits.COMMIT_FAILED == 70
    assert exits.exit_code(exits.StageError("x")) == exits.BUG == 1
    assert exits.exit_code(ValueError("x")) == exits.BUG
    assert exits.exit_code(None) == exits.BUG


def record(name, message, created=1_000.0):
    made = logging.LogRecord(name, logging.WARNING, "", 0, message, (), None)
    made.created = created
    return made


def test_a_log_line_is_key_value_pairs():
    line = logs.LogfmtFormatter().format(record("tidegauge.worker", "event=opened partition=1"))
    assert line.endswith("level=warning logger=tidegauge.worker event=opened partition=1")
    line = logs.LogfmtFormatter().format(record("aiokafka", 'no "node"'))
    assert line.endswith('level=warning logger=aiokafka msg="no \\"node\\""')


def test_repeated_lines_of_libraries_are_written_once_in_a_while():
    filtered = logs.RepeatFilter()
    assert filtered.filter(record("aiokafka", "gone"))
    assert not filtered.filter(record("aiokafka", "gone", 1_005.0))
    assert filtered.filter(record("aiokafka", "gone", 1_011.0))
    assert filtered.filter(record("tidegauge.worker", "event=x"))
    assert filtered.filter(record("tidegauge.worker", "event=x"))
