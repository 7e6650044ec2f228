"""The dashboards of one model: where the errors are."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.panels import COVERAGE, GREEN, ORANGE, PSI, YELLOW
from tidegauge.dashboards.tables import Column, Key, rows
from tidegauge.dashboards.variables import VERSIONS

_SEGMENTS: Final = f'{VERSIONS}, segment_field!="", window="$window"'
_WHOLE: Final = f'{VERSIONS}, segment_field="", window="$window"'
_IN_SEGMENTS: Final = "version, segment_field, segment_value"


def _of(figure: str) -> str:
    return f"max by ({_IN_SEGMENTS}) (tidegauge_{figure}{{{_SEGMENTS}}})"


def _whole(figure: str) -> str:
    return f"max by (version) (tidegauge_{figure}{{{_WHOLE}}})"


class Parts(NamedTuple):
    """How the segments of a kind of model are told apart.

    Attributes:
        about: What the columns of quality say.
        order: The title of the column that the table is ordered by.
        columns: The columns of quality.
        drift: Those of drift.
    """

    about: str
    order: str
    columns: tuple[Column, ...]
    drift: tuple[Column, ...]


_LABELLED: Final = _of("window_labelled_predictions")
_ACCURACY: Final = _of("accuracy_ratio")
_ABSOLUTE: Final = _of("mean_absolute_error")
_WRONG: Final = (
    Column("Errors", f"(1 - {_ACCURACY}) * {_LABELLED}", "short", 0),
    Column("Accuracy", _ACCURACY, "percentunit", 1),
    Column(
        "Less than the whole",
        f"{_whole('accuracy_ratio')} - on (version) group_right () {_ACCURACY}",
        "percentunit",
        1,
        ((None, GREEN), (0.02, YELLOW), (0.05, ORANGE)),
    ),
)
_ABOUT_WRONG: Final = (
    "the one with the most errors first. Less than the whole: how far its accuracy is below that "
    "of all traffic."
)
_ANSWER_PSI: Final = Column("Answer PSI", _of("prediction_psi"), "none", 3, PSI)

BINARY: Final = Parts(
    _ABOUT_WRONG, "Errors", _WRONG, (Column("Score PSI", _of("score_psi"), "none", 3, PSI),)
)
MULTICLASS: Final = Parts(
    _ABOUT_WRONG,
    "Errors",
    (*_WRONG, Column("Macro F1", _of("macro_f1_score"), "percentunit", 1)),
    (_ANSWER_PSI,),
)
REGRESSION: Final = Parts(
    "the one that makes up most of the error first (all its absolute errors together). Of the "
    "whole: its mean absolute error as a multiple of that of all traffic.",
    "Sum of errors",
    (
        Column("Sum of errors", f"{_ABSOLUTE} * {_LABELLED}", "short"),
        Column("MAE", _ABSOLUTE, "short"),
        Column(
            "Of the whole",
            f"{_ABSOLUTE} / on (version) group_left () {_whole('mean_absolute_error')}",
            "none",
            2,
            ((None, GREEN), (1.2, YELLOW), (1.5, ORANGE)),
        ),
        Column("Bias", _of("error_bias"), "short"),
    ),
    (_ANSWER_PSI,),
)


def segments(parts: Parts) -> Sequence[Builder[models.Panel]]:
    """All segments in one table."""
    return (
        rows(
            "Segments",
            f"All segments in the window, {parts.about} Much and far off: begin here. Few labels: "
            "wait, or choose a longer window.",
            [
                Key("segment_field", "Segments by", width=140),
                Key("segment_value", "Segment", width=140),
                Key("version", "Version", width=75),
            ],
            [
                *parts.columns,
                Column("Predictions", _of("window_predictions"), "short"),
                Column("Labels", _of("label_coverage_ratio"), "percentunit", 0, COVERAGE),
                *parts.drift,
            ],
            order=parts.order,
            height=8,
        ),
    )
