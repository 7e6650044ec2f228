"""From a stream's verdict to what an alert event says: identity, evidence, causes and words.

An alert's fingerprint says *what* is wrong (model, subject, feature), not how badly. Its id adds
start, status and evidence, all functions of closed panes, so every run over the same input gives
the same ids.
"""

import msgspec
import xxhash

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Severity,
    Versions,
)
from tidegauge.core.detect.verdict import StreamKind, Verdict
from tidegauge.core.monitor.streams import ERRORS, TARGETS, StreamKey, Subject

CRITICAL_EFFECTS = 3.0
"""An effect this many times the smallest one worth an alert is critical; of a loss, one half way
from the smallest to all, if that is less."""

NAMES = {
    Subject.ERROR_RATE: "ErrorRateChanged",
    Subject.ABSOLUTE_ERROR: "AbsoluteErrorChanged",
    Subject.SEGMENT_ERROR_RATE: "ErrorRateChanged",
    Subject.SEGMENT_ABSOLUTE_ERROR: "AbsoluteErrorChanged",
    Subject.SCORE: "ScoreDrift",
    Subject.POSITIVE_RATE: "PredictionDrift",
    Subject.CLASS: "ClassShareDrift",
    Subject.PREDICTION: "PredictionDrift",
    Subject.UNEXPLAINED: "UnexplainedPredictions",
    Subject.FEATURE: "FeatureDrift",
    Subject.MISSING: "FeatureMissing",
    Subject.OUT_OF_RANGE: "FeatureOutOfRange",
    Subject.UNSEEN: "FeatureUnseenCategory",
    Subject.CATEGORIES: "FeatureCategoriesDrift",
    Subject.CATEGORY_SHARE: "FeatureCategoriesDrift",
    Subject.CONSTANT: "FeatureConstant",
    Subject.LATENCY: "LatencyChanged",
    Subject.TRAFFIC: "TrafficLoss",
    Subject.LABELS: "LabelLoss",
    Subject.COVERAGE: "LabelCoverageLoss",
    Subject.WRONG_TYPE: "FeatureWrongType",
    Subject.ACCURACY_TARGET: "QualityBelowTarget",
    Subject.PRECISION_TARGET: "QualityBelowTarget",
    Subject.RECALL_TARGET: "QualityBelowTarget",
    Subject.ABSOLUTE_ERROR_TARGET: "QualityBelowTarget",
    Subject.PREDICTION_AGE: "PredictionsStale",
    Subject.LABEL_AGE: "LabelsStale",
    Subject.FEATURE_AGE: "FeatureStale",
}

_WORDS = {
    Subject.ERROR_RATE: "error rate",
    Subject.ABSOLUTE_ERROR: "mean absolute error",
    Subject.SEGMENT_ERROR_RATE: "error rate of {feature} less that of the rest",
    Subject.SEGMENT_ABSOLUTE_ERROR: "mean absolute error of {feature} less that of the rest",
    Subject.SCORE: "mean score",
    Subject.POSITIVE_RATE: "share of positive predictions",
    Subject.CLASS: "share of predictions of class {feature}",
    Subject.PREDICTION: "mean prediction",
    Subject.UNEXPLAINED: "mean prediction, less what the inputs explain",
    Subject.FEATURE: "mean of feature {feature}",
    Subject.MISSING: "share of missing values of feature {feature}",
    Subject.OUT_OF_RANGE: "share of numbers of feature {feature} outside the reference's range",
    Subject.UNSEEN: "share of categories of feature {feature} that the reference does not have",
    Subject.CATEGORIES: "likeness of the categories of feature {feature} to the reference's",
    Subject.CATEGORY_SHARE: "share of category {value} among the values of feature {feature}",
    Subject.CONSTANT: "share of numbers of feature {feature} in panes where they are all the same",
    Subject.LATENCY: "mean logarithm of the latency in seconds",
    Subject.TRAFFIC: "predictions per pane",
    Subject.LABELS: "labels per pane",
    Subject.COVERAGE: "share of predictions that got a label in time",
    Subject.WRONG_TYPE: "share of values of feature {feature} that are of another type than in the "
    "reference",
    Subject.ACCURACY_TARGET: "accuracy",
    Subject.PRECISION_TARGET: "precision",
    Subject.RECALL_TARGET: "recall",
    Subject.ABSOLUTE_ERROR_TARGET: "mean absolute error",
    Subject.PREDICTION_AGE: "hours without predictions",
    Subject.LABEL_AGE: "hours without labels",
    Subject.FEATURE_AGE: "hours in which the numbers of feature {feature} were all the same",
}
_NAMED = frozenset({Effect.UNIT_CHANGE, Effect.SWAPPED})
"""Causes that say what kind of change it is."""
_OF_ERRORS = frozenset({Subject.ACCURACY_TARGET, Subject.PRECISION_TARGET, Subject.RECALL_TARGET})
"""Targets whose streams are fed what is missing to 1."""


def fingerprint(model: str, key: StreamKey) -> str:
    """The identity of what is wrong, 16 hex digits."""
    identity = "\0".join([model, *key.to_state()])
    return xxhash.xxh3_64_hexdigest(identity.encode())


def opened(
    model: str, key: StreamKey, verdict: Verdict, causes: tuple[Cause, ...], versions: Versions
) -> AlertRecord:
    """The alert that a verdict opens, not yet identified."""
    start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
    is_error = key.subject in ERRORS
    return AlertRecord(
        id="",
        fingerprint=fingerprint(model, key),
        status=AlertStatus.FIRING,
        severity=severity(key, verdict),
        model=model,
        time_ms=end,
        starts_at_ms=verdict.firing_since_ms or start,
        labels=_labels(model, key),
        annotations=_annotations(model, key, verdict, causes),
        detector="+".join(verdict.detectors),
        statistic=verdict.statistic,
        threshold=verdict.threshold,
        window_start_ms=start,
        window_end_ms=end,
        predictions=verdict.samples,
        labelled=verdict.samples if is_error else 0,
        label_coverage=1.0 if is_error else None,
        versions=versions,
        causes=causes,
    )


def resolved(known: AlertRecord, key: StreamKey, verdict: Verdict) -> AlertRecord:
    """The end of an alert whose change has faded."""
    end = verdict.window_end_ms or known.time_ms
    return msgspec.structs.replace(
        known,
        status=AlertStatus.RESOLVED,
        time_ms=end,
        ends_at_ms=end,
        retraining=None,
        revision=known.revision + 1,
        annotations=_annotations(known.model, key, verdict, known.causes),
        statistic=verdict.statistic,
        threshold=verdict.threshold,
        window_start_ms=verdict.window_start_ms or known.window_start_ms,
        window_end_ms=end,
        predictions=verdict.samples,
        labelled=verdict.samples if key.subject in ERRORS else 0,
    )


def retracted(known: AlertRecord, time_ms: int, reason: str) -> AlertRecord:
    """The end of an alert that should not have fired; one that had ended keeps its end."""
    return msgspec.structs.replace(
        known,
        status=AlertStatus.RETRACTED,
        time_ms=time_ms,
        ends_at_ms=time_ms if known.ends_at_ms is None else known.ends_at_ms,
        retraining=None,
        revision=known.revision + 1,
        annotations={
            **{name: text for name, text in known.annotations.items() if name != "advice"},
            "retracted": reason,
        },
    )


def stream_causes(key: StreamKey, verdict: Verdict) -> tuple[Cause, ...]:
    """The cause of a change that is no error: the stream itself, before and now."""
    kind, effect, name = {
        Subject.FEATURE: (CauseKind.FEATURE, Effect.DATA_DRIFT, key.feature),
        Subject.MISSING: (CauseKind.FEATURE, Effect.MISSING, key.feature),
        Subject.OUT_OF_RANGE: (CauseKind.FEATURE, Effect.OUT_OF_RANGE, key.feature),
        Subject.UNSEEN: (CauseKind.FEATURE, Effect.UNSEEN, key.feature),
        Subject.CATEGORIES: (CauseKind.FEATURE, Effect.DATA_DRIFT, key.feature),
        Subject.CATEGORY_SHARE: (CauseKind.FEATURE, Effect.DATA_DRIFT, key.feature),
        Subject.CONSTANT: (CauseKind.FEATURE, Effect.DATA_DRIFT, key.feature),
        Subject.LATENCY: (CauseKind.TRAFFIC, Effect.SLOWER, key.subject.value),
        Subject.TRAFFIC: (CauseKind.TRAFFIC, Effect.SILENCE, key.subject.value),
        Subject.LABELS: (CauseKind.TRAFFIC, Effect.SILENCE, key.subject.value),
        Subject.COVERAGE: (CauseKind.TRAFFIC, Effect.SILENCE, key.subject.value),
        Subject.WRONG_TYPE: (CauseKind.FEATURE, Effect.WRONG_TYPE, key.feature),
        Subject.PREDICTION_AGE: (CauseKind.TRAFFIC, Effect.STALE, Subject.TRAFFIC.value),
        Subject.LABEL_AGE: (CauseKind.TRAFFIC, Effect.STALE, Subject.LABELS.value),
        Subject.FEATURE_AGE: (CauseKind.FEATURE, Effect.STALE, key.feature),
        Subject.UNEXPLAINED: (CauseKind.MODEL, Effect.PREDICTION_DRIFT, "all predictions"),
        **dict.fromkeys(TARGETS, (CauseKind.MODEL, Effect.BELOW_TARGET, "all predictions")),
    }.get(key.subject, (CauseKind.SCORE, Effect.PREDICTION_DRIFT, key.subject.value))
    cause = Cause(
        kind=kind,
        effect=effect,
        name=name,
        value=key.feature if key.subject is Subject.CLASS else key.value or None,
        contribution=1.0,
        before=verdict.baseline,
        after=verdict.current,
        samples=verdict.samples,
        summary=_change(key, verdict),
    )
    return (cause,)


def _change(key: StreamKey, verdict: Verdict) -> str:
    what = _WORDS[key.subject].format(feature=key.feature, value=key.value)
    if key.subject in TARGETS:
        wanted, found = verdict.baseline, verdict.current
        if key.subject in _OF_ERRORS:
            wanted, found = (None if x is None else 1.0 - x for x in (wanted, found))
        return f"{what}: {_number(wanted)} wanted, {_number(found)} now"
    most = "at most " if key.kind.is_age else ""
    return f"{what}: {most}{_number(verdict.baseline)} before, {_number(verdict.current)} now"


def _number(figure: float | None) -> str:
    return "unknown" if figure is None else f"{figure:.4g}"


def severity(key: StreamKey, verdict: Verdict) -> Severity:
    """How bad the change in a verdict's window is."""
    large = CRITICAL_EFFECTS * verdict.min_effect
    if key.kind is StreamKind.COUNT:  # no more than all can be lost
        large = min(large, (1.0 + verdict.min_effect) / 2.0)
    return Severity.CRITICAL if abs(verdict.effect or 0.0) >= large else Severity.WARNING


def _labels(model: str, key: StreamKey) -> dict[str, str]:
    labels = {"alertname": NAMES[key.subject], "model": model, "subject": key.subject.value}
    if key.feature:
        labels["class" if key.subject is Subject.CLASS else "feature"] = key.feature
    if key.value:
        labels["category"] = key.value
    return labels


def _annotations(
    model: str, key: StreamKey, verdict: Verdict, causes: tuple[Cause, ...]
) -> dict[str, str]:
    effect = "unknown" if verdict.effect is None else f"{verdict.effect:+.2f}"
    measured = (
        f"Effect {effect} (smallest worth an alert {verdict.min_effect:g}) over "
        f"{verdict.samples} samples; baseline from {verdict.baseline_samples} samples."
    )
    description = " ".join([measured, *(f"{cause.summary}." for cause in causes[:3])])
    named = [f"; {cause.summary}" for cause in causes if cause.effect in _NAMED]
    return {
        "summary": "".join([f"Model {model}: {_change(key, verdict)}", *named]),
        "description": description,
    }


def identified(record: AlertRecord) -> AlertRecord:
    """Give an alert event the id that its content determines."""
    evidence = (
        record.fingerprint,
        record.status.value,
        record.starts_at_ms,
        record.revision,
        record.window_start_ms,
        record.window_end_ms,
        record.predictions,
        record.statistic,
        record.severity.value,
        [(cause.kind, cause.name, cause.value) for cause in record.causes[:1]],
    )
    packed = msgspec.msgpack.encode(evidence)
    return msgspec.structs.replace(record, id=xxhash.xxh3_128_hexdigest(packed))
