"""Advice in words."""

from datetime import UTC, datetime, timedelta

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.improve.retrain import Retraining
from tidegauge.core.improve.shift import Shift
from tidegauge.core.improvement import Gain
from tidegauge.core.records import MetricRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: int) -> str:
    """A time to the minute, in UTC."""
    return f"{_EPOCH + timedelta(milliseconds=time_ms):%Y-%m-%d %H:%M}"


def span(window: MetricRecord) -> str:
    """A window: its start, and how long it is."""
    hours = (window.end_ms - window.start_ms) / 3_600_000
    long = f"{hours:g}h" if hours < 24 else f"{hours / 24:g}d"
    return f"{moment(window.start_ms)} +{long}"


def number(value: float) -> str:
    """A figure to three digits."""
    return f"{value:.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def labels(n: int) -> str:
    """How many labelled predictions."""
    return f"{n:,} labelled predictions"


def interval(gain: Gain) -> str:
    """A gain with its interval."""
    return f"{number(gain.value)} ({number(gain.low)} to {number(gain.high)})"


def amount(gain: Gain, unit: str) -> str:
    """A gain after its share: ``: 4 (2 to 6) a day``."""
    return f": {interval(gain)} {unit}".rstrip()


def share(gain: Gain | None, what: str) -> str:
    """A gain as a share: ``12 % less cost (4 to 20 %)``; only ``what`` where there is none."""
    if gain is None:
        return what
    value, low, high = (f"{100 * x:.2g}" for x in (gain.value, gain.low, gain.high))
    return f"{value} % {what} ({low} to {high} %)"


def move(in_use: float | None, best: float | None) -> str:
    """A change of the threshold."""
    if best is None:
        return "call nothing positive: at these costs no score is worth it"
    if in_use is None:
        return f"call scores from {best:.4g} on positive; now nothing is"
    verb = "raise" if best > in_use else "lower"
    return f"{verb} the threshold from {in_use:.4g} to {best:.4g}"


def subject(alert: AlertRecord) -> str:
    """What an alert is about: its name, and the feature."""
    names = [alert.labels.get("alertname", ""), alert.labels.get("feature", "")]
    return " ".join(name for name in names if name)


def since(alert: AlertRecord | None) -> str:
    """When an alert began."""
    return "now" if alert is None else moment(alert.starts_at_ms)


def unproven(lasting_ms: int, change: Shift | None) -> str:
    """Why it is too soon to retrain."""
    if change is None:
        return "no window since then has labels"
    if change.concept.low <= 0:
        return "a concept shift is not told from chance"
    return f"only for {lasting_ms / 3_600_000:.0f} hours: it may pass"


def change(found: Retraining, slices: int) -> str:
    """How errors changed since an alert began, and in which slices."""
    if found.shift is None:
        return "; ".join(_alerts(found))
    before, after = found.shift.before, found.shift.after
    rise = after.mean - before.mean
    was = f"error {number(before.mean)} before ({before.labelled:,} labels)"
    parts = [*_alerts(found), f"{was}, {number(after.mean)} since ({after.labelled:,})"]
    if rise > 0:
        parts.append(
            f"{100 * found.shift.concept.value / rise:.0f} % of the rise on the same segments, "
            f"{100 * found.shift.mix / rise:.0f} % from another mix of them"
        )
    worse = [part for part in found.shift.slices if part.change.low > 0][:slices]
    if worse:
        named = (f"{s.field}={s.value} ({number(s.before)} to {number(s.after)})" for s in worse)
        parts.append(f"most in {', '.join(named)}")
    return "; ".join(parts)


def _alerts(found: Retraining) -> list[str]:
    told = [found.alert] if found.alert is not None else []
    told += [fault for fault in found.faults if fault is not found.alert]
    return [f"{subject(alert)} fires since {moment(alert.starts_at_ms)}" for alert in told]
