"""What would make versions do better: a few series of each version, over the longest window."""

from collections.abc import Iterator

from tidegauge.core.improvement import Gain, ImprovementStats
from tidegauge.core.records import MetricRecord
from tidegauge.export.page import Metric, Row

_LABELS = ("model", "version")
_SEGMENT_LABELS = (*_LABELS, "segment_field", "segment_value")

IN_USE = Metric(
    "tidegauge_threshold_in_use",
    "The threshold that repeats most decisions of the model.",
    _LABELS,
)
BEST = Metric(
    "tidegauge_threshold_best", "The threshold of least cost by the costs that are set.", _LABELS
)
COST = Metric(
    "tidegauge_cost_per_prediction", "Mean cost of a labelled prediction as decided.", _LABELS
)
CURVE = Metric(
    "tidegauge_threshold_cost",
    "Mean cost of a labelled prediction if every score from the threshold on were positive.",
    (*_LABELS, "threshold"),
)


def _gain(name: str, help_: str, labels: tuple[str, ...] = _LABELS) -> tuple[Metric, ...]:
    return (
        Metric(f"tidegauge_{name}", help_, labels),
        Metric(f"tidegauge_{name}_low", f"Lower end of the 95 % interval of {name}.", labels),
        Metric(f"tidegauge_{name}_high", f"Upper end of the 95 % interval of {name}.", labels),
    )


THRESHOLD_GAIN = _gain("threshold_gain", "Fall of the mean cost under the best threshold.")
BRIER_GAIN = _gain("recalibration_brier_gain", "Fall of the Brier score by recalibration.")
LOG_LOSS_GAIN = _gain("recalibration_log_loss_gain", "Fall of the log loss by recalibration.")
MAP = Metric(
    "tidegauge_recalibration_ratio",
    "How often scores from the label on, up to the next, came true: what they should be.",
    (*_LABELS, "score"),
)
SEGMENT_GAIN = _gain(
    "segment_gain",
    "Errors (regression: absolute error) less if the segment were as good as its version.",
    _SEGMENT_LABELS,
)
SEGMENT_SHARE = Metric(
    "tidegauge_segment_gain_ratio", "The same as a share of all errors.", _SEGMENT_LABELS
)
METRICS: tuple[Metric, ...] = (
    IN_USE,
    BEST,
    COST,
    *THRESHOLD_GAIN,
    *BRIER_GAIN,
    *LOG_LOSS_GAIN,
    MAP,
    *SEGMENT_GAIN,
    SEGMENT_SHARE,
    CURVE,
)


def improvement_rows(record: MetricRecord) -> Iterator[Row]:
    """What would make the version of a window do better; none where nothing is known."""
    if record.improvement is not None:
        yield from _rows((record.model, record.version), record.improvement)


def _rows(labels: tuple[str, str], found: ImprovementStats) -> Iterator[Row]:
    if found.threshold is not None:
        yield Row(IN_USE, labels, found.threshold.in_use)
        yield Row(BEST, labels, found.threshold.best)
        yield Row(COST, labels, found.threshold.cost)
        yield from _gain_rows(THRESHOLD_GAIN, labels, found.threshold.gain)
        for point in found.threshold.costs:
            yield Row(CURVE, (*labels, f"{point.threshold:g}"), point.cost)
    if found.recalibration is not None:
        yield from _gain_rows(BRIER_GAIN, labels, found.recalibration.brier_gain)
        yield from _gain_rows(LOG_LOSS_GAIN, labels, found.recalibration.log_loss_gain)
        for step in found.recalibration.steps:
            yield Row(MAP, (*labels, f"{step.score:g}"), step.rate)
    for segment in found.segments:
        its = (*labels, segment.field, segment.value)
        yield from _gain_rows(SEGMENT_GAIN, its, segment.gain)
        yield Row(SEGMENT_SHARE, its, segment.share)


def _gain_rows(metrics: tuple[Metric, ...], labels: tuple[str, ...], gain: Gain) -> Iterator[Row]:
    for metric, value in zip(metrics, (gain.value, gain.low, gain.high), strict=True):
        yield Row(metric, labels, value)
