"""The figures of one window: the lasting truth about the past of a model."""

from typing import Annotated, Literal

from pydantic import Field

from tidegauge.contract.base import Count, Record, Share, Time
from tidegauge.contract.improvement import ImprovementFigures
from tidegauge.core.config import ModelKind
from tidegauge.core.records import WindowState
from tidegauge.core.stats.calibration import CALIBRATION_BINS
from tidegauge.core.stats.ranking import ROC_POINTS
from tidegauge.core.stats.reference import MAX_BINS

NonNegative = Annotated[float, Field(ge=0)]
SignedShare = Annotated[float, Field(ge=-1, le=1)]


class RocPoint(Record):
    """The rates when every score from a threshold on is called positive; exact."""

    threshold: Share | None
    """Null at the point (0, 0): nothing is called positive."""
    false_positive_rate: Share
    """``FP / (FP + TN)``."""
    true_positive_rate: Share
    """``TP / (TP + FN)``."""


class CalibrationPoint(Record):
    """How often the scores of one tenth of the range came true."""

    mean_score: Share
    """At most 0.005 from the mean of the scores before they were binned."""
    positive_rate: Share
    """Share of their labels that are the positive class; of a multiclass model, the share of
    predictions with such a confidence that were right."""
    labelled: Count
    """Labelled predictions with such a score, at least one."""


class QualityFigures(Record):
    """How right the labelled predictions were; a figure is null when it is undefined.

    Binary models have all of them but macro averages. Multiclass models have accuracy, macro
    averages, calibration (of the confidence in the predicted class) and errors. Regression models
    have none: theirs are in ``regression``.

    Figures of scores read the labelled predictions that have one. The areas, the lift, the curves
    and the calibration error come from a histogram of scores by label, in which the scores of a bin
    count as tied: ``x_error`` says how far ``x`` can be from the figure of the scores themselves.
    """

    accuracy: Share | None
    """Share of labelled predictions that equal their label."""
    precision: Share | None
    """``TP / (TP + FP)``; null when nothing was predicted positive."""
    recall: Share | None
    """``TP / (TP + FN)``; null when no label is positive."""
    specificity: Share | None
    """``TN / (TN + FP)``; null when every label is positive."""
    f1: Share | None
    """Harmonic mean of precision and recall, ``2 TP / (2 TP + FP + FN)``."""
    macro_precision: Share | None
    """Mean precision over the classes of a multiclass model for which it is defined."""
    macro_recall: Share | None
    """Likewise of recall."""
    macro_f1: Share | None
    """Likewise of the harmonic mean of the two."""
    balanced_accuracy: Share | None
    """Mean of recall and specificity; null unless both classes are among the labels."""
    matthews_correlation: SignedShare | None
    """Correlation of predicted class and label, ``(TP TN - FP FN) / sqrt((TP + FP) (TP + FN) (TN +
    FP) (TN + FN))``: 0 is as good as chance; null when either has one class only."""
    auc: Share | None
    """Area under the ROC curve: the chance that a positive scores above a negative, ties as half;
    null unless both classes are among the labels."""
    auc_error: Share | None
    average_precision: Share | None
    """Area under the precision-recall curve as a step function: the sum over falling thresholds of
    precision times gain in recall. Chance gives ``positive_rate``; null when no label is
    positive."""
    average_precision_error: Share | None
    lift_top_decile: Annotated[NonNegative, Field(le=10)] | None
    """How many times more frequent positive labels are in the tenth with the highest scores than
    overall, 1 by chance; null when no label is positive."""
    lift_top_decile_error: NonNegative | None
    log_loss: NonNegative | None
    """Mean negative log likelihood of the labels, in nats."""
    brier: Share | None
    """Mean squared difference of score and label."""
    expected_calibration_error: Share | None
    """Mean absolute difference of mean score and share of positives over tenths of the range,
    weighted by count; at most 0.005 from that of the scores themselves."""
    roc_curve: Annotated[list[RocPoint], Field(max_length=ROC_POINTS)] | None
    """From (0, 0) to (1, 1); null unless both classes are among the labels."""
    calibration_curve: Annotated[list[CalibrationPoint], Field(max_length=CALIBRATION_BINS)] | None
    """By ascending score; tenths of the range without labels are left out."""
    positive_rate: Share | None
    """Share of labels that are the positive class."""
    true_positives: Count | None
    false_positives: Count | None
    true_negatives: Count | None
    false_negatives: Count | None
    errors: Count | None
    """Labelled predictions that differ from their label, for any number of classes."""


class ClassFigures(Record):
    """One class of a multiclass model; a figure is null when it is undefined."""

    predictions: Count
    """Predictions that are this class, with a label or without."""
    predicted: Count
    """Of those with a label."""
    support: Count
    """Labels that are this class."""
    true_positives: Count
    """Predictions and labels that are."""
    precision: Share | None
    """``true_positives / predicted``."""
    recall: Share | None
    """``true_positives / support``."""
    f1: Share | None
    """``2 true_positives / (predicted + support)``."""


class ConfusionFigures(Record):
    """One cell of the confusion matrix."""

    predicted: str
    label: str
    count: Annotated[int, Field(ge=1)]


class HistogramFigures(Record):
    """How many values lie between two edges, of which the one nearer to zero is included.

    Magnitudes below 5e-20 lie in the bar around zero, those above 1.8e19 in the outermost one.
    """

    lower: float
    upper: float
    count: Count


class RegressionFigures(Record):
    """How far off the labelled predictions of a regression model were; null where undefined.

    An error is prediction less label. Means and ``r2`` are exact; quantiles are at most 2.44 % off,
    for magnitudes from 5e-20 to 1.8e19.
    """

    mean_absolute_error: NonNegative | None
    root_mean_squared_error: NonNegative | None
    bias: float | None
    """Mean error: above 0 the model answers too much."""
    r2: Annotated[float, Field(le=1)] | None
    """Coefficient of determination: 1 is perfect, 0 as good as the mean label; null unless labels
    differ."""
    median_error: float | None
    absolute_error_p50: NonNegative | None
    absolute_error_p90: NonNegative | None
    absolute_error_p99: NonNegative | None
    error_histogram: list[HistogramFigures]
    """By powers of two, ascending; bins without errors are left out."""


class PairedFigures(Record):
    """This version and another one on the requests that both answered; null where undefined.

    Only pairs of answers that both have their label are counted, in the window of the later answer.
    Figures of classes are null for a regression model, figures of errors for any other. A
    difference is this version's figure less the other's, ``low`` and ``high`` are the ends of its
    95 % interval: what luck with these requests explains lies within.
    """

    pairs: Annotated[int, Field(ge=1)]
    """Sample count of all that follows."""
    agreement: Share | None
    """Share of pairs with the same answer."""
    both_right: Count | None
    only_this_right: Count | None
    """Pairs in which this version was right and the other wrong."""
    only_other_right: Count | None
    both_wrong: Count | None
    accuracy: Share | None
    """Of this version, on these requests alone."""
    other_accuracy: Share | None
    accuracy_difference: SignedShare | None
    """Above 0 this version is right more often."""
    accuracy_difference_low: SignedShare | None
    """Adjusted Wald interval of Bonett and Price (2012)."""
    accuracy_difference_high: SignedShare | None
    p_value: Share | None
    """Of McNemar's test (mid-p) that both are right equally often; null unless some pair has one
    right and one wrong."""
    mean_absolute_error: NonNegative | None
    """Of this version, on these requests alone."""
    other_mean_absolute_error: NonNegative | None
    error_difference: float | None
    """Below 0 this version errs less."""
    error_difference_low: float | None
    """Normal interval of the mean paired difference; null for a single pair."""
    error_difference_high: float | None
    nearer: Share | None
    """Share of pairs in which this version's answer was nearer to the label."""
    other_nearer: Share | None


class PredictionFigures(Record):
    """The distribution of answers, and its distance from the reference's.

    Of a multiclass model over its classes, of a regression model over numbers; of a binary model
    see ``traffic`` and ``score``.
    """

    count: Count
    """Answers that are a class, or a number."""
    mean: float | None
    deviation: NonNegative | None
    """Standard deviation."""
    p10: float | None
    """Quantiles of numbers are at most 2.44 % off."""
    p50: float | None
    p90: float | None
    psi: NonNegative | None
    """Population stability index against the reference; null without one."""
    js: Share | None
    """Jensen-Shannon distance (square root of the divergence in bits) from the reference."""
    histogram: list[HistogramFigures]
    """Numbers by bins of about equal counts in the reference; by powers of two without one."""


class TrafficFigures(Record):
    """How many predictions came."""

    predictions: Count
    per_second: NonNegative | None
    """Predictions divided by the length of the window."""
    predicted_positive_rate: Share | None
    """Share of predictions that are the positive class."""
    predicted_positive_rate_change: SignedShare | None
    """``predicted_positive_rate`` less the share in the reference; null without one."""


class LatencyFigures(Record):
    """The serving time that publishers report, in seconds."""

    count: Count
    """Predictions that carry a latency."""
    mean: NonNegative | None
    p50: NonNegative | None
    """Median; quantiles come from a histogram, to the width of its bins."""
    p90: NonNegative | None
    p99: NonNegative | None


class LabelDelayFigures(Record):
    """How long after their predictions first labels were known, in seconds."""

    count: Count
    """Predictions of the window with a label, of any content; 0 for a segment."""
    p50: NonNegative | None
    """Median; quantiles come from a histogram, to the width of its bins."""
    p90: NonNegative | None
    p99: NonNegative | None


class ScoreFigures(Record):
    """The distribution of scores, and its distance from the reference's."""

    count: Count
    """Predictions that carry a score."""
    mean: Share | None
    deviation: NonNegative | None
    """Standard deviation."""
    psi: NonNegative | None
    """Population stability index against the reference; null without one."""
    js: Share | None
    """Jensen-Shannon distance (square root of the divergence in bits) from the reference."""


class FeatureFigures(Record):
    """The distribution of one feature, and its distance from the reference's."""

    count: Count
    """Predictions that carry a value."""
    missing: Count
    """Predictions without the feature, or with null."""
    mean: float | None
    """Null for texts."""
    deviation: NonNegative | None
    """Standard deviation; null for texts."""
    psi: NonNegative | None
    """Population stability index against the reference; null without one."""
    js: Share | None
    """Jensen-Shannon distance (square root of the divergence in bits) from the reference."""
    unseen_share: Share | None
    """Share of values that are categories the reference does not have."""
    out_of_range_share: Share | None
    """Share of values outside the range of the reference."""
    bins: Annotated[list[Count], Field(max_length=MAX_BINS)]
    """Values by bin of the reference, as its ``counts`` are: of a number below its range, between
    its edges, above it; of a text its categories, other, unseen. Empty for a segment, and without a
    reference."""


class FeatureAttributionFigures(Record):
    """How much one feature moved the answers of a window."""

    mean_absolute: NonNegative
    """Mean absolute attribution, over the predictions that carry attributions."""
    share: Share | None
    """Of the sum of these means over all features; null where all are 0."""
    learned_share: Share | None
    """The same in the first period of the version, as long as a reference is learned; null before
    it has passed."""
    right_share: Share | None
    """Mean share of the feature in single answers that were right; of a regression model in all
    that have a label. The first label counts. Null where there are none."""
    wrong_share: Share | None
    """In answers that were wrong; of a regression model in all that have a label, each weighted
    with its absolute error."""


class AttributionFigures(Record):
    """How much each feature moved the answers of a window, as publishers say with each answer."""

    count: Count
    """Predictions that carry attributions: sample count of means and shares."""
    drift: Share | None
    """Total variation, half the sum of the differences of ``share`` and ``learned_share``: the part
    of the attribution that went to other features."""
    labelled: Count
    """Sample count of what right and wrong answers are told by: predictions with a label that were
    made under a reference."""
    features: dict[str, FeatureAttributionFigures]
    """By name of the feature; ``__other__`` for those over the limit."""


class Metric(Record):
    """The figures of one window of event time, for a model version or one of its segments.

    A window is published again under a higher revision when its figures change; the newest record
    of a key replaces the older ones.
    """

    type: Literal["window"]
    model: str
    version: str
    segment_field: str | None
    """Null together with ``segment_value``: the whole version."""
    segment_value: str | None
    start: Time
    """Event time, inclusive."""
    end: Time
    """Exclusive."""
    size_seconds: NonNegative
    """``end - start``."""
    state: WindowState
    """``open``: the end has not passed the watermark; ``provisional``: closed, but late
    predictions or labels may still revise it; ``final``."""
    revision: Count
    """Rises with each record of the window; gaps mean nothing."""
    predictions: Count
    """Sample count of everything below."""
    labelled: Count
    """Sample count of the quality figures."""
    label_coverage: Share | None
    """``labelled / predictions``; null without predictions."""
    label_delay: LabelDelayFigures
    """Of the labels so far: a window that still waits for some has them too low."""
    reference: str | None
    """Id of the reference profile compared with."""
    kind: ModelKind
    """What the model answers: as configured, or told by its answers."""
    quality: QualityFigures
    classes: dict[str, ClassFigures]
    """Of a multiclass model, by name of the class; ``__other__`` for those over the limit."""
    confusion: list[ConfusionFigures]
    """Of a multiclass model; cells without any are left out."""
    regression: RegressionFigures
    paired: dict[str, PairedFigures]
    """By the other version, of which both answered a request (champion and challenger); empty for
    a segment."""
    prediction: PredictionFigures
    traffic: TrafficFigures
    latency: LatencyFigures
    score: ScoreFigures
    features: dict[str, FeatureFigures]
    """By name of the feature."""
    attributions: AttributionFigures | None
    """Of a whole version; null where no prediction carries any, and for a segment."""
    improvement: ImprovementFigures | None
    """Of a whole version in windows of the longest size; null elsewhere, and below 200 labels."""
