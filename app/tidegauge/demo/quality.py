"""The figures of quality that the demo shows, by what a model answers."""

from typing import Final, NamedTuple

from tidegauge.demo.tasks import ModelName


class QualityFigure(NamedTuple):
    """One figure of quality."""

    title: str
    gauge: str
    """The gauge that has it."""
    form: str
    """Its format specification."""


QUALITY: Final = {
    ModelName.FLIGHT_DELAY: (
        QualityFigure("accuracy", "tidegauge_accuracy_ratio", ".1%"),
        QualityFigure("AUC", "tidegauge_roc_auc", ".3f"),
    ),
    ModelName.ARRIVAL_DELAY: (
        QualityFigure("MAE", "tidegauge_mean_absolute_error", ".1f"),
        QualityFigure("R2", "tidegauge_r2_score", ".3f"),
    ),
    ModelName.FLIGHT_STATUS: (
        QualityFigure("accuracy", "tidegauge_accuracy_ratio", ".1%"),
        QualityFigure("macro F1", "tidegauge_macro_f1_score", ".3f"),
    ),
}
GAUGES: Final = frozenset(figure.gauge for figures in QUALITY.values() for figure in figures)
