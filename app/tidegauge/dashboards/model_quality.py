"""The model dashboard: how good the model is now, over time, and how its scores behave."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.alerts import SEVERITIES, firing
from tidegauge.dashboards.figures import BY, BY_LEGEND, chosen, shift
from tidegauge.dashboards.panels import (
    COVERAGE,
    NONE_IS_GOOD,
    PSI,
    SHIFT,
    Query,
    bars,
    lines,
    states,
    value,
)
from tidegauge.dashboards.tables import Key

_ERRORS: Final = 'model="$model", stream="error_rate"'
_OF_MODEL: Final = 'model="$model"'


def now() -> Sequence[Builder[models.Panel]]:
    """The state in a line, and the alerts."""
    predictions = f"sum({chosen('window_predictions')})"
    labelled = chosen("window_labelled_predictions")
    return (
        value(
            "Predictions",
            "Predictions in the window, of what is chosen above. Everything else on this page "
            "rests on so many.",
            predictions,
            unit="short",
        ),
        value(
            "Labelled",
            "Share of these that have a label. Quality is known for them only; low in a window "
            "shorter than labels take.",
            f"sum({labelled}) / {predictions}",
            unit="percentunit",
            steps=COVERAGE,
            decimals=1,
        ),
        value(
            "Accuracy",
            "Share of right answers among the labelled predictions of the window. Compare it with "
            "its own past: the same value can be good or bad.",
            f"sum({chosen('accuracy_ratio')} * {labelled}) / sum({labelled})",
            unit="percentunit",
            decimals=1,
        ),
        value(
            "Error rate less baseline",
            "How many more errors than usual there are lately, of the whole model, in percentage "
            "points. Its colour says nothing; the detector's view is beside it.",
            f"max(tidegauge_detector_current{{{_ERRORS}}})"
            f" - max(tidegauge_detector_baseline{{{_ERRORS}}})",
            unit="percentunit",
            decimals=1,
        ),
        value(
            "Largest change",
            "The largest change of any watched figure of the model, as a part of what is worth an "
            "alert. From 1 on: see under feature drift which figure it is.",
            f"max({shift('model', _OF_MODEL)})",
            unit="none",
            steps=SHIFT,
            decimals=2,
        ),
        value(
            "Alerts",
            "Alerts of the model that fire now. Not zero: the table below says which.",
            f"count(max by (fingerprint) (tidegauge_alert_firing{{{_OF_MODEL}}})) or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        firing(
            _OF_MODEL,
            width=12,
            keys=(
                Key("severity", "Severity", names=SEVERITIES, width=85),
                Key("alertname", "Alert", width=150),
                Key("version", "Version", width=75),
                Key("feature", "Feature"),
                Key("segment_field", "Segments by", width=100),
                Key("segment_value", "Segment", width=85),
            ),
        ),
        states(
            "What has moved, and since when",
            "One bar for each watched figure: green far from, yellow half way to, orange beyond "
            "what is worth an alert. What turned orange first and stayed so is the best suspect. "
            "Figures of the whole model: error_rate, score, a feature's mean, its missing values.",
            Query(shift("stream, feature", _OF_MODEL), "{{stream}} {{feature}}"),
            steps=SHIFT,
            width=12,
            height=9,
        ),
    )


def quality() -> Sequence[Builder[models.Panel]]:
    """Figures of classifiers over time, and the confusion counts."""
    by_window = chosen("accuracy_ratio", f"window, {BY}", 'window=~".+"')
    confusion = chosen("confusion_predictions", f"{BY}, predicted, label")
    return (
        lines(
            "Accuracy by version and segment",
            "Share of right answers among the labelled predictions of the window. Versions side "
            "by side: a new one that stays below the old one is a reason to go back. Segments: "
            "choose a field above.",
            [Query(chosen("accuracy_ratio"), BY_LEGEND)],
            unit="percentunit",
        ),
        lines(
            "Accuracy by window",
            "The same figure over each window that workers report. The short ones move first and "
            "are noisy, the long ones confirm. Apart: something changes now.",
            [Query(by_window, f"{{{{window}}}} {BY_LEGEND}")],
            unit="percentunit",
        ),
        lines(
            "Error rate against its baseline",
            "Share of wrong answers among the labels that came lately, of the whole model, and "
            "(dashed) what is usual at such hours. It reads labels as they come, so it sees a "
            "change before the windows do.",
            [
                Query(f"max(tidegauge_detector_current{{{_ERRORS}}})", "lately"),
                Query(f"max(tidegauge_detector_baseline{{{_ERRORS}}})", "baseline", dashed=True),
            ],
            unit="percentunit",
        ),
        lines(
            "Precision, recall and F1",
            "Precision: share of predicted positives that were positive; falls with false alarms. "
            "Recall: share of positives that were found; falls with misses. F1: their harmonic "
            "mean. If one rises as the other falls, the threshold or the scores have moved.",
            [
                Query(chosen("precision_ratio"), f"precision {BY_LEGEND}"),
                Query(chosen("recall_ratio"), f"recall {BY_LEGEND}"),
                Query(chosen("f1_score"), f"F1 {BY_LEGEND}"),
            ],
            unit="percentunit",
        ),
        lines(
            "Area under the ROC curve",
            "How well the scores order positives before negatives, whatever the threshold: 1 "
            "perfectly, 0.5 (dashed) not at all. Falling: the model itself fails. Steady while "
            "accuracy falls: it is the threshold or the calibration.",
            [Query(chosen("roc_auc"), BY_LEGEND)],
            unit="none",
            steps=((None, "transparent"), (0.5, "red")),
        ),
        bars(
            "Confusion counts",
            "Labelled predictions of the window by what was true and what was answered. Compare "
            "the two kinds of error with what each costs you.",
            [Query(f"sort_desc(sum by (predicted, label) ({confusion}))", _CONFUSION_LEGEND)],
            unit="short",
        ),
    )


_CONFUSION_LEGEND: Final = "{{label}}, predicted {{predicted}}"


def ranking() -> Sequence[Builder[models.Panel]]:
    """Figures of binary models that rare positives, or their order, call for."""
    return (
        lines(
            "Specificity and balanced accuracy",
            "Specificity: share of negatives answered so; falls with false alarms. Balanced "
            "accuracy: its mean with recall, so that rare positives count as much. Accuracy good "
            "while this is near 0.5: the model answers the common class to all.",
            [
                Query(chosen("specificity_ratio"), f"specificity {BY_LEGEND}"),
                Query(chosen("balanced_accuracy_ratio"), f"balanced {BY_LEGEND}"),
            ],
            unit="percentunit",
            width=6,
        ),
        lines(
            "Matthews correlation",
            "Correlation of answer and label, from -1 to 1; 0 is no better than chance. One figure "
            "for all four confusion counts. Below 0: the classes are probably swapped.",
            [Query(chosen("matthews_correlation"), BY_LEGEND)],
            unit="none",
            width=6,
        ),
        lines(
            "Average precision",
            "Area under the precision-recall curve: how clean the top of the ranking is. Compare "
            "it with the share of positive labels, which is what chance would reach.",
            [
                Query(chosen("average_precision"), BY_LEGEND),
                Query(chosen("positive_ratio"), f"chance {BY_LEGEND}", dashed=True),
            ],
            unit="none",
            low=0,
            width=6,
        ),
        lines(
            "Lift of the top tenth",
            "How many times more positives there are among the tenth with the highest scores than "
            "on average. Near 1: working through the top of the list is no better than any order.",
            [Query(chosen("lift_top_decile"), BY_LEGEND)],
            unit="none",
            low=0,
            width=6,
        ),
    )


def scores() -> Sequence[Builder[models.Panel]]:
    """Whether scores can be taken at their word, and whether they moved."""
    return (
        lines(
            "Mean score and share of positives",
            "Calibrated scores have the mean of what comes true: all three lines together. Score "
            "above the labels: the model expects too much. The share of positive answers depends "
            "on the threshold as well. Labels come late, so that line lags.",
            [
                Query(chosen("score_mean"), f"mean score {BY_LEGEND}"),
                Query(chosen("predicted_positive_ratio"), f"answered positive {BY_LEGEND}"),
                Query(chosen("positive_ratio"), f"labelled positive {BY_LEGEND}"),
            ],
            unit="percentunit",
        ),
        lines(
            "Calibration error, Brier score",
            "Calibration error: mean distance between score and what came true, over bins of the "
            "score. Brier score: mean squared error of the scores. Less is better for both. "
            "Calibration worse while the ROC area holds: recalibrate, no need to retrain.",
            [
                Query(chosen("calibration_error"), f"calibration error {BY_LEGEND}"),
                Query(chosen("brier_score"), f"Brier {BY_LEGEND}"),
            ],
            unit="none",
            low=0,
        ),
        lines(
            "Log loss",
            "Mean negative log likelihood of the labels, in nats; less is better. A jump with "
            "steady accuracy: wrong answers that the model was very sure of.",
            [Query(chosen("log_loss"), BY_LEGEND)],
            unit="none",
            low=0,
        ),
        lines(
            "Score drift",
            "How far the scores' distribution is from the reference profile. Index over 0.25 "
            "(dashed red): large. It needs no labels, so it warns first: look at the features.",
            [Query(chosen("score_psi"), f"PSI {BY_LEGEND}")],
            unit="none",
            low=0,
            steps=PSI,
        ),
        lines(
            "Score spread",
            "Standard deviation of the scores. A collapse: the model gives nearly the same answer "
            "to all, as with features that have become constant.",
            [Query(chosen("score_deviation"), BY_LEGEND)],
            unit="none",
            low=0,
        ),
        lines(
            "Positive answers less the reference",
            "Share of positive answers less that of the reference profile. Away from zero: the "
            "model answers otherwise than it did, whatever the labels will say.",
            [Query(chosen("predicted_positive_ratio_change"), BY_LEGEND)],
            unit="percentunit",
        ),
    )
