"""From the sums of a slot to the figures that are published; what is undefined is None."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from tidegauge.core.records import (
    CalibrationPoint,
    FeatureStats,
    Latency,
    Quality,
    RocPoint,
    ScoreStats,
    Traffic,
)
from tidegauge.core.stats.binary import binary_quality
from tidegauge.core.stats.drift import feature_figures, score_js, score_psi
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.latency import quantiles
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import LATENCY_UNIT, SCORE_UNIT, SlotSums, TrafficCounts

_Point = TypeVar("_Point")


class Figures(msgspec.Struct, frozen=True):
    """All figures of one window of one series."""

    predictions: int
    labelled: int
    label_coverage: float | None
    quality: Quality
    traffic: Traffic
    latency: Latency
    score: ScoreStats
    features: dict[str, FeatureStats]
    reference: str | None


def figures(sums: SlotSums, window_ms: int, reference: ReferenceProfile | None) -> Figures:
    """The figures of a window of ``window_ms``; drift is measured against ``reference``."""
    traffic = sums.traffic or TrafficCounts()
    quality = _quality(sums)
    labelled = sum(sums.labels.cells.values()) if sums.labels else 0
    return Figures(
        predictions=traffic.predictions,
        labelled=labelled,
        label_coverage=labelled / traffic.predictions if traffic.predictions else None,
        quality=quality,
        traffic=_traffic(traffic, window_ms, reference),
        latency=_latency(traffic),
        score=_score(traffic, reference),
        features=_features(sums, reference),
        reference=reference.id if reference else None,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _traffic(traffic: TrafficCounts, window_ms: int, reference: ReferenceProfile | None) -> Traffic:
    rate = _ratio(traffic.positives, traffic.classes)
    usual = reference.positive_rate if reference else None
    return Traffic(
        predictions=traffic.predictions,
        per_second=traffic.predictions * 1000 / window_ms,
        predicted_positive_rate=rate,
        predicted_positive_rate_change=None if rate is None or usual is None else rate - usual,
    )


def _quality(sums: SlotSums) -> Quality:
    if sums.labels is None or not sums.labels.cells:
        return Quality()
    q = binary_quality(sums.labels)
    return Quality(
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
        roc_curve=_points(RocPoint, q.roc_curve),
        calibration_curve=_points(CalibrationPoint, q.calibration_curve),
        positive_rate=_ratio(q.positives, q.n),
        true_positives=q.tp,
        false_positives=q.fp,
        true_negatives=q.tn,
        false_negatives=q.fn,
        errors=q.fp + q.fn,
    )


def _points(
    point: Callable[..., _Point], curve: tuple[tuple[object, ...], ...] | None
) -> tuple[_Point, ...] | None:
    return None if curve is None else tuple(point(*values) for values in curve)


def _latency(traffic: TrafficCounts) -> Latency:
    if not traffic.timed:
        return Latency()
    p50, p90, p99 = quantiles(traffic.latencies, (0.5, 0.9, 0.99))
    mean = traffic.latency_sum * LATENCY_UNIT / traffic.timed
    return Latency(count=traffic.timed, mean=mean, p50=p50, p90=p90, p99=p99)


def score_mean_and_deviation(traffic: TrafficCounts) -> tuple[float, float | None] | None:
    """Mean and sample standard deviation of the scores; None without scores."""
    n = traffic.scored
    if not n:
        return None
    mean = traffic.score_sum * SCORE_UNIT / n
    if n == 1:
        return mean, None
    spread = n * traffic.score_squares - traffic.score_sum**2
    return mean, (spread / (n * (n - 1))) ** 0.5 * SCORE_UNIT


def _score(traffic: TrafficCounts, reference: ReferenceProfile | None) -> ScoreStats:
    moments = score_mean_and_deviation(traffic)
    if moments is None:
        return ScoreStats()
    mean, deviation = moments
    return ScoreStats(
        count=traffic.scored,
        mean=mean,
        deviation=deviation,
        psi=score_psi(traffic.scores, reference) if reference else None,
        js=score_js(traffic.scores, reference) if reference else None,
    )


def _features(sums: SlotSums, reference: ReferenceProfile | None) -> dict[str, FeatureStats]:
    """Figures per feature; drift counts only what was binned by ``reference``.

    Features of the reference that no prediction has any more are shown as missing.
    """
    if not sums.features:
        return {}
    predictions = sums.traffic.predictions if sums.traffic else 0
    binned: Mapping[str, FeatureCounts] = sums.features.get(reference.id, {}) if reference else {}
    found = sums.all_features()
    for feature in reference.features if reference else ():
        found.setdefault(feature.name, FeatureCounts(rows=predictions, missing=predictions))
    result = {}
    for name, counts in sorted(found.items()):
        f = feature_figures(counts, None)
        known = reference.feature(name) if reference else None
        drift = feature_figures(binned[name], known) if name in binned and known else f
        result[name] = FeatureStats(
            count=f.count,
            missing=counts.missing + counts.wrong_type,
            mean=f.mean,
            deviation=f.deviation,
            psi=drift.psi,
            js=drift.js,
            unseen_share=drift.unseen_share,
            out_of_range_share=drift.out_of_range_share,
        )
    return result
