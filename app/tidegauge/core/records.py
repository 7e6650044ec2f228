"""What Tidegauge publishes of windows, ledgers and deployments, as the core builds it.

Times are int milliseconds since the epoch (UTC) and end in ``_ms``. A figure that is undefined
(an empty window, no labels, no reference) is ``None``, never 0. Shares lie in 0..1. The wire
package turns these into the public records and the contract package documents those.
"""

from enum import StrEnum

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.improvement import ImprovementStats


class WindowState(StrEnum):
    """Whether a window's figures may still change."""

    OPEN = "open"
    """Its end has not passed the watermark."""
    PROVISIONAL = "provisional"
    """Closed, but late predictions or labels may still revise it."""
    FINAL = "final"


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
    macro_precision: float | None = None
    """Mean over the classes of a multiclass model for which it is defined; so the next two."""
    macro_recall: float | None = None
    macro_f1: float | None = None
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


class ClassStats(msgspec.Struct, frozen=True, kw_only=True):
    """One class of a multiclass model."""

    predictions: int = 0
    """Predictions that are this class, with a label or without."""
    predicted: int = 0
    """Of those with a label."""
    support: int = 0
    """Labels that are this class."""
    true_positives: int = 0
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


class ConfusionCell(msgspec.Struct, frozen=True):
    """How many labelled predictions are of one class and turned out another, or the same."""

    predicted: str
    label: str
    count: int


class HistogramBar(msgspec.Struct, frozen=True):
    """How many values lie between two edges."""

    lower: float
    upper: float
    count: int


class RegressionStats(msgspec.Struct, frozen=True, kw_only=True):
    """How far off the labelled predictions of a regression model were, as prediction less label."""

    mean_absolute_error: float | None = None
    root_mean_squared_error: float | None = None
    bias: float | None = None
    """Mean error."""
    r2: float | None = None
    """At most 1."""
    median_error: float | None = None
    absolute_error_p50: float | None = None
    absolute_error_p90: float | None = None
    absolute_error_p99: float | None = None
    error_histogram: tuple[HistogramBar, ...] = ()
    """By powers of two, ascending."""


class PairedStats(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions on the requests that both answered and whose labels are known.

    A difference is this version's figure less the other's; ``low`` and ``high`` are the ends of its
    95 % interval.
    """

    pairs: int
    agreement: float | None = None
    """Share of pairs with the same answer."""
    both_right: int | None = None
    """So the next three: of pairs of classes."""
    only_this_right: int | None = None
    only_other_right: int | None = None
    both_wrong: int | None = None
    accuracy: float | None = None
    other_accuracy: float | None = None
    accuracy_difference: float | None = None
    accuracy_difference_low: float | None = None
    accuracy_difference_high: float | None = None
    p_value: float | None = None
    """Of McNemar's test that both are right equally often."""
    mean_absolute_error: float | None = None
    """So all that follow: of pairs of numbers."""
    other_mean_absolute_error: float | None = None
    error_difference: float | None = None
    error_difference_low: float | None = None
    error_difference_high: float | None = None
    nearer: float | None = None
    """Share of pairs in which this version's answer was nearer to the label."""
    other_nearer: float | None = None


class PredictionStats(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of answers, and its distance from the reference's.

    Of a multiclass model, over classes; of a regression model, over numbers.
    """

    count: int = 0
    mean: float | None = None
    deviation: float | None = None
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    psi: float | None = None
    js: float | None = None
    histogram: tuple[HistogramBar, ...] = ()
    """By the bins of the reference, or by powers of two without one."""


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


class LabelDelay(msgspec.Struct, frozen=True, kw_only=True):
    """How long after their predictions first labels were known, in seconds."""

    count: int = 0
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
    bins: tuple[int, ...] = ()
    """Values by bin of the reference; of a whole version that has one, else empty."""


class FeatureAttribution(msgspec.Struct, frozen=True, kw_only=True):
    """How much one feature moved the answers of a window."""

    mean_absolute: float
    """Mean of ``|a|`` over the predictions that carry attributions."""
    share: float | None = None
    """Of the sum over all features."""
    learned_share: float | None = None
    """The share in the first panes of the version."""
    right_share: float | None = None
    """Mean of the feature's shares in single answers that were right; of a regression model, in
    all that have a label."""
    wrong_share: float | None = None
    """In wrong ones; of a regression model, in all, weighted with the absolute error."""


class AttributionStats(msgspec.Struct, frozen=True, kw_only=True):
    """How much each feature moved the answers of a window."""

    count: int
    """Predictions that carry attributions."""
    drift: float | None = None
    """Total variation from what was normal for the version, 0..1."""
    labelled: int = 0
    """Of the predictions those that are told right or wrong."""
    features: dict[str, FeatureAttribution] = {}


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
    label_delay: LabelDelay = LabelDelay()
    """Of the labels that came first; of a whole version, else empty."""
    reference: str | None = None
    kind: ModelKind = ModelKind.BINARY
    """Decides which of the figures below there are."""
    quality: Quality = Quality()
    classes: dict[str, ClassStats] = {}
    """By name of the class."""
    confusion: tuple[ConfusionCell, ...] = ()
    """Cells without any are left out."""
    regression: RegressionStats = RegressionStats()
    paired: dict[str, PairedStats] = {}
    """By the other version; empty for a segment."""
    prediction: PredictionStats = PredictionStats()
    traffic: Traffic
    latency: Latency = Latency()
    score: ScoreStats = ScoreStats()
    features: dict[str, FeatureStats] = {}
    attributions: AttributionStats | None = None
    """Of a whole version; None where no prediction carries any."""
    improvement: ImprovementStats | None = None
    """Of a whole version in the longest windows; None elsewhere, and with too few labels."""


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
    forwarded: int = 0
    """Published away from home, where it is read once more."""
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
    forwarded: int = 0
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
