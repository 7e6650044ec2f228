"""The page about every metric, from the definitions that are exported.

What a metric is called, counts and is labelled by stands in the code that exports it; this page
adds the groups, when a group is there, and units, which follow from names. `page` fails on a metric
that no group has.
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tidegauge.export import (
    attributions,
    collector,
    deployments,
    detection,
    distributions,
    finals,
    health,
    improvement,
    ledgers,
    windows,
)
from tidegauge.export.page import Metric
from tidegauge.notify import status

_HEAD = """# Metrics

<!-- Generated: `python -m tidegauge.site.generate` -->

Every metric that a worker serves on `/metrics` (`http.port`, 9464), and those of the notifier \
(`notify.port`, 9465). Gauges show the present: the window of each size that ends now, in event \
time. The past, window by window and with corrections, is on the topic `metrics` \
([Records](records.md)).

**Several workers.** Each worker exports what its partitions hold, so a query aggregates over \
instances; a model is on one worker at a time, and moves with its partition.

**Labels.** `window` is the size of the window, such as `1h`. `segment_field` and `segment_value` \
are empty for a whole version. Names over a limit are `__other__` ([Limits](limits.md)); over \
`limits.series` whole groups are left out, and `tidegauge_export_series_dropped` says how many.

**Kinds and units.** A metric is a gauge where nothing else is said. A share is from 0 to 1, \
`answers'` the unit of a regression model's answers, a cost in the unit of the settings `costs`.

**Absent or zero.** A figure that is undefined, such as the precision of a model that never \
answered positive, has no series; it is never shown as zero.

Beside these there are the usual metrics of the process and of Python: `process_…`, `python_…`.
"""
_UNITS = {
    r"_timestamp_seconds$": "seconds since 1970",
    r"_seconds$": "seconds",
    r"_ratio$|_ratio_change$|accuracy_difference|_agreement_|_p_value$": "share",
    r"_js_distance$|score_(mean|deviation)$|threshold_(in_use|best)$|_auc$|_precision$": "0 to 1",
    r"_records$": "records",
    r"log_loss": "nats",
    r"threshold_(gain|cost)|cost_per": "cost",
    r"paired_(mean_absolute_)?error|absolute_error|squared_error|error_(bias|p50)": "answers'",
    r"prediction_(mean|deviation|p\d\d)$": "answers'",
    r"feature_(mean|deviation)$": "the feature's",
    r"_total$|_(predictions|labels|values)$|tidegauge_feedback$|_series": "count",
    r"segment_gain": "errors",
    r"attribution_error_difference": "share",
    r"attribution_mean": "the publisher's",
}
"""Units by what a name holds; the first that fits."""


class UndocumentedError(Exception):
    """A metric is in no group of the page."""


@dataclass(frozen=True, slots=True)
class _Group:
    title: str
    present: str
    metrics: tuple[Metric, ...]


def page() -> str:
    """The whole page as Markdown.

    Raises:
        UndocumentedError: A metric is exported that no group has.
    """
    groups = _groups()
    grouped = [metric.name for group in groups for metric in group.metrics]
    if missing := sorted(set(exported()) - set(grouped)):
        raise UndocumentedError(
            f"{', '.join(missing)}: name them in a group of tidegauge/site/metrics.py"
        )
    return "\n".join([_HEAD, *(line for group in groups for line in _lines(group))])


def exported() -> list[str]:
    """The names of all metrics."""
    return [metric.name for metric in (*collector.METRICS, *_NOTIFIER)]


def _lines(group: _Group) -> Iterator[str]:
    shared = _shared([metric.labels for metric in group.metrics])
    labels = f" Labels: {_marked(shared)}." if shared else ""
    yield f"## {group.title}\n"
    yield f"{group.present}{labels}\n"
    yield "| metric | labels | unit | meaning |\n| --- | --- | --- | --- |"
    for metric in group.metrics:
        more = _marked(metric.labels[len(shared) :])
        more = f"+ {more}" if shared and more else more
        kind = [] if metric.kind == "gauge" else [metric.kind]
        unit = ", ".join(filter(None, [_unit(metric), *kind]))
        yield f"| `{metric.name}` | {more} | {unit} | {metric.help} |"
    yield ""


def _shared(labels: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The labels that all begin with."""
    same = itertools.takewhile(lambda names: len(set(names)) == 1, zip(*labels, strict=False))
    return tuple(names[0] for names in same)


def _marked(labels: Iterable[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def _unit(metric: Metric) -> str:
    return next((unit for part, unit in _UNITS.items() if re.search(part, metric.name)), "")


def _figures(pairs: Iterable[tuple[Metric, object]]) -> tuple[Metric, ...]:
    return tuple(metric for metric, _ in pairs)


_NOTIFIER = (
    status.SENT,
    status.FAILED,
    status.REFUSED,
    status.RETRYING,
    status.OLDEST,
    status.LAG,
    status.READING,
)
_BY_NAME = {metric.name: metric for metric in collector.METRICS}
_OF_MODELS = (health.WATERMARK, health.WATERMARK_DELAY, health.FOLDED)


def _named(*names: str) -> tuple[Metric, ...]:
    return tuple(_BY_NAME[f"tidegauge_{name}"] for name in names)


def _beginning(*beginnings: str) -> tuple[Metric, ...]:
    starts = tuple(f"tidegauge_{beginning}" for beginning in beginnings)
    return tuple(metric for name, metric in _BY_NAME.items() if name.startswith(starts))


def _groups() -> tuple[_Group, ...]:
    return (
        _Group(
            "The worker",
            "From the first second. Those with `stage` and `partition` are of the partitions that "
            "this worker has now; `stage` is `collect` or `monitor`.",
            (
                *(metric for metric in health.METRICS if metric not in _OF_MODELS),
                collector.SERIES,
                collector.DROPPED,
            ),
        ),
        _Group(
            "Event time and limits of a model",
            "The watermark from a model's first event, on the worker that has the model; the limit "
            "once something was over it.",
            _OF_MODELS,
        ),
        _Group(
            "Ledgers",
            "From a model's first event; `model` is `__unknown__` where it could not be told. "
            "[The ledger's fields](records.md#ledger) say what each `state` means.",
            ledgers.METRICS,
        ),
        _Group(
            "A window",
            "For each version and segment with predictions in the window. Delays are of the labels "
            "so far, of whole versions; they are at most 2.44 % off.",
            (
                windows.MODEL,
                *_beginning("window_", "label_", "predictions_per_second"),
            ),
        ),
        _Group(
            "Quality of classifiers",
            "Where the window has labels. Precision, recall, specificity, F1 and what rests on "
            "scores: binary models. Macro figures: multiclass models. "
            "[How exact each is](records.md#qualityfigures-of-metric).",
            _named(
                "accuracy_ratio",
                "precision_ratio",
                "recall_ratio",
                "specificity_ratio",
                "f1_score",
                "balanced_accuracy_ratio",
                "matthews_correlation",
                "macro_precision_ratio",
                "macro_recall_ratio",
                "macro_f1_score",
                "roc_auc",
                "average_precision",
                "lift_top_decile",
                "log_loss",
                "brier_score",
                "calibration_error",
                "positive_ratio",
                "confusion_predictions",
            ),
        ),
        _Group(
            "Calibration",
            "For each tenth of the range in which labelled scores of the window lie (of multiclass "
            "models, confidences); `bin` is where the tenth begins. Not for segments.",
            _figures(windows.CALIBRATION_FIGURES),
        ),
        _Group(
            "Classes of multiclass models",
            "For each class that was answered or was a label in the window; not for segments.",
            _beginning("class_"),
        ),
        _Group(
            "Quality of regression models",
            "Where the window has labels; in the unit of the answers. Quantiles are at most 2.44 % "
            "off.",
            _named(
                "mean_absolute_error",
                "root_mean_squared_error",
                "error_bias",
                "r2_score",
                "error_p50",
                "absolute_error_p50",
                "absolute_error_p90",
                "absolute_error_p99",
            ),
        ),
        _Group(
            "Answers, scores and latency",
            "Without labels. Shares of positive answers: binary models; `tidegauge_prediction_…`: "
            "regression models, the distances multiclass models as well; scores and latency where "
            "publishers send them; distances where there is a [reference](references.md).",
            _beginning("predicted_positive", "prediction_", "score_", "latency_"),
        ),
        _Group(
            "Features",
            "For each feature that predictions of the window carry; mean and deviation of numeric "
            "ones, distances and what is outside where there is a reference.",
            _figures(windows.FEATURE_FIGURES),
        ),
        _Group(
            "Attributions",
            "Where publishers send [attributions](why.md#attributions); the drift once the first "
            "period of the version has passed, the difference where the window has right and wrong "
            "answers.",
            attributions.METRICS,
        ),
        _Group(
            "Distributions and references",
            "For each version with a [reference](references.md): the newest profile, and how the "
            "longest window that ends now is spread over its bins. `stream` is `feature`, `score`, "
            "`class` or `prediction`; `place` orders the bins.",
            distributions.METRICS,
        ),
        _Group(
            "Final windows",
            "The newest window of each size and version that nothing can revise any more; kept in "
            "the state, so a restart does not forget it.",
            _figures(finals.FINAL_FIGURES),
        ),
        _Group(
            "Versions in pairs",
            "Where two versions have answered the same requests. A difference is `version` less "
            "`other_version`.",
            _figures(windows.PAIRED_FIGURES),
        ),
        _Group(
            "What would make a version do better",
            "Over the longest window that ends now, from 200 labels on "
            "([how it comes about](improve.md)).",
            improvement.METRICS,
        ),
        _Group(
            "Detectors and alerts",
            "Detectors: for each stream that is watched, from the end of its learning on (how far "
            "that has come from its first pane on, [Detection](detection.md)). "
            "Alerts: while they fire ([Alerts](alerts.md)), with at "
            f"most {detection.SHOWN} of their causes and splits each ([Why](why.md)).",
            detection.METRICS,
        ),
        _Group(
            "Deployments",
            f"For the {deployments.SHOWN} latest of each kind of each model.",
            deployments.METRICS,
        ),
        _Group(
            "The notifier",
            "On the port of `tidegauge notify`, for each target.",
            _NOTIFIER,
        ),
    )
