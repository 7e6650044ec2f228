"""The figures of windows: quality, traffic, latency, scores and features."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from operator import attrgetter
from typing import Any, TypeAlias

from tidegauge.core.records import MetricRecord, WindowState
from tidegauge.core.stats.calibration import CALIBRATION_BINS
from tidegauge.export.page import Metric, Row
from tidegauge.settings.duration import text

WINDOW_LABELS = ("model", "version", "segment_field", "segment_value", "window")
FEATURE_LABELS = (*WINDOW_LABELS, "feature")
CLASS_LABELS = (*WINDOW_LABELS, "class")
PAIRED_LABELS = ("model", "version", "other_version", "window")

Read: TypeAlias = Callable[[Any], float | None]


def _figure(name: str, help_: str, read: str | Read) -> tuple[Metric, Read]:
    metric = Metric(f"tidegauge_{name}", help_, WINDOW_LABELS)
    return metric, attrgetter(read) if isinstance(read, str) else read


def _feature(name: str, help_: str, read: str | Read) -> tuple[Metric, Read]:
    metric = Metric(f"tidegauge_feature_{name}", help_, FEATURE_LABELS)
    return metric, attrgetter(read) if isinstance(read, str) else read


def _class(name: str, help_: str, read: str) -> tuple[Metric, Read]:
    return Metric(f"tidegauge_class_{name}", help_, CLASS_LABELS), attrgetter(read)


def _paired(name: str, help_: str, read: str) -> tuple[Metric, Read]:
    return Metric(f"tidegauge_paired_{name}", help_, PAIRED_LABELS), attrgetter(read)


_QUANTILES = (("p50", "Median"), ("p90", "90th percentile"), ("p99", "99th percentile"))

WINDOW_FIGURES: tuple[tuple[Metric, Read], ...] = (
    _figure(
        "window_end_timestamp_seconds",
        "End of the window in event time: the figures beside it are as of then.",
        lambda record: record.end_ms / 1000,
    ),
    _figure(
        "window_final",
        "1 once nothing can revise the window's figures any more, 0 before.",
        lambda record: float(record.state is WindowState.FINAL),
    ),
    _figure("window_predictions", "Predictions made in the window.", "predictions"),
    _figure("window_labelled_predictions", "Of them, those with a label.", "labelled"),
    _figure(
        "label_coverage_ratio",
        "Share of the window's predictions that have a label.",
        "label_coverage",
    ),
    *(
        _figure(
            f"label_delay_{name}_seconds",
            f"{title} of the time from a prediction of the version to its first label.",
            f"label_delay.{name}",
        )
        for name, title in _QUANTILES
    ),
    _figure("accuracy_ratio", "Share of labelled predictions that were right.", "quality.accuracy"),
    _figure("precision_ratio", "Share of predicted positives that were.", "quality.precision"),
    _figure("recall_ratio", "Share of positives that were predicted so.", "quality.recall"),
    _figure("specificity_ratio", "Share of negatives predicted so.", "quality.specificity"),
    _figure(
        "macro_precision_ratio",
        "Mean precision over the classes of a multiclass model.",
        "quality.macro_precision",
    ),
    _figure(
        "macro_recall_ratio",
        "Mean recall over the classes of a multiclass model.",
        "quality.macro_recall",
    ),
    _figure(
        "macro_f1_score",
        "Mean F1 score over the classes of a multiclass model.",
        "quality.macro_f1",
    ),
    _figure("f1_score", "Harmonic mean of precision and recall.", "quality.f1"),
    _figure(
        "balanced_accuracy_ratio",
        "Mean of recall and specificity.",
        "quality.balanced_accuracy",
    ),
    _figure(
        "matthews_correlation",
        "Correlation of predicted class and label, -1 to 1.",
        "quality.matthews_correlation",
    ),
    _figure("roc_auc", "Area under the ROC curve.", "quality.auc"),
    _figure(
        "average_precision",
        "Area under the precision-recall curve.",
        "quality.average_precision",
    ),
    _figure(
        "lift_top_decile",
        "Share of positives in the tenth with the highest scores, as a multiple of the overall.",
        "quality.lift_top_decile",
    ),
    _figure("log_loss", "Mean negative log likelihood of the labels, in nats.", "quality.log_loss"),
    _figure("brier_score", "Mean squared error of the scores.", "quality.brier"),
    _figure(
        "calibration_error",
        "Expected calibration error: mean distance of score and share of positives.",
        "quality.expected_calibration_error",
    ),
    _figure("positive_ratio", "Share of labels that are positive.", "quality.positive_rate"),
    _figure(
        "predicted_positive_ratio",
        "Share of predictions that are positive.",
        "traffic.predicted_positive_rate",
    ),
    _figure(
        "predicted_positive_ratio_change",
        "Share of predictions that are positive, less the share in the reference.",
        "traffic.predicted_positive_rate_change",
    ),
    _figure(
        "mean_absolute_error",
        "Mean absolute error of a regression model.",
        "regression.mean_absolute_error",
    ),
    _figure(
        "root_mean_squared_error",
        "Root of the mean squared error of a regression model.",
        "regression.root_mean_squared_error",
    ),
    _figure("error_bias", "Mean error, prediction less label.", "regression.bias"),
    _figure("r2_score", "Coefficient of determination.", "regression.r2"),
    _figure("error_p50", "Median error, prediction less label.", "regression.median_error"),
    _figure("absolute_error_p50", "Median absolute error.", "regression.absolute_error_p50"),
    _figure(
        "absolute_error_p90",
        "90th percentile of the absolute error.",
        "regression.absolute_error_p90",
    ),
    _figure(
        "absolute_error_p99",
        "99th percentile of the absolute error.",
        "regression.absolute_error_p99",
    ),
    _figure("prediction_mean", "Mean answer of a regression model.", "prediction.mean"),
    _figure("prediction_deviation", "Standard deviation of the answers.", "prediction.deviation"),
    _figure("prediction_p10", "10th percentile of the answers.", "prediction.p10"),
    _figure("prediction_p50", "Median answer.", "prediction.p50"),
    _figure("prediction_p90", "90th percentile of the answers.", "prediction.p90"),
    _figure(
        "prediction_psi",
        "Population stability index of the answers to the reference.",
        "prediction.psi",
    ),
    _figure(
        "prediction_js_distance",
        "Jensen-Shannon distance of the answers to the reference.",
        "prediction.js",
    ),
    _figure("predictions_per_second", "Traffic of the window.", "traffic.per_second"),
    _figure("latency_mean_seconds", "Mean serving time.", "latency.mean"),
    _figure("latency_p50_seconds", "Median serving time.", "latency.p50"),
    _figure("latency_p90_seconds", "90th percentile of the serving time.", "latency.p90"),
    _figure("latency_p99_seconds", "99th percentile of the serving time.", "latency.p99"),
    _figure("score_mean", "Mean score.", "score.mean"),
    _figure("score_deviation", "Standard deviation of the scores.", "score.deviation"),
    _figure("score_psi", "Population stability index of the scores to the reference.", "score.psi"),
    _figure(
        "score_js_distance", "Jensen-Shannon distance of the scores to the reference.", "score.js"
    ),
)

CLASS_FIGURES: tuple[tuple[Metric, Read], ...] = (
    _class("predictions", "Predictions that are the class.", "predictions"),
    _class("labels", "Labels that are the class.", "support"),
    _class("precision_ratio", "Share of predictions of the class that were right.", "precision"),
    _class("recall_ratio", "Share of labels of the class that were predicted so.", "recall"),
    _class("f1_score", "Harmonic mean of precision and recall of the class.", "f1"),
)

PAIRED_FIGURES: tuple[tuple[Metric, Read], ...] = (
    _paired(
        "predictions", "Labelled predictions of requests that both versions answered.", "pairs"
    ),
    _paired("agreement_ratio", "Share of shared requests with the same answer.", "agreement"),
    _paired("accuracy_ratio", "Accuracy of this version on shared requests.", "accuracy"),
    _paired(
        "accuracy_difference",
        "Accuracy on shared requests less that of the other version.",
        "accuracy_difference",
    ),
    _paired(
        "accuracy_difference_low",
        "Lower end of the 95 % interval of the difference in accuracy.",
        "accuracy_difference_low",
    ),
    _paired(
        "accuracy_difference_high",
        "Upper end of the 95 % interval of the difference in accuracy.",
        "accuracy_difference_high",
    ),
    _paired("p_value", "Of McNemar's test that both are right equally often.", "p_value"),
    _paired(
        "mean_absolute_error",
        "Mean absolute error of this version on shared requests.",
        "mean_absolute_error",
    ),
    _paired(
        "error_difference",
        "Mean absolute error on shared requests less that of the other version.",
        "error_difference",
    ),
    _paired(
        "error_difference_low",
        "Lower end of the 95 % interval of the difference in error.",
        "error_difference_low",
    ),
    _paired(
        "error_difference_high",
        "Upper end of the 95 % interval of the difference in error.",
        "error_difference_high",
    ),
    _paired(
        "nearer_ratio",
        "Share of shared requests in which this version was nearer to the label.",
        "nearer",
    ),
)

FEATURE_FIGURES: tuple[tuple[Metric, Read], ...] = (
    _feature("values", "Predictions that carry the feature with a value.", "count"),
    _feature(
        "missing_ratio",
        "Share of predictions without the feature.",
        lambda stats: stats.missing / (stats.missing + stats.count),
    ),
    _feature("mean", "Mean of the feature.", "mean"),
    _feature("deviation", "Standard deviation of the feature.", "deviation"),
    _feature("psi", "Population stability index of the feature to the reference.", "psi"),
    _feature("js_distance", "Jensen-Shannon distance of the feature to the reference.", "js"),
    _feature("unseen_ratio", "Share of values in no category of the reference.", "unseen_share"),
    _feature(
        "out_of_range_ratio", "Share of values outside the reference's range.", "out_of_range_share"
    ),
)

CALIBRATION_LABELS = (*WINDOW_LABELS, "bin")
CALIBRATION_FIGURES: tuple[tuple[Metric, Read], ...] = (
    (
        Metric(
            "tidegauge_calibration_score_mean",
            "Mean of the scores in a tenth of their range.",
            CALIBRATION_LABELS,
        ),
        attrgetter("mean_score"),
    ),
    (
        Metric(
            "tidegauge_calibration_positive_ratio",
            "Share of these scores that came true.",
            CALIBRATION_LABELS,
        ),
        attrgetter("positive_rate"),
    ),
    (
        Metric(
            "tidegauge_calibration_predictions",
            "Labelled predictions with such a score.",
            CALIBRATION_LABELS,
        ),
        attrgetter("labelled"),
    ),
)


MODEL = Metric(
    "tidegauge_model_info",
    "1 for each model, with its kind: binary, multiclass or regression.",
    ("model", "kind"),
)
CONFUSION = Metric(
    "tidegauge_confusion_predictions",
    "Labelled predictions of the window by predicted and true class.",
    (*WINDOW_LABELS, "predicted", "label"),
)
_BINARY_CONFUSION: tuple[tuple[str, str, Read], ...] = (
    ("positive", "positive", attrgetter("quality.true_positives")),
    ("positive", "negative", attrgetter("quality.false_positives")),
    ("negative", "negative", attrgetter("quality.true_negatives")),
    ("negative", "positive", attrgetter("quality.false_negatives")),
)


def model_rows(records: Iterable[MetricRecord]) -> Iterator[tuple[Row]]:
    """The kind of each model, as its newest window has it, in the order of the records."""
    newest: dict[str, MetricRecord] = {}
    for record in records:
        known = newest.setdefault(record.model, record)
        if (record.end_ms, record.predictions) > (known.end_ms, known.predictions):
            newest[record.model] = record
    for name, record in newest.items():
        yield (Row(MODEL, (name, record.kind.value), 1),)


def window_rows(record: MetricRecord) -> Iterator[Row]:
    """The figures of one window without its features; none for an empty window."""
    if record.predictions:
        labels = _labels(record)
        for metric, read in WINDOW_FIGURES:
            yield Row(metric, labels, read(record))
        for predicted, label, count in _BINARY_CONFUSION:
            yield Row(CONFUSION, (*labels, predicted, label), count(record))


def class_rows(record: MetricRecord) -> Iterator[Row]:
    """The figures of each class in one window."""
    labels = _labels(record)
    for name, stats in record.classes.items():
        for metric, read in CLASS_FIGURES:
            yield Row(metric, (*labels, name), read(stats))


def confusion_rows(record: MetricRecord) -> Iterator[Row]:
    """The confusion matrix of one window of a multiclass model."""
    labels = _labels(record)
    for cell in record.confusion:
        yield Row(CONFUSION, (*labels, cell.predicted, cell.label), cell.count)


def calibration_rows(record: MetricRecord) -> Iterator[Row]:
    """How often the scores of one window came true, by tenths of their range."""
    labels = _labels(record)
    for point in record.quality.calibration_curve or ():
        # a mean score of 1 is in the last tenth
        tenth = min(int(point.mean_score * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        for metric, read in CALIBRATION_FIGURES:
            yield Row(metric, (*labels, f"{tenth / CALIBRATION_BINS:g}"), read(point))


def paired_rows(record: MetricRecord) -> Iterator[Row]:
    """The figures of one version beside each other version in one window."""
    model, version, *_, window = _labels(record)
    for other, stats in record.paired.items():
        for metric, read in PAIRED_FIGURES:
            yield Row(metric, (model, version, other, window), read(stats))


def feature_rows(record: MetricRecord, feature: str) -> Iterator[Row]:
    """The figures of one feature in one window; none when no prediction could carry it."""
    stats = record.features[feature]
    if stats.count or stats.missing:
        labels = (*_labels(record), feature)
        for metric, read in FEATURE_FIGURES:
            yield Row(metric, labels, read(stats))


def _labels(record: MetricRecord) -> tuple[str, ...]:
    return (
        record.model,
        record.version,
        record.segment_field or "",
        record.segment_value or "",
        window_text(record.end_ms - record.start_ms),
    )


def window_text(size_ms: int) -> str:
    """The length of a window as labels have it."""
    return text(timedelta(milliseconds=size_ms))
