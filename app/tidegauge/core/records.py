"""What Tidegauge publishes, as the core builds it: alerts, metrics, ledgers, refusals.

Times are int milliseconds since the epoch (UTC) and end in ``_ms``. A figure that is undefined
(an empty window, no labels, no reference) is ``None``, never 0. Shares lie in 0..1. The wire
package turns these into the public records and the contract package documents those.
"""

import hashlib
from enum import StrEnum
from typing import Self

import msgspec

from tidegauge.core.reasons import Reason


class AlertStatus(StrEnum):
    """Where an alert stands in its lifecycle."""

    FIRING = "firing"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    """Late or corrected labels removed its ground: it should not have fired."""


class Severity(StrEnum):
    """How bad it is; no part of an alert's identity."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class WindowState(StrEnum):
    """Whether a window's figures may still change."""

    OPEN = "open"
    """Its end has not passed the watermark."""
    PROVISIONAL = "provisional"
    """Closed, but late predictions or labels may still revise it."""
    FINAL = "final"


class CauseKind(StrEnum):
    """What a cause points at."""

    FEATURE = "feature"
    SEGMENT = "segment"
    VERSION = "version"
    SCORE = "score"
    TRAFFIC = "traffic"


class Effect(StrEnum):
    """In what way a cause acts."""

    DATA_DRIFT = "data_drift"
    """The distribution of an input moved."""
    PREDICTION_DRIFT = "prediction_drift"
    """The distribution of the answers or scores moved."""
    MIX_SHIFT = "mix_shift"
    """Inputs moved to regions where errors were frequent already."""
    CONCEPT_SHIFT = "concept_shift"
    """The same inputs now have more errors."""
    MISSING = "missing"
    UNSEEN = "unseen"
    """Categories that the reference does not have."""
    OUT_OF_RANGE = "out_of_range"
    """Numbers outside the reference's range."""
    NEW_VERSION = "new_version"
    SILENCE = "silence"
    """Events stopped."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One ground of an alert; the list it stands in is ordered by contribution, largest first."""

    kind: CauseKind
    effect: Effect
    name: str
    """The feature, the segment field, or the version."""
    value: str | None = None
    """The feature's bin or category, or the segment's value."""
    contribution: float | None = None
    """Part of the observed change it accounts for; parts may be negative and need not add to 1."""
    before: float | None = None
    """The figure it changed, in the reference or before the change."""
    after: float | None = None
    samples: int = 0
    """Predictions in the alert's window that it touches."""
    summary: str = ""


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """What was running in a window, each in sorted order."""

    model: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    reference: str | None = None
    """Id of the reference profile compared with."""


class AlertRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One event in the life of one alert."""

    id: str
    """Deterministic: from fingerprint, start, status and evidence."""
    fingerprint: str
    """Identity of what is wrong (16 hex digits): record key, equal over the alert's life."""
    status: AlertStatus
    severity: Severity
    model: str
    time_ms: int
    """Event time at which the detector came to this status."""
    starts_at_ms: int
    ends_at_ms: int | None = None
    """None while firing."""
    revision: int = 0
    """0 for the record that opens the alert, then one more for each."""
    labels: dict[str, str]
    """Identity in words: ``alertname``, ``model`` and as far as they apply ``version``,
    ``feature``, ``segment_field``, ``segment_value``."""
    annotations: dict[str, str]
    """For people: ``summary``, ``description``, ``runbook_url``."""
    generator_url: str = ""
    detector: str
    statistic: float | None = None
    threshold: float | None = None
    window_start_ms: int
    window_end_ms: int
    predictions: int
    labelled: int
    label_coverage: float | None = None
    versions: Versions = Versions()
    causes: tuple[Cause, ...] = ()


class RocPoint(msgspec.Struct, frozen=True):
    """The rates when every score from a threshold on is called positive."""

    threshold: float | None
    """None: nothing is called positive."""
    false_positive_rate: float
    true_positive_rate: float


class CalibrationPoint(msgspec.Struct, frozen=True):
    """How often the scores of one bin came true."""

    mean_score: float
    positive_rate: float
    labelled: int


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the labelled predictions of a window were."""

    accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    specificity: float | None = None
    f1: float | None = None
    balanced_accuracy: float | None = None
    matthews_correlation: float | None = None
    """-1..1."""
    auc: float | None = None
    auc_error: float | None = None
    """Bound of what the bins of the scores can have moved the figure by; so the others."""
    average_precision: float | None = None
    average_precision_error: float | None = None
    lift_top_decile: float | None = None
    """0..10."""
    lift_top_decile_error: float | None = None
    log_loss: float | None = None
    """In nats."""
    brier: float | None = None
    expected_calibration_error: float | None = None
    roc_curve: tuple[RocPoint, ...] | None = None
    calibration_curve: tuple[CalibrationPoint, ...] | None = None
    positive_rate: float | None = None
    """Share of labels that are the positive class."""
    true_positives: int | None = None
    false_positives: int | None = None
    true_negatives: int | None = None
    false_negatives: int | None = None
    errors: int | None = None
    """Labelled predictions that differ from their label, for any number of classes."""


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """How many predictions came."""

    predictions: int
    per_second: float | None = None
    """Predictions divided by the length of the window."""
    predicted_positive_rate: float | None = None
    predicted_positive_rate_change: float | None = None
    """The rate less the reference's, -1..1."""


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """The serving time that publishers report, in seconds."""

    count: int = 0
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p99: float | None = None


class ScoreStats(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of scores, and its distance from the reference's."""

    count: int = 0
    mean: float | None = None
    deviation: float | None = None
    psi: float | None = None
    js: float | None = None


class FeatureStats(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of one feature, and its distance from the reference's."""

    count: int = 0
    """Predictions that carry the feature with a value."""
    missing: int = 0
    """Predictions without it, or with null."""
    mean: float | None = None
    deviation: float | None = None
    psi: float | None = None
    js: float | None = None
    unseen_share: float | None = None
    out_of_range_share: float | None = None


class MetricRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one window of one model version, or of one of its segments."""

    model: str
    version: str
    segment_field: str | None = None
    """None with ``segment_value`` None: the whole version."""
    segment_value: str | None = None
    start_ms: int
    end_ms: int
    """Exclusive."""
    state: WindowState
    revision: int
    predictions: int
    labelled: int
    label_coverage: float | None = None
    """``labelled / predictions``."""
    reference: str | None = None
    quality: Quality = Quality()
    traffic: Traffic
    latency: Latency = Latency()
    score: ScoreStats = ScoreStats()
    features: dict[str, FeatureStats] = {}


class PredictionLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the predictions read: ``read`` is the sum of all that follow but ``lost``."""

    read: int = 0
    labelled: int = 0
    unlabelled: int = 0
    """The label horizon passed without a label."""
    open: int = 0
    duplicate: int = 0
    conflict: int = 0
    late: int = 0
    invalid: int = 0
    misplaced: int = 0
    evicted: int = 0
    lost: int = 0
    """Removed by Kafka's retention before they were read."""


class FeedbackLedger(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the feedback read: ``read`` is the sum of all that follow but ``lost``."""

    read: int = 0
    joined: int = 0
    duplicate: int = 0
    conflict: int = 0
    superseded: int = 0
    """A higher revision was known already."""
    orphan_open: int = 0
    orphan_expired: int = 0
    late: int = 0
    invalid: int = 0
    misplaced: int = 0
    evicted: int = 0
    lost: int = 0


class LedgerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The balance of one model (``__unknown__`` where none can be told), over all partitions."""

    model: str
    time_ms: int
    """The model's watermark when the balance was struck."""
    predictions: PredictionLedger = PredictionLedger()
    feedback: FeedbackLedger = FeedbackLedger()
    labels: int = 0
    """Predictions that were given a first label: equal to those labelled."""


class DeploymentKind(StrEnum):
    """What is new with a deployment."""

    VERSION = "version"
    """A version of the model."""
    CODE_VERSION = "code_version"
    """A version of the serving code."""
    DATA_VERSION = "data_version"
    """A version of the data or feature pipeline."""


class DeploymentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A version, code version or data version of a model was seen first."""

    model: str
    kind: DeploymentKind
    value: str
    """The version, code version or data version."""
    version: str
    """The model version that it was first seen with."""
    time_ms: int
    """Event time of its first prediction."""


class DeadLetterRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record that was refused, with the bytes it had."""

    reason: Reason
    message: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """The refused record's append time."""
    model: str | None = None
    """None where it cannot be told."""
    key: bytes | None = None
    key_length: int | None = None
    value: bytes | None = None
    """All of it, or a prefix."""
    value_length: int | None = None
    value_sha256: str | None = None
    """Of the whole value, in hex."""

    @classmethod
    def of(
        cls,
        *,
        reason: Reason,
        message: str,
        topic: str,
        partition: int,
        offset: int,
        timestamp_ms: int,
        key: bytes | None,
        value: bytes | None,
        model: str | None = None,
        max_value_bytes: int = 64 * 1024,
        max_key_bytes: int = 1024,
    ) -> Self:
        """Builds a dead letter that keeps a bounded prefix of the refused key and value."""
        return cls(
            reason=reason,
            message=message,
            topic=topic,
            partition=partition,
            offset=offset,
            timestamp_ms=timestamp_ms,
            model=model,
            key=None if key is None else key[:max_key_bytes],
            key_length=None if key is None else len(key),
            value=None if value is None else value[:max_value_bytes],
            value_length=None if value is None else len(value),
            value_sha256=None if value is None else hashlib.sha256(value).hexdigest(),
        )


class OffsetRange(msgspec.Struct, frozen=True):
    """Refused records at offsets from ``first`` to ``last``, both included."""

    first: int
    last: int
    count: int
    """Refused ones among them; others in between may have been fine."""


class DeadLetterSummaryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Refusals of one reason in one partition that a rate limit kept from being copied."""

    reason: Reason
    topic: str
    partition: int
    count: int
    ranges: tuple[OffsetRange, ...]
