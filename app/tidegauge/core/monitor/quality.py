"""From the labelled predictions of a window to the figures that fit the kind of its model."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.monitor.paired import paired_figures
from tidegauge.core.records import (
    CalibrationPoint,
    ClassStats,
    ConfusionCell,
    HistogramBar,
    LabelDelay,
    PairedStats,
    Quality,
    RegressionStats,
    RocPoint,
)
from tidegauge.core.stats import labeldelay
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.binary import binary_quality
from tidegauge.core.stats.classes import OTHER, ClassCounts
from tidegauge.core.stats.counts import add_counts
from tidegauge.core.stats.multiclass import MulticlassQuality, multiclass_quality
from tidegauge.core.stats.numbers import NumberCounts, with_small
from tidegauge.core.stats.quality import LabelCounts
from tidegauge.core.stats.regression import regression_quality
from tidegauge.core.sums import SlotSums

_Point = TypeVar("_Point")


class Labelled(msgspec.Struct, frozen=True):
    """How right the labelled predictions of a window were; what the kind does not have is empty."""

    labelled: int = 0
    quality: Quality = Quality()
    classes: dict[str, ClassStats] = {}
    confusion: tuple[ConfusionCell, ...] = ()
    regression: RegressionStats = RegressionStats()
    paired: dict[str, PairedStats] = {}
    """By other version."""
    delay: LabelDelay = LabelDelay()


def labelled_figures(sums: SlotSums, kind: ModelKind, max_classes: int) -> Labelled:
    """The figures of the labelled predictions.

    Args:
        sums: the counts of the window.
        kind: decides which of the counts are read.
        max_classes: most classes told apart.
    """
    paired = paired_figures(sums.paired, kind)
    found = _of_kind(sums, kind, max_classes)
    return msgspec.structs.replace(found, paired=paired, delay=_delay(sums.delays))


def _delay(counts: dict[int, int]) -> LabelDelay:
    p50, p90, p99 = labeldelay.quantiles(counts, (0.5, 0.9, 0.99))
    return LabelDelay(count=sum(counts.values()), p50=p50, p90=p90, p99=p99)


def _of_kind(sums: SlotSums, kind: ModelKind, max_classes: int) -> Labelled:
    if kind is ModelKind.BINARY:
        return _binary(sums.labels or LabelCounts())
    if kind is ModelKind.MULTICLASS:
        return _multiclass(sums, max_classes)
    return _regression(sums)


def points(
    point: Callable[..., _Point], curve: tuple[tuple[object, ...], ...] | None
) -> tuple[_Point, ...] | None:
    """The points of a curve as they are published."""
    return None if curve is None else tuple(point(*values) for values in curve)


def _binary(counts: LabelCounts) -> Labelled:
    if not counts.cells:
        return Labelled()
    q = binary_quality(counts)
    quality = Quality(
        accuracy=q.accuracy,
        precision=q.precision,
        recall=q.recall,
        specificity=q.specificity,
        f1=q.f1,
        balanced_accuracy=q.balanced_accuracy,
        matthews_correlation=q.matthews_correlation,
        auc=q.auc,
        auc_error=q.auc_error,
        average_precision=q.average_precision,
        average_precision_error=q.average_precision_error,
        lift_top_decile=q.lift_top_decile,
        lift_top_decile_error=q.lift_top_decile_error,
        log_loss=q.log_loss,
        brier=q.brier,
        expected_calibration_error=q.ece,
        roc_curve=points(RocPoint, q.roc_curve),
        calibration_curve=points(CalibrationPoint, q.calibration_curve),
        positive_rate=q.positives / q.n if q.n else None,
        true_positives=q.tp,
        false_positives=q.fp,
        true_negatives=q.tn,
        false_negatives=q.fn,
        errors=q.fp + q.fn,
    )
    return Labelled(q.n, quality)


def _multiclass(sums: SlotSums, max_classes: int) -> Labelled:
    answers = sums.answers or AnswerCounts()
    q = multiclass_quality(sums.classes or ClassCounts(), sums.labels, max_classes)
    stats = _class_stats(q, answers, max_classes)
    if not q.n:
        return Labelled(classes=stats)
    quality = Quality(
        accuracy=q.accuracy,
        macro_precision=q.precision,
        macro_recall=q.recall,
        macro_f1=q.f1,
        expected_calibration_error=q.ece,
        calibration_curve=points(CalibrationPoint, q.calibration_curve),
        errors=q.n - q.right,
    )
    cells = tuple(ConfusionCell(*pair, count) for pair, count in q.confusion.items())
    return Labelled(q.n, quality, stats, cells)


def _class_stats(
    q: MulticlassQuality, answers: AnswerCounts, max_classes: int
) -> dict[str, ClassStats]:
    """Figures by class: those with labels, then the most frequent answers, the rest as `OTHER`."""
    unlabelled = answers.classes.keys() - q.classes.keys()
    ranked = sorted(unlabelled, key=lambda name: (-answers.classes[name], name))
    room = max(0, max_classes - len(q.classes.keys() - {OTHER}))
    told = {*q.classes, *ranked[:room]}
    predictions: dict[str, int] = {}
    for name, count in answers.classes.items():
        add_counts(predictions, {name if name in told else OTHER: count})
    stats = {}
    for name in sorted(q.classes.keys() | predictions.keys()):
        found = q.classes.get(name)
        if found is None:
            stats[name] = ClassStats(predictions=predictions[name])
            continue
        stats[name] = ClassStats(
            predictions=predictions.get(name, 0),
            predicted=found.predicted,
            support=found.support,
            true_positives=found.true_positives,
            precision=found.precision,
            recall=found.recall,
            f1=found.f1,
        )
    return stats


def _regression(sums: SlotSums) -> Labelled:
    confusion = sums.classes.confusion if sums.classes else {}
    q = regression_quality(with_small(sums.numbers or NumberCounts(), confusion))
    if not q.n:
        return Labelled()
    stats = RegressionStats(
        mean_absolute_error=q.mean_absolute_error,
        root_mean_squared_error=q.root_mean_squared_error,
        bias=q.bias,
        r2=q.r2,
        median_error=q.median_error,
        absolute_error_p50=q.absolute_error_p50,
        absolute_error_p90=q.absolute_error_p90,
        absolute_error_p99=q.absolute_error_p99,
        error_histogram=tuple(HistogramBar(*bar) for bar in q.errors),
    )
    return Labelled(q.n, regression=stats)
