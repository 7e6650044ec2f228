"""What is known of all models: the newest record of each key, whatever the order of reading.

A record is newer than another of its key if its offset is higher (records of a key share a
partition), so the past may be read after the present, and anything may be read twice.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from tidegauge.core.alertrecords import AlertRecord, AlertStatus
from tidegauge.core.deadletters import DeadLetterRecord, DeadLetterSummaryRecord
from tidegauge.core.ledger import UNKNOWN_MODEL
from tidegauge.core.records import (
    DeploymentKind,
    DeploymentRecord,
    FeatureStats,
    LedgerRecord,
    MetricRecord,
    WindowState,
)
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.live.compare import judgeable_windows
from tidegauge.live.drift import MODERATE_PSI
from tidegauge.live.life import Event, Life
from tidegauge.live.refusals import Refusals

KEPT_WINDOWS: Final = 48
"""Of each size of each series: the newest."""
DETAILED_WINDOWS: Final = 2
"""Of these the newest closed ones, and the one that quality is of, keep the figures of features and
classes and the curves, which are the bulk."""
MOVED_FEATURES: Final = 12
"""Of a whole version's other windows so many features, those that moved most, keep their drift."""
MAX_HISTORIES: Final = 4_000
"""Series times sizes of windows, for whole versions and for segments each; more are counted."""
MAX_DEPLOYMENTS: Final = 100
"""Of each model: the latest."""
MAX_REFERENCES: Final = 1_000
"""Reference profiles; more are counted with the series left out."""
MAX_ENDED_ALERTS: Final = 2_000
"""Alerts that do not fire any more; the oldest go first."""

LiveRecord: TypeAlias = (
    MetricRecord
    | LedgerRecord
    | DeploymentRecord
    | AlertRecord
    | DeadLetterRecord
    | DeadLetterSummaryRecord
    | ReferenceProfile
)


class Arrival(NamedTuple):
    """A record as it was read.

    Attributes:
        offset: In its partition.
        time_ms: When Kafka took it.
        record: The decoded value.
    """

    offset: int
    time_ms: int
    record: LiveRecord


class Scope(NamedTuple):
    """A model's version, or one segment of it (``field`` and ``value`` are empty otherwise)."""

    version: str
    field: str = ""
    value: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is the whole version."""
        return not self.field


class History:
    """The newest windows of one size of one scope, by start."""

    def __init__(self) -> None:
        self._newest: dict[int, tuple[int, MetricRecord]] = {}
        self._stripped: set[int] = set()

    def take(self, offset: int, record: MetricRecord) -> None:
        """Keep the record if it is the newest of its window, and the window new enough."""
        known = self._newest.get(record.start_ms)
        if known is not None and known[0] >= offset:
            return
        self._newest[record.start_ms] = offset, record
        self._stripped.discard(record.start_ms)
        while len(self._newest) > KEPT_WINDOWS:
            oldest = min(self._newest)
            del self._newest[oldest]
            self._stripped.discard(oldest)
        self._strip()

    def _strip(self) -> None:
        closed = [w for w in self.windows() if w.state is not WindowState.OPEN]
        judged = {window.start_ms for window in judgeable_windows(closed)[-1:]}
        for window in closed[:-DETAILED_WINDOWS]:
            if window.start_ms not in self._stripped | judged:
                offset, _ = self._newest[window.start_ms]
                self._newest[window.start_ms] = offset, _light(window)
                self._stripped.add(window.start_ms)

    def windows(self) -> list[MetricRecord]:
        """In order of time."""
        return [self._newest[start][1] for start in sorted(self._newest)]


def _light(window: MetricRecord) -> MetricRecord:
    return replace(
        window,
        quality=replace(window.quality, roc_curve=None, calibration_curve=None),
        classes={},
        confusion=(),
        regression=replace(window.regression, error_histogram=()),
        prediction=replace(window.prediction, histogram=()),
        features={} if window.segment_field is not None else _moved(window),
        attributions=None,
        paired={},
    )


def _moved(window: MetricRecord) -> dict[str, FeatureStats]:
    drifts = ((name, stats.psi) for name, stats in window.features.items())
    moved = [(psi, name) for name, psi in drifts if psi is not None and psi >= MODERATE_PSI]
    return {name: FeatureStats(psi=psi) for psi, name in sorted(moved)[-MOVED_FEATURES:]}


class ModelBoard:
    """All that is known of one model."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.histories: dict[Scope, dict[int, History]] = {}
        self.ledger: LedgerRecord | None = None
        self.updated_ms = 0
        """When Kafka took the newest figures of the model; 0 without any."""
        self._ledger_offset = -1
        self._deployments: dict[tuple[DeploymentKind, str], tuple[int, DeploymentRecord]] = {}

    def take_ledger(self, offset: int, record: LedgerRecord) -> None:
        """Keep the newest balance."""
        if offset > self._ledger_offset:
            self._ledger_offset, self.ledger = offset, record

    def take_deployment(self, offset: int, record: DeploymentRecord) -> None:
        """Keep the newest mark of a deployment."""
        key = record.kind, record.value
        known = self._deployments.get(key)
        if known is None or known[0] < offset:
            self._deployments[key] = offset, record
        if len(self._deployments) > MAX_DEPLOYMENTS:
            oldest = min(self._deployments, key=lambda k: (self._deployments[k][1].time_ms, k))
            del self._deployments[oldest]

    def deployments(self) -> list[DeploymentRecord]:
        """What was new, in order of time."""
        marks = (record for _, record in self._deployments.values())
        return sorted(marks, key=lambda mark: (mark.time_ms, mark.kind, mark.value))

    def windows(self, scope: Scope, size_ms: int) -> list[MetricRecord]:
        """The windows of a scope in order of time."""
        history = self.histories.get(scope, {}).get(size_ms)
        return history.windows() if history is not None else []

    def versions(self) -> list[Scope]:
        """The versions, by name."""
        return sorted(scope for scope in self.histories if scope.whole)

    def segments(self, version: str) -> list[Scope]:
        """The segments of a version, by field and value."""
        return sorted(s for s in self.histories if s.version == version and not s.whole)

    @property
    def watermark_ms(self) -> int | None:
        """The event time up to which the model's windows are closed."""
        return self.ledger.time_ms if self.ledger is not None and self.ledger.time_ms else None


class Board:
    """Everything that was read.

    Attributes:
        models: By name.
        left_out: Records of series beyond `MAX_HISTORIES`.
        refusals: The dead letters by reason.
    """

    def __init__(self) -> None:
        self.models: dict[str, ModelBoard] = {}
        self.left_out = 0
        self.refusals = Refusals()
        self._references: dict[tuple[str, str], tuple[int, ReferenceProfile]] = {}
        self._alerts: dict[str, tuple[int, AlertRecord]] = {}
        self._alerts_of: dict[str, set[str]] = {}
        self._lives: dict[str, Life] = {}
        self._gone: dict[str, int] = {}
        """The offset up to which nothing of an alert matters any more, by fingerprint."""
        self._histories = {True: 0, False: 0}

    def take(self, arrivals: Iterable[Arrival]) -> None:
        """Add records, in any order."""
        for offset, time_ms, record in arrivals:
            match record:
                case MetricRecord():
                    model = self._model(record.model)
                    self._take_window(model, offset, record)
                    model.updated_ms = max(model.updated_ms, time_ms)
                case LedgerRecord():
                    model = self._model(record.model)
                    model.take_ledger(offset, record)
                    model.updated_ms = max(model.updated_ms, time_ms)
                case DeploymentRecord():
                    model = self._model(record.model)
                    model.take_deployment(offset, record)
                case AlertRecord():
                    self._take_alert(offset, record)
                case DeadLetterRecord() | DeadLetterSummaryRecord():
                    self.refusals.take(record)
                case ReferenceProfile():
                    self._take_reference(offset, record)

    def alerts(self, model: str | None = None) -> list[AlertRecord]:
        """The newest event of each alert, of one model or of all; the latest begun comes first."""
        wanted = self._alerts if model is None else self._alerts_of.get(model, ())
        found = (self._alerts[fingerprint][1] for fingerprint in wanted)
        return sorted(found, key=lambda a: (-a.starts_at_ms, a.fingerprint))

    def alert(self, fingerprint: str) -> AlertRecord | None:
        """The newest event of one alert."""
        known = self._alerts.get(fingerprint)
        return known[1] if known is not None else None

    def life(self, fingerprint: str) -> list[Event]:
        """The events of one alert that were read, in their order."""
        life = self._lives.get(fingerprint)
        return life.events() if life is not None else []

    def firing(self, model: str | None = None) -> list[AlertRecord]:
        """The alerts that fire; the latest begun comes first."""
        return [a for a in self.alerts(model) if a.status is AlertStatus.FIRING]

    def reference(self, window: MetricRecord) -> ReferenceProfile | None:
        """What a window was compared with; None where it is not known, or was replaced."""
        _, profile = self._references.get((window.model, window.version), (0, None))
        return profile if profile is not None and profile.id == window.reference else None

    def names(self) -> set[str]:
        """The models that have figures, or an alert that fires; their figures may be too old."""
        with_figures = self.models.keys() - {UNKNOWN_MODEL}
        return with_figures | {alert.model for alert in self.firing()}

    def sizes(self) -> list[int]:
        """The sizes of windows that were seen, in ms, ascending."""
        found = (h for m in self.models.values() for h in m.histories.values())
        return sorted({size for sizes in found for size in sizes})

    def _model(self, name: str) -> ModelBoard:
        model = self.models.get(name)
        if model is None:
            model = self.models[name] = ModelBoard(name)
        return model

    def _take_window(self, model: ModelBoard, offset: int, record: MetricRecord) -> None:
        scope = Scope(record.version, record.segment_field or "", record.segment_value or "")
        size = record.end_ms - record.start_ms
        history = model.histories.get(scope, {}).get(size)
        if history is None:
            if self._histories[scope.whole] >= MAX_HISTORIES:
                self.left_out += 1
                return
            self._histories[scope.whole] += 1
            history = model.histories.setdefault(scope, {})[size] = History()
        history.take(offset, record)

    def _take_reference(self, offset: int, profile: ReferenceProfile) -> None:
        key = profile.model, profile.version
        known = self._references.get(key)
        if known is None and len(self._references) >= MAX_REFERENCES:
            self.left_out += 1
        elif known is None or known[0] < offset:
            self._references[key] = offset, profile

    def _take_alert(self, offset: int, record: AlertRecord) -> None:
        known = self._alerts.get(record.fingerprint)
        if offset <= self._gone.get(record.fingerprint, -1):
            return
        self._lives.setdefault(record.fingerprint, Life()).take(record)
        if known is not None and known[0] >= offset:
            return
        self._alerts[record.fingerprint] = offset, record
        self._alerts_of.setdefault(record.model, set()).add(record.fingerprint)
        if len(self._alerts) > MAX_ENDED_ALERTS:
            ended = list(self._ended())
            if len(ended) > MAX_ENDED_ALERTS:
                oldest = min(ended, key=lambda f: self._alerts[f][1].time_ms)
                self._gone[oldest], gone = self._alerts.pop(oldest)
                del self._lives[oldest]
                self._alerts_of[gone.model].discard(oldest)

    def _ended(self) -> Iterator[str]:
        for fingerprint, (_, alert) in self._alerts.items():
            if alert.status is not AlertStatus.FIRING:
                yield fingerprint
