"""The worker's own health: partitions, lag, restore, commits, refusals."""

from collections.abc import Iterator

from tidegauge import __version__
from tidegauge.export.page import Metric, Row, Total
from tidegauge.export.view import PartitionView, TopicView, WorkerView

_PARTITION = ("stage", "partition")
_TOPIC = ("topic", "partition")

BUILD = Metric("tidegauge_build_info", "1, with the version of Tidegauge.", ("version",))
READY = Metric("tidegauge_worker_ready", "1 when all assigned partitions are processed, else 0.")
PHASE = Metric("tidegauge_worker_phase", "1, with what the worker is doing.", ("phase",))
STALLED = Metric(
    "tidegauge_worker_stalled_seconds",
    "How long the worker has made no progress though records wait.",
)
PARTITIONS = Metric(
    "tidegauge_partitions",
    "Partitions that the stage's input topics have, whichever worker processes them.",
    ("stage",),
)
REBALANCES = Metric(
    "tidegauge_rebalances_total", "Rebalances of the consumer group seen.", kind="counter"
)
WATERMARK = Metric(
    "tidegauge_watermark_timestamp_seconds", "Event time up to which panes are closed.", ("model",)
)
WATERMARK_DELAY = Metric(
    "tidegauge_watermark_delay_seconds", "How far the watermark is behind the clock.", ("model",)
)
DEAD_LETTERS = Metric(
    "tidegauge_dead_letters_total",
    "Records refused since the worker started.",
    ("topic", "reason"),
    kind="counter",
)
FOLDED = Metric(
    "tidegauge_limit_exceeded_total",
    "Times that something was over a limit and folded or left out.",
    ("model", "limit"),
    kind="counter",
)
STATE = Metric(
    "tidegauge_partition_state", "1, with the state of the partition.", (*_PARTITION, "state")
)
RESTORED = Metric(
    "tidegauge_restore_ratio", "Share of the partition's changelog read back.", _PARTITION
)
BATCHES = Metric(
    "tidegauge_batch_records", "Records of the batches processed.", _PARTITION, kind="summary"
)
COMMITS = Metric(
    "tidegauge_commit_duration_seconds", "Duration of the commits.", _PARTITION, kind="summary"
)
LAST_COMMIT = Metric(
    "tidegauge_last_commit_duration_seconds", "Duration of the newest commit.", _PARTITION
)
RUNNING_COMMIT = Metric(
    "tidegauge_running_commit_seconds",
    "How long the commit under way has taken so far; 0 without one.",
    _PARTITION,
)
UNCOMMITTED = Metric(
    "tidegauge_uncommitted_records", "Changed records that the next commit writes.", _PARTITION
)
REPAIRS = Metric(
    "tidegauge_fetch_repairs_total",
    "Irregular fetches that were put right.",
    (*_PARTITION, "kind"),
    kind="counter",
)
LAG = Metric("tidegauge_lag_records", "Offsets not yet processed.", _TOPIC)
POSITION = Metric("tidegauge_position", "Offset up to which records are processed.", _TOPIC)
RECORDS = Metric(
    "tidegauge_raw_records_total",
    "Raw records processed since the state was empty, on any worker.",
    _TOPIC,
    kind="counter",
)
LOST = Metric(
    "tidegauge_lost_records_total",
    "Offsets that retention removed before they were read.",
    _TOPIC,
    kind="counter",
)
METRICS = (
    BUILD,
    READY,
    PHASE,
    STALLED,
    PARTITIONS,
    REBALANCES,
    WATERMARK,
    WATERMARK_DELAY,
    DEAD_LETTERS,
    FOLDED,
    STATE,
    RESTORED,
    BATCHES,
    COMMITS,
    LAST_COMMIT,
    RUNNING_COMMIT,
    UNCOMMITTED,
    REPAIRS,
    LAG,
    POSITION,
    RECORDS,
    LOST,
)


def worker_rows(view: WorkerView) -> Iterator[Row]:
    """The worker as a whole."""
    yield Row(BUILD, (__version__,), 1)
    yield Row(READY, (), int(view.ready))
    yield Row(PHASE, (view.phase,), 1)
    yield Row(STALLED, (), view.stalled_seconds)
    for stage, count in view.stage_partitions.items():
        yield Row(PARTITIONS, (stage,), count)
    yield Row(REBALANCES, (), view.rebalances)
    for refused, count in view.dead_letters.items():
        yield Row(DEAD_LETTERS, refused, count)
    for partition in view.partitions:
        yield from _partition(partition)


def folded_rows(view: WorkerView) -> Iterator[tuple[Row]]:
    """What was over a limit, the most often first."""
    for folded, count in sorted(view.folded.items(), key=lambda item: (-item[1], item[0])):
        yield (Row(FOLDED, folded, count),)


def watermark_rows(model: str, watermark_ms: int, now: float) -> Iterator[Row]:
    """A model's watermark, and its distance from ``now`` (seconds since the epoch)."""
    yield Row(WATERMARK, (model,), watermark_ms / 1000)
    yield Row(WATERMARK_DELAY, (model,), now - watermark_ms / 1000)


def _partition(view: PartitionView) -> Iterator[Row]:
    labels = (view.stage, str(view.partition))
    yield Row(STATE, (*labels, view.state), 1)
    yield Row(RESTORED, labels, _restored(view))
    yield Row(BATCHES, labels, Total(view.batches, view.batch_records))
    yield Row(COMMITS, labels, Total(view.commits, view.commit_seconds))
    if view.commits:
        yield Row(LAST_COMMIT, labels, view.last_commit_seconds)
    yield Row(RUNNING_COMMIT, labels, view.running_commit_seconds)
    yield Row(UNCOMMITTED, labels, view.uncommitted)
    for kind, count in view.repairs.items():
        yield Row(REPAIRS, (*labels, kind), count)
    for topic, status in view.topics.items():
        yield from _topic((topic, labels[1]), status)


def _topic(labels: tuple[str, str], view: TopicView) -> Iterator[Row]:
    yield Row(LAG, labels, max(0, view.end - view.position))
    yield Row(POSITION, labels, view.position)
    yield Row(RECORDS, labels, view.records)
    yield Row(LOST, labels, view.lost)


def _restored(view: PartitionView) -> float:
    if view.state not in ("opening", "restoring"):
        return 1.0
    return view.restored / view.restore_total if view.restore_total else 0.0
