"""What one scrape shows: immutable values that the worker hands over.

The main loop replaces the whole view; the HTTP thread renders whichever is there. What is not in
the view has no series, so nothing stale is ever exported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.records import DeploymentRecord, LedgerRecord, MetricRecord

if TYPE_CHECKING:  # with it come the detectors, whose imports no command but the worker waits for
    from tidegauge.core.monitor.distributions import Distribution
    from tidegauge.core.monitor.finals import FinalWindow


@dataclass(frozen=True, slots=True)
class TopicView:
    """One input topic of one partition, in offsets and records."""

    position: int
    """Offset up to which records are processed."""
    end: int
    """End of the log as last seen."""
    records: int
    """Raw records processed since the state was empty."""
    lost: int
    """Offsets that retention removed before they were read."""


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition of one stage on this worker; counts are since it was opened here."""

    stage: str
    partition: int
    state: str
    restored: int
    """Changelog records read back so far, of ``restore_total``."""
    restore_total: int
    topics: Mapping[str, TopicView] = field(default_factory=dict)
    batches: int = 0
    batch_records: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    """Time spent in all commits."""
    last_commit_seconds: float = 0.0
    running_commit_seconds: float = 0.0
    """How long the commit under way has taken so far; 0 without one."""
    uncommitted: int = 0
    """Changed records of state and outputs that the next commit writes."""
    repairs: Mapping[str, int] = field(default_factory=dict)
    """Irregular fetches that were put right, by kind (gap, trim, duplicate, seek_back)."""


@dataclass(frozen=True, slots=True)
class WorkerView:
    """How the worker itself is; ``live`` and ``ready`` are what the probes answer."""

    phase: str = "starting"
    detail: str = ""
    """For people: why it is not ready."""
    live: bool = True
    ready: bool = False
    stalled_seconds: float = 0.0
    """How long nothing has moved though records wait, or the main loop has hung."""
    stage_partitions: Mapping[str, int] = field(default_factory=dict)
    """How many partitions the inputs of each stage have; empty until the broker has said it."""
    rebalances: int = 0
    partitions: Sequence[PartitionView] = ()
    dead_letters: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Refused records since the start, by topic and reason."""
    folded: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """What was over a limit, by model and kind of limit."""


@dataclass(frozen=True, slots=True)
class DetectorView:
    """The present of one change detector on one stream."""

    model: str
    version: str
    detector: str
    stream: str
    """What it reads, such as ``error``, ``score`` or ``feature``."""
    feature: str = ""
    """The feature, where the stream is one."""
    statistic: float | None = None
    threshold: float | None = None
    """The statistic at which it fires."""
    baseline: float | None = None
    """Mean of the stream before, in the stream's unit."""
    current: float | None = None
    """Mean of the stream lately, in the stream's unit."""
    learned: float = 1.0
    """Part of what the stream has to learn from that has come."""


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """The newest reference profile of one version."""

    model: str
    version: str
    id: str
    origin: str
    """How it came about: learned, built or pinned."""
    since_ms: int
    """Event time from which windows are compared with it."""
    predictions: int
    """How many it was made from."""


@dataclass(frozen=True, slots=True)
class FinalView:
    """The newest final window of one size of one version."""

    model: str
    window: "FinalWindow"


@dataclass(frozen=True, slots=True)
class View:
    """Everything one scrape shows.

    Attributes:
        worker: the worker's own health.
        watermarks: per model up to where event time is complete, in milliseconds since the epoch.
        windows: the present window of each size, of each version and segment; one without
            predictions has no series.
        detectors: the change detectors.
        alerts: the newest record of each alert that fires.
        ledgers: the balance of each model.
        deployments: the marks of each model's deployments.
        distributions: how the longest present window of each version is spread.
        references: the newest reference profile of each version.
        final: the newest window of each version and size that nothing can revise any more.
        alert_events: how many alert records this worker wrote, by model, alert and what they say.
    """

    worker: WorkerView = WorkerView()
    watermarks: Mapping[str, int] = field(default_factory=dict)
    windows: Sequence[MetricRecord] = ()
    detectors: Sequence[DetectorView] = ()
    alerts: Sequence[AlertRecord] = ()
    ledgers: Sequence[LedgerRecord] = ()
    deployments: Sequence[DeploymentRecord] = ()
    distributions: "Sequence[Distribution]" = ()
    references: Sequence[ReferenceView] = ()
    final: Sequence[FinalView] = ()
    alert_events: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
