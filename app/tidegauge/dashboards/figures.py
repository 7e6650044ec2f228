"""Queries that several dashboards share."""

from typing import Final

from tidegauge.dashboards.variables import CHOSEN, VERSIONS, WHOLE

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


def weighted(figure: str) -> str:
    """The mean of a figure of each model over its versions, weighted by labelled predictions."""
    series = f"max by (model, version) (tidegauge_{figure}{{{WHOLE_WINDOW}}})"
    return f"sum by (model) ({series} * {LABELLED}) / sum by (model) ({LABELLED} and {series})"


ACCURACY: Final = weighted("accuracy_ratio")
"""Accuracy of each classifier, over all versions."""
ABSOLUTE_ERROR: Final = weighted("mean_absolute_error")
"""Mean absolute error of each regression model, over all versions."""
BIAS: Final = weighted("error_bias")
"""Mean error of each regression model, over all versions."""
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
_ERRORS: Final = 'stream=~"error_rate|absolute_error"'


def lately(errors: str = _ERRORS) -> str:
    """The error of each model lately, as its detector sees it.

    Args:
        errors: Selects the stream: the error rate of classifiers, the absolute error of others.
    """
    return f"max by (model) (tidegauge_detector_current{{{errors}}})"


def usual(errors: str = _ERRORS) -> str:
    """What is usual of it."""
    return f"max by (model) (tidegauge_detector_baseline{{{errors}}})"


def with_kind(expr: str, kinds: str = ".+") -> str:
    """Series of models that are of certain kinds, with the kind as a label.

    Args:
        expr: PromQL whose series have the label ``model``.
        kinds: A regular expression of kinds.
    """
    kind = f'max by (model, kind) (tidegauge_model_info{{kind=~"{kinds}"}})'
    return f"({expr}) * on (model) group_left (kind) {kind}"


def shift(labels: str, selector: str = "") -> str:
    """How large the changes are that detectors see, as a part of what is worth an alert."""
    return (
        f"max by ({labels}) (abs(tidegauge_detector_statistic{{{selector}}})"
        f" / tidegauge_detector_threshold{{{selector}}})"
    )


def most_moved(selector: str = "", most: int = 12) -> str:
    """The watched figures with the largest changes in the range of time, over it.

    Args:
        selector: Labels that choose the model.
        most: How many.
    """
    changes = shift("stream, feature", selector)
    largest = f"max_over_time(({changes})[$__range:30s] @ end())"
    # what is younger than a step of the subquery is not in it yet
    return f"{changes} and on (stream, feature) topk({most}, {largest} or {changes})"


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


LABELLED_NOW: Final = chosen("window_labelled_predictions")
"""Labelled predictions of what is chosen on the dashboard of a model."""


def weighted_now(figure: str) -> str:
    """The mean of a figure over what is chosen, weighted by labelled predictions."""
    series = chosen(figure)
    return f"sum({series} * {LABELLED_NOW}) / sum({LABELLED_NOW} and {series})"


def by_version(figure: str, *by: str) -> str:
    """A figure of the versions that are chosen, over all traffic in the window.

    Args:
        figure: The metric's name without its prefix.
        by: Further labels.
    """
    selector = f'{VERSIONS}, {WHOLE}, window="$window"'
    return f"max by ({', '.join(('version', *by))}) (tidegauge_{figure}{{{selector}}})"
