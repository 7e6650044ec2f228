"""The dashboard of a binary model: what no other kind has."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import classes
from tidegauge.dashboards.charts import curves
from tidegauge.dashboards.figures import BY, BY_LEGEND, by_version, chosen
from tidegauge.dashboards.panels import PSI, UNLEARNED, Query, bars, lines
from tidegauge.dashboards.spread import SCORES, spread
from tidegauge.dashboards.tables import Column
from tidegauge.dashboards.variables import VERSIONS

FIGURES: Final = (
    Column("Accuracy", by_version("accuracy_ratio"), "percentunit", 1),
    Column("Precision", by_version("precision_ratio"), "percentunit", 1),
    Column("Recall", by_version("recall_ratio"), "percentunit", 1),
    Column("F1", by_version("f1_score"), "percentunit", 1),
    Column("ROC area", by_version("roc_auc"), "none", 3),
    Column("Calibration", by_version("calibration_error"), "none", 3),
    Column("Mean score", by_version("score_mean"), "percentunit", 1),
    Column("Score PSI", by_version("score_psi"), "none", 3, PSI),
)
"""What versions are compared by."""
SAID: Final = "what scores say"
"""The line on which scores are what comes true."""
_CONFUSION_LEGEND: Final = "{{label}}, predicted {{predicted}}"


def quality() -> Sequence[Builder[models.Panel]]:
    """Figures of answers over time, and the confusion counts."""
    confusion = chosen("confusion_predictions", f"{BY}, predicted, label")
    return (
        *classes.accuracy(),
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
            "(dashed orange): large. It needs no labels, so it warns first: look at the features.",
            [Query(chosen("score_psi"), f"PSI {BY_LEGEND}")],
            unit="none",
            low=0,
            steps=PSI,
            empty=UNLEARNED,
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
            empty=UNLEARNED,
        ),
        calibration(),
        spread(
            "Scores now and in the reference",
            "Shares of the scores by tenths, over the longest window, beside the reference. It "
            "needs no labels. A heap at one end: the model is sure of what it was not before.",
            SCORES,
            width=12,
        ),
    )


def calibration(*, width: int = 12, height: int = 9) -> Builder[models.Panel]:
    """Whether scores come true, by tenths of their range."""
    selector = f'{VERSIONS}, segment_field="", window="$window"'
    score, came = (
        f"label_replace(max by (version, bin) (tidegauge_calibration_{figure}{{{selector}}}), "
        f'"line", "{name}", "", "")'
        for figure, name in (("score_mean", SAID), ("positive_ratio", "came true"))
    )
    named = f'label_join({came}, "line", " ", "line", "version")'
    return curves(
        "Do scores come true?",
        "Of the scores (of a multiclass model: confidences) in each tenth of the range, the share "
        "that came true, and dashed what they say themselves. Below the dashes: the model is too "
        "sure. Above: too modest. Far apart in one tenth alone: few scores lie there.",
        f"max by (bin, line) ({named} or {score})",
        x="bin",
        name="line",
        unit="percentunit",
        compared=(SAID,),
        low=0,
        high=1,
        width=width,
        height=height,
    )
