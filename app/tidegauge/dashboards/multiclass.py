"""The dashboard of a multiclass model: what no other kind has.

Figures by class are of all traffic: segments have none.
"""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import binary, classes
from tidegauge.dashboards.figures import BY_LEGEND, by_version, chosen
from tidegauge.dashboards.panels import PART, PSI, UNLEARNED, Query, lines
from tidegauge.dashboards.spread import ANSWERS, SCORES, spread
from tidegauge.dashboards.tables import Column, Key, matrix, rows

FIGURES: Final = (
    Column("Accuracy", by_version("accuracy_ratio"), "percentunit", 1),
    Column("Macro precision", by_version("macro_precision_ratio"), "percentunit", 1),
    Column("Macro recall", by_version("macro_recall_ratio"), "percentunit", 1),
    Column("Macro F1", by_version("macro_f1_score"), "percentunit", 1),
    Column("Confidence", by_version("score_mean"), "percentunit", 1),
    Column("Calibration", by_version("calibration_error"), "none", 3),
    Column("Answer PSI", by_version("prediction_psi"), "none", 3, PSI),
)
"""What versions are compared by."""
_BY_CLASS_LEGEND: Final = "{{class}} {{version}}"


def quality() -> Sequence[Builder[models.Panel]]:
    """Figures of answers over time, by class, and the confusion matrix."""
    confusion = f"sum by (label, predicted) ({by_version('confusion_predictions', *_CELL)})"
    return (
        *classes.accuracy(),
        worst_classes(width=12, height=8),
        matrix(
            "Confusion matrix",
            "Each line is a true class, and says how the labelled predictions of the window were "
            "shared out over the answers; lines add up to 100 %. The diagonal is the recall. A "
            "dark cell beside it: these two classes are taken for each other.",
            Key("label", "True"),
            Key("predicted", "answered"),
            f"{confusion} / on (label) group_left () sum by (label) ({confusion})",
            width=12,
        ),
        lines(
            "Macro precision, recall and F1",
            "Means over the classes, in which a rare class counts as much as a frequent one. Lower "
            "than the accuracy: rare classes are poorly told. Falling while accuracy holds: one "
            "of them is lost; the figures by class say which.",
            [
                Query(chosen("macro_precision_ratio"), f"precision {BY_LEGEND}"),
                Query(chosen("macro_recall_ratio"), f"recall {BY_LEGEND}"),
                Query(chosen("macro_f1_score"), f"F1 {BY_LEGEND}"),
            ],
            unit="percentunit",
        ),
        lines(
            "Precision by class",
            "Of the answers that are a class, the share that was right. Falling: something else is "
            "now taken for this class. A gap: the class was not answered.",
            [Query(_by_class("precision_ratio"), _BY_CLASS_LEGEND)],
            unit="percentunit",
        ),
        lines(
            "Recall by class",
            "Of the labels that are a class, the share that was found. Falling: this class is now "
            "taken for something else. A gap: no label was of the class.",
            [Query(_by_class("recall_ratio"), _BY_CLASS_LEGEND)],
            unit="percentunit",
        ),
    )


def worst_classes(*, width: int, height: int) -> Builder[models.Panel]:
    """The classes, the one that is told worst first."""
    return rows(
        "Classes",
        "Each class in the window, the one with the lowest F1 first. Recall: share of its "
        "labels that were found; precision: share of its answers that were right. Answers many "
        "more than labels: the model falls back on this class. No recall: no label was of it.",
        [Key("class", "Class", width=150), Key("version", "Version", width=75)],
        [
            Column("Answers", _by_class("predictions"), "short"),
            Column("Labels", _by_class("labels"), "short"),
            Column("Precision", _by_class("precision_ratio"), "percentunit", 1),
            Column("Recall", _by_class("recall_ratio"), "percentunit", 1),
            Column("F1", _by_class("f1_score"), "percentunit", 1, PART, bar=1),
        ],
        order="F1",
        ascending=True,
        width=width,
        height=height,
    )


def answers() -> Sequence[Builder[models.Panel]]:
    """Which classes are answered, and how surely."""
    return (
        lines(
            "Answers by class",
            "Share of each class among the answers. A class that grows or vanishes without a "
            "change in the world: look at the features, and at what was deployed.",
            [Query(_share("predictions"), _BY_CLASS_LEGEND)],
            unit="percentunit",
            low=0,
        ),
        lines(
            "Labels by class",
            "Share of each class among the labels: what is really the case. Moving as the answers "
            "do: the world has changed. Labels come late, so these lines lag.",
            [Query(_share("labels"), _BY_CLASS_LEGEND)],
            unit="percentunit",
            low=0,
        ),
        lines(
            "Drift of answers and confidence",
            "How far the shares of the classes, and the confidence, are from the reference "
            "profile. Index over 0.25 (orange): large. It needs no labels, so it warns first.",
            [
                Query(chosen("prediction_psi"), f"answers {BY_LEGEND}"),
                Query(chosen("score_psi"), f"confidence {BY_LEGEND}"),
            ],
            unit="none",
            low=0,
            steps=PSI,
            empty=UNLEARNED,
        ),
        lines(
            "Spread of the confidence",
            "Standard deviation of the confidence. A collapse: the model is equally sure of all, "
            "as with features that have become constant.",
            [Query(chosen("score_deviation"), BY_LEGEND)],
            unit="none",
            low=0,
        ),
        spread(
            "Answers now and in the reference",
            "Share of each class among the answers, over the longest window, beside the reference. "
            "It needs no labels: a class that grew or went is what the model now says otherwise.",
            ANSWERS,
            width=8,
            height=8,
        ),
        spread(
            "Confidence now and in the reference",
            "Shares of the confidence by tenths, over the longest window, beside the reference. A "
            "heap near the share of a coin: the model no longer knows these inputs.",
            SCORES,
            width=8,
            height=8,
        ),
    )


def confidence() -> Sequence[Builder[models.Panel]]:
    """Whether confidence can be taken at its word."""
    return (
        lines(
            "Confidence and accuracy",
            "Mean probability of the class that was answered, and the share that was right: "
            "together where the model can be taken at its word. Confidence above: it is too sure. "
            "Labels come late, so accuracy lags.",
            [
                Query(chosen("score_mean"), f"confidence {BY_LEGEND}"),
                Query(chosen("accuracy_ratio"), f"accuracy {BY_LEGEND}"),
            ],
            unit="percentunit",
        ),
        lines(
            "Calibration error of the confidence",
            "Mean distance between confidence and share of right answers, over bins of the "
            "confidence; less is better. It also sees what the means hide: too sure of some and "
            "too modest of others. Worse with steady accuracy: recalibrate.",
            [Query(chosen("calibration_error"), BY_LEGEND)],
            unit="none",
            low=0,
        ),
        binary.calibration(width=8, height=8),
    )


_CELL: Final = ("label", "predicted")


def _by_class(figure: str) -> str:
    return by_version(f"class_{figure}", "class")


def _share(figure: str) -> str:
    counts = _by_class(figure)
    return f"{counts} / on (version) group_left () sum by (version) ({counts})"
