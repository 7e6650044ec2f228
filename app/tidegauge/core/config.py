"""What the core is told: every number it decides by, as plain values in milliseconds.

The settings package documents and checks these for people and builds them; the core only reads
them. `CoreConfig.fingerprint` covers the values that give stored state its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class ModelKind(StrEnum):
    """What a model answers, and so which figures say how good it is."""

    BINARY = "binary"
    """One of two classes, of which one is the positive one."""
    MULTICLASS = "multiclass"
    """One of several classes."""
    REGRESSION = "regression"
    """A number."""


@dataclass(frozen=True, slots=True)
class PaneLevel:
    """One level of the pane pyramid: panes of ``width_ms`` take labels up to ``span_ms`` late."""

    width_ms: int
    span_ms: int


@dataclass(frozen=True, slots=True)
class DetectionConfig:
    """How the change detectors decide (see `tidegauge.core.detect`)."""

    learn_ms: int = 3 * DAY
    """Event time that a stream's baseline is learned from, at least; from three days on it may
    hold a daily season."""
    learn_samples: int = 1_000
    """Samples that it is learned from, at least."""
    false_alarms_per_week: float = 1.0
    """Of the whole installation, in event time; see `tidegauge.core.monitor.budget`."""
    min_effect: float = 0.5
    """Smallest standardised change of a mean worth an alert (Cohen's d)."""
    min_rate_effect: float = 0.2
    """Smallest change of a rate worth an alert (Cohen's h, difference of arcsines)."""
    min_loss: float = 0.5
    """The part of the predictions, or of the labels, above which a loss is worth an alert."""
    min_silence_ms: int = 10 * MINUTE
    """The shortest time without predictions or labels, or without a change of a feature's numbers,
    that is worth an alert."""
    min_samples: int = 400
    """Samples over which an alert's effect is followed, at least: the standard error of Cohen's d
    or h is about ``1 / sqrt(min_samples)``, so 400 tell 0.2 from the 0.1 at which it resolves."""
    resolve_panes: int = 12
    """Closed panes over which an alert's effect is followed, at least: it resolves when the effect
    falls below half of the minimum."""
    update_ms: int = 10 * MINUTE
    """Event time between looks at whether an alert that fires has become worse or has another
    first cause."""
    reopen_ms: int = HOUR
    """Event time after its end within which an alert that opens again goes on as the old one."""


@dataclass(frozen=True, slots=True)
class ReferenceConfig:
    """When a reference profile is learned from the first predictions of a version."""

    learn_ms: int = HOUR
    min_predictions: int = 1_000
    sample_size: int = 5_000
    bins: int = 10
    max_categories: int = 50


@dataclass(frozen=True, slots=True)
class Costs:
    """What one decision of a binary model costs by its label, in any unit; below 0 it is a gain."""

    false_positive: float = 1.0
    false_negative: float = 1.0
    true_positive: float = 0.0
    true_negative: float = 0.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What a model's figures are held to; None: to nothing but their own past."""

    accuracy: float | None = None
    """Of classifiers, between 0 and 1."""
    precision: float | None = None
    """Of binary models, as the next."""
    recall: float | None = None
    mean_absolute_error: float | None = None
    """Of regression models, positive."""
    margin: float = 0.1
    """The part by which the error that a target allows must be exceeded to be worth an alert."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The rules for one model's events."""

    out_of_orderness_ms: int = 10 * SECOND
    lateness_ms: int = 10 * MINUTE
    label_horizon_ms: int = DAY
    correction_horizon_ms: int = DAY
    orphan_horizon_ms: int = HOUR
    max_future_ms: int = 5 * MINUTE
    kind: ModelKind | None = None
    """What the model answers; None: told by its answers (`tidegauge.core.monitor.kinds`)."""
    positive_class: str | None = None
    """The class counted as positive, as text; None: ``1``, ``true`` or ``yes``."""
    reference: ReferenceConfig = field(default_factory=ReferenceConfig)
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    costs: Costs = field(default_factory=Costs)
    targets: Targets = field(default_factory=Targets)

    @property
    def terms(self) -> tuple[int, int, int, int]:
        """What decides which events belong together: the horizons and the lateness, in ms."""
        return (
            self.label_horizon_ms,
            self.correction_horizon_ms,
            self.orphan_horizon_ms,
            self.lateness_ms,
        )

    def under(self, terms: tuple[int, int, int, int]) -> "ModelConfig":
        """These rules with other terms."""
        label, correction, orphan, lateness = terms
        return replace(
            self,
            label_horizon_ms=label,
            correction_horizon_ms=correction,
            orphan_horizon_ms=orphan,
            lateness_ms=lateness,
        )

    @property
    def retention_ms(self) -> int:
        """How long after a prediction's time anything can still refer to it."""
        return max(self.label_horizon_ms, self.correction_horizon_ms) + self.lateness_ms


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of memory and series; what is over one is folded into ``__other__`` and counted."""

    models: int = 200
    versions: int = 20
    segment_fields: int = 4
    segment_values: int = 50
    features: int = 200
    classes: int = 20
    deployments: int = 200
    """Combinations of version, code and data version remembered per model, the latest ones."""
    open_requests: int = 2_000_000
    """Requests retained by one source partition; over it the oldest are evicted and counted."""
    dead_letters_per_minute: int = 10_000
    """Refusals of one reason in one topic partition copied per minute; others are counted."""


@dataclass(frozen=True, slots=True)
class CoreConfig:
    """All that the collect and monitor stages are told."""

    panes: tuple[PaneLevel, ...] = (
        PaneLevel(10 * SECOND, HOUR),
        PaneLevel(MINUTE, DAY),
        PaneLevel(HOUR, 365 * DAY),
    )
    windows_ms: tuple[int, ...] = (MINUTE, 5 * MINUTE, HOUR, DAY)
    segment_fields: tuple[str, ...] | None = None
    """Segment fields that are kept; None: the first that arrive, up to the limit."""
    publication_skew_ms: int = 2 * SECOND
    """How far apart in append time two partitions may show events of the same event time."""
    idle_ms: int = 30 * SECOND
    """Silence after which a model's time moves on by itself."""
    alert_resend_ms: int = 180 * HOUR
    """Append time after which an alert that still fires is sent again, so that its topic keeps
    it."""
    limits: Limits = field(default_factory=Limits)
    default: ModelConfig = field(default_factory=ModelConfig)
    overrides: Mapping[str, ModelConfig] = field(default_factory=dict)

    def model(self, name: str) -> ModelConfig:
        """The rules for the model called ``name``."""
        return self.overrides.get(name, self.default)
