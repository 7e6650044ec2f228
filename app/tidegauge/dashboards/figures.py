"""Queries that several dashboards share."""

from typing import Final

from tidegauge.dashboards.variables import CHOSEN, WHOLE

BY: Final = "version, segment_value"
"""What the series of the model dashboard are told apart by."""
BY_LEGEND: Final = "{{version}} {{segment_value}}"

WHOLE_WINDOW: Final = f'{WHOLE}, window="$window"'
"""Selects the figures of all traffic in the chosen window."""
KNOWN: Final = 'model!="__unknown__"'
"""Selects real models, not the ledger of events that name none."""
PREDICTIONS: Final = (
    f"sum by (model) (max by (model, version) (tidegauge_window_predictions{{{WHOLE_WINDOW}}}))"
)
"""Predictions of each model, over all versions."""
LABELLED: Final = (
    f"max by (model, version) (tidegauge_window_labelled_predictions{{{WHOLE_WINDOW}}})"
)
"""Labelled predictions of each version."""
ACCURACY: Final = (
    f"sum by (model) (max by (model, version) (tidegauge_accuracy_ratio{{{WHOLE_WINDOW}}})"
    f" * {LABELLED})"
    f" / sum by (model) ({LABELLED})"
)
"""Accuracy of each model, over all versions."""
LABEL_COVERAGE: Final = f"sum by (model) ({LABELLED}) / {PREDICTIONS}"
"""Label coverage of each model, over all versions."""
PER_SECOND: Final = (
    f"sum by (model) (max by (model, version) (tidegauge_predictions_per_second{{{WHOLE_WINDOW}}}))"
)
"""Traffic of each model in event time, over all versions."""
FIRING: Final = (
    f"count by (model) (max by (model, fingerprint) (tidegauge_alert_firing)) or 0 * {PREDICTIONS}"
)
"""Alerts that fire, of each model, 0 where none does."""
ERROR_NOW: Final = 'max by (model) (tidegauge_detector_current{stream="error_rate"})'
"""Error rate of each model lately, as its detector sees it."""
ERROR_BASELINE: Final = 'max by (model) (tidegauge_detector_baseline{stream="error_rate"})'
"""What is usual."""


def shift(labels: str, selector: str = "") -> str:
    """How large the changes are that detectors see, as a part of what is worth an alert."""
    return (
        f"max by ({labels}) (abs(tidegauge_detector_statistic{{{selector}}})"
        f" / tidegauge_detector_threshold{{{selector}}})"
    )


LEARNING, STEADY, MOVED, ALERT = -1, 0, 1, 2
DRIFT_STATE: Final = (
    f"clamp_max(({shift('model')} >= bool 1) + 2 * ({FIRING} > bool 0), {ALERT})"
    f" or 0 * {PREDICTIONS} + ({LEARNING})"
)
"""How each model stands, as one of the four numbers above."""


def chosen(figure: str, by: str = BY, window: str = 'window="$window"') -> str:
    """A figure of what is chosen on the model dashboard.

    Args:
        figure: The metric's name without its prefix.
        by: The labels that tell series apart.
        window: Which windows.
    """
    return f"max by ({by}) (tidegauge_{figure}{{{CHOSEN}, {window}}})"
