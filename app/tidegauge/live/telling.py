"""What there is to say of an alert, a comparison or a ledger, in lines of text."""

from collections.abc import Sequence

from tidegauge.core.alertrecords import AlertRecord, AttributionChange
from tidegauge.core.records import LedgerRecord, MetricRecord
from tidegauge.live import words
from tidegauge.live.compare import Baseline, Comparison
from tidegauge.live.models import most_drifted
from tidegauge.wire.plain import plain

_SHOWN_VERSIONS = 5
_SHOWN_ATTRIBUTIONS = 3


def compared(judged: MetricRecord, comparison: Comparison) -> str:
    """Which window quality is of, and what it is compared with."""
    coverage = words.whole_share(judged.label_coverage)
    shown = f"{words.span(judged.start_ms, judged.end_ms)}, {coverage} labelled"
    match comparison.baseline:
        case Baseline.NONE:
            return f"{shown}; nothing to compare with yet"
        case Baseline.OLDEST:
            return f"{shown}, vs the oldest, {words.short_moment(comparison.usual[0].start_ms)}"
        case baseline:
            return f"{shown}, vs the median of {len(comparison.usual)} {baseline}"


def label_delay(judged: MetricRecord | None) -> str:
    """How long labels take; empty where that is not known.

    Args:
        judged: The window that quality is of: a newer one has only those that came soon.
    """
    if judged is None or not judged.label_delay.count:
        return ""
    delay = judged.label_delay
    return f"labels after {words.lasting(delay.p50)}, 90 % within {words.lasting(delay.p90)}"


def drift(newest: MetricRecord) -> str:
    """What is farthest from the reference."""
    farthest, psi = most_drifted(newest)
    if psi is not None:
        return f"farthest from the reference: {plain(farthest)}, PSI {words.number(psi)}"
    return "not known" if newest.reference else "not known before there is a reference"


def events(ledger: LedgerRecord) -> str:
    """What became of a model's events."""
    predictions, feedback = ledger.predictions, ledger.feedback
    parts = [
        f"{words.count(predictions.read)} predictions read",
        f"{words.count(predictions.open)} await a label",
    ]
    parts += [
        f"{words.count(getattr(predictions, name))} {name}"
        for name in ("unlabelled", "late", "invalid", "conflict", "forwarded", "evicted", "lost")
        if getattr(predictions, name)
    ]
    orphans = feedback.orphan_open + feedback.orphan_expired
    parts += [f"{words.count(orphans)} labels without prediction"] if orphans else []
    return " · ".join(parts)


def evidence(alert: AlertRecord) -> str:
    """The window that an alert rests on, and how much is in it."""
    window = f"{words.moment(alert.window_start_ms)} to {words.moment(alert.window_end_ms)}"
    samples = f"{words.count(alert.predictions)} predictions"
    coverage = alert.label_coverage
    labelled = "" if coverage is None else f", {words.whole_share(coverage)} labelled"
    return f"{window}, {samples}{labelled}"


def detector(alert: AlertRecord) -> str:
    """What found an alert, and by how much."""
    if alert.statistic is None or alert.threshold is None:
        return plain(alert.detector)
    return f"{plain(alert.detector)}: {alert.statistic:.4g} over {alert.threshold:.4g}"


def attributions(alert: AlertRecord) -> str:
    """What moved the answers in an alert's window; empty where none carries attributions."""
    moved = alert.attributions
    if moved is None:
        return ""
    features = "; ".join(map(_attribution, moved.features[:_SHOWN_ATTRIBUTIONS]))
    if moved.drift is None:
        return features
    return f"{words.whole_share(moved.drift)} went to other features: {features}"


def _attribution(change: AttributionChange) -> str:
    before = "" if change.before is None else f"{words.whole_share(change.before)} → "
    told = f"{plain(change.name)} {before}{words.whole_share(change.after)}"
    if change.right is None or change.wrong is None:
        return told
    parts = (words.whole_share(part) for part in (change.right, change.wrong))
    return "{} (right {}, wrong {})".format(told, *parts)


def running(alert: AlertRecord) -> str:
    """Which versions ran in an alert's window; empty where none is known."""
    kinds: dict[str, Sequence[str]] = {
        "version": alert.versions.model,
        "code": alert.versions.code,
        "data": alert.versions.data,
    }
    return plain(
        " · ".join(
            f"{kind} {', '.join(names[:_SHOWN_VERSIONS])}" for kind, names in kinds.items() if names
        )
    )
