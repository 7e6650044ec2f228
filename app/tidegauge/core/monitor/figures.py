"""From the sums of a slot to the figures that are published; what is undefined is None."""

from collections.abc import Mapping

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.monitor.quality import Labelled, labelled_figures
from tidegauge.core.records import (
    FeatureStats,
    HistogramBar,
    Latency,
    PredictionStats,
    ScoreStats,
    Traffic,
)
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.drift import (
    PredictionDrift,
    class_drift,
    feature_figures,
    score_drift,
    value_drift,
)
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.latency import quantiles
from tidegauge.core.stats.logbins import number_of, octaves, quantile_bins
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import LATENCY_UNIT, SCORE_UNIT, SlotSums, TrafficCounts


class Predicted(msgspec.Struct, frozen=True):
    """The figures of all predictions of a window, whether or not they have a label."""

    traffic: Traffic
    prediction: PredictionStats
    latency: Latency
    score: ScoreStats
    features: dict[str, FeatureStats]
    reference: str | None


class Figures(Predicted, frozen=True):
    """All figures of one window of one series."""

    labelled: Labelled
    label_coverage: float | None


def figures(
    sums: SlotSums,
    window_ms: int,
    reference: ReferenceProfile | None,
    kind: ModelKind,
    max_classes: int,
) -> Figures:
    """The figures of a window.

    Args:
        sums: its counts.
        window_ms: its length.
        reference: what drift is measured against.
        kind: the kind of its model.
        max_classes: most classes told apart.
    """
    predicted = predicted_figures(sums, window_ms, reference, kind)
    return assembled(predicted, labelled_figures(sums, kind, max_classes))


def assembled(predicted: Predicted, labelled: Labelled) -> Figures:
    """The figures of a window from those of all predictions and of the labelled ones."""
    return Figures(
        traffic=predicted.traffic,
        prediction=predicted.prediction,
        latency=predicted.latency,
        score=predicted.score,
        features=predicted.features,
        reference=predicted.reference,
        labelled=labelled,
        label_coverage=_ratio(labelled.labelled, predicted.traffic.predictions),
    )


def predicted_figures(
    sums: SlotSums, window_ms: int, reference: ReferenceProfile | None, kind: ModelKind
) -> Predicted:
    """The figures of all predictions of a window; arguments are those of `figures`."""
    traffic = sums.traffic or TrafficCounts()
    return Predicted(
        traffic=_traffic(traffic, window_ms, reference, kind),
        prediction=_prediction(sums, kind, reference),
        latency=_latency(traffic),
        score=_score(traffic, reference),
        features=_features(sums, reference),
        reference=reference.id if reference else None,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _traffic(
    traffic: TrafficCounts, window_ms: int, reference: ReferenceProfile | None, kind: ModelKind
) -> Traffic:
    rate = _ratio(traffic.positives, traffic.classes) if kind is ModelKind.BINARY else None
    usual = reference.positive_rate if reference else None
    return Traffic(
        predictions=traffic.predictions,
        per_second=traffic.predictions * 1000 / window_ms,
        predicted_positive_rate=rate,
        predicted_positive_rate_change=None if rate is None or usual is None else rate - usual,
    )


def _prediction(
    sums: SlotSums, kind: ModelKind, reference: ReferenceProfile | None
) -> PredictionStats:
    answers = sums.answers or AnswerCounts()
    if kind is ModelKind.MULTICLASS:
        drift = class_drift(answers.classes, reference) if reference else PredictionDrift()
        return PredictionStats(count=sum(answers.classes.values()), psi=drift.psi, js=drift.js)
    numbers = answers.with_small() if kind is ModelKind.REGRESSION else AnswerCounts()
    if not numbers.numbers:
        return PredictionStats()
    drift = value_drift(numbers.bins, reference) if reference else PredictionDrift()
    p10, p50, p90 = (
        None if cell is None else number_of(cell)
        for cell in quantile_bins(numbers.bins, (0.1, 0.5, 0.9))
    )
    return PredictionStats(
        count=numbers.numbers,
        mean=exactsum.mean(numbers.numbers, numbers.sum),
        deviation=exactsum.deviation(numbers.numbers, numbers.sum, numbers.squares),
        p10=p10,
        p50=p50,
        p90=p90,
        psi=drift.psi,
        js=drift.js,
        histogram=tuple(HistogramBar(*bar) for bar in drift.bars or octaves(numbers.bins)),
    )


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
    drift = score_drift(traffic.scores, reference) if reference else PredictionDrift()
    return ScoreStats(
        count=traffic.scored,
        mean=mean,
        deviation=deviation,
        psi=drift.psi,
        js=drift.js,
    )


def _features(sums: SlotSums, reference: ReferenceProfile | None) -> dict[str, FeatureStats]:
    """Figures per feature; drift counts only what was binned by ``reference``.

    Features of the reference that no prediction has any more are shown as missing.
    """
    if not sums.features:
        return {}
    predictions = sums.predictions
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
