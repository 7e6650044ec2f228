"""The few lines that say what is wrong with a model, since when and why, and how good it is now."""

from collections.abc import Iterator
from statistics import median

from rich.text import Text

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.live import telling, trouble, words
from tidegauge.live.board import Scope
from tidegauge.live.compare import Comparison, trouble_since
from tidegauge.live.figures import figures_of
from tidegauge.live.models import ModelView
from tidegauge.live.paired import paired_text
from tidegauge.wire.plain import plain

_LABEL_WIDTH = 9
_SHOWN_FIGURES = 3


def model_lines(view: ModelView, alerts: int) -> list[Text]:
    """What is wrong with a model, at most so many alerts, then its figures."""
    lines = list(_trouble(view, alerts))
    lines += quality_lines(view.comparison)
    lines += traffic_lines(view.comparison)
    lines += _deployed(view)
    if view.board.ledger is not None:
        lines.append(_labelled("events", telling.events(view.board.ledger)))
    return lines


def scope_title(model: str, scope: Scope) -> str:
    """What a screen is about."""
    segment = "" if scope.whole else f" > {scope.field}={scope.value}"
    version = f" > version {scope.version}" if scope.version else ""
    return plain(f"{model}{version}{segment}")


def quality_lines(comparison: Comparison) -> list[Text]:
    """The quality now and before, and which windows that is."""
    judged = comparison.judged
    if judged is None:
        return [_labelled("quality", "no labels yet", "dim")]
    line = _labelled("quality", "")
    for number, figure in enumerate(figures_of(judged)[:_SHOWN_FIGURES]):
        change = figure.difference(judged, comparison.usual)
        line.append(f"{', ' if number else ''}{figure.title} ")
        line.append(figure.told(figure.read(judged)), "bold")
        if change is not None:
            worse = figure.worse(change)
            line.append(f" ({figure.change(change)})", "bold red" if worse else "")
    lines = [line, _labelled("", telling.compared(judged, comparison), "dim")]
    paired = paired_text(judged)
    return lines if paired is None else [*lines, _labelled("paired", "").append_text(paired)]


def traffic_lines(comparison: Comparison) -> list[Text]:
    """How much comes, how fast it is answered, and how far it is from the reference."""
    newest = comparison.newest
    if newest is None:
        return [_labelled("traffic", "no window of this size was read yet", "dim")]
    parts = [f"{words.count(newest.predictions)} predictions"]
    if comparison.usual:
        usual = median(window.predictions for window in comparison.usual)
        parts[0] += f", usually {words.count(usual)}"
    if newest.latency.count:
        parts[0] += f", p99 {words.seconds(newest.latency.p99)}"
    delay = telling.label_delay(comparison.judged)
    parts += [delay] if delay else []
    parts.append(f"{words.span(newest.start_ms, newest.end_ms)}, {newest.state}")
    return [_labelled("traffic", " · ".join(parts)), _labelled("drift", telling.drift(newest))]


def alert_lines(alert: AlertRecord) -> list[Text]:
    """One alert in full, but for its causes."""
    mark, style = trouble.mark(alert)
    head = Text.assemble((mark, style), "  ", (plain(trouble.subject(alert)), "bold"))
    ended = "" if alert.ends_at_ms is None else f" until {words.moment(alert.ends_at_ms)}"
    lines = [
        head,
        Text(plain(alert.annotations.get("summary", ""))),
        Text(plain(alert.annotations.get("description", "")), style="dim"),
        _labelled("since", f"{words.moment(alert.starts_at_ms)}{ended} UTC ({alert.status})"),
        _labelled("evidence", telling.evidence(alert)),
        _labelled("found by", telling.detector(alert)),
    ]
    lines += [_labelled("advice", plain(advice))] if (advice := trouble.advice(alert)) else []
    moved, running = telling.attributions(alert), telling.running(alert)
    lines += [_labelled("moved by", moved)] if moved else []
    lines += [_labelled("running", running)] if running else []
    return lines


def _trouble(view: ModelView, alerts: int) -> Iterator[Text]:
    if not view.firing:
        yield _labelled("alerts", "none fires", "green")
        return
    # the last line may have to say how many more there are
    shown = view.firing if len(view.firing) <= alerts else view.firing[: max(1, alerts - 1)]
    for alert in shown:
        mark, style = trouble.mark(alert)
        yield Text.assemble(
            (f"{mark:<{_LABEL_WIDTH}}", style),
            (plain(trouble.subject(alert)), "bold"),
            f" since {words.moment(alert.starts_at_ms)}{_lasting(view, alert)}",
        )
        yield _labelled("", f"↳ {plain(trouble.because(alert))}")
    if len(shown) < len(view.firing):
        yield _labelled("", f"and {len(view.firing) - len(shown)} more", "dim")


def _deployed(view: ModelView) -> Iterator[Text]:
    """The latest deployment; while an alert fires, the latest one before the first began."""
    since = trouble_since(view.firing)
    marks = [m for m in view.board.deployments() if since is None or m.time_ms <= since]
    if marks:
        mark = marks[-1]
        told = f"{plain(trouble.deployed(mark))}, first seen {words.moment(mark.time_ms)}"
        yield _labelled("deployed", told + (" (last before the alert)" if since else ""))


def _lasting(view: ModelView, alert: AlertRecord) -> str:
    now_ms = view.board.watermark_ms
    return "" if now_ms is None else f" ({words.ago(now_ms - alert.starts_at_ms)})"


def _labelled(label: str, text: str, style: str = "") -> Text:
    return Text.assemble((f"{label:<{_LABEL_WIDTH}}", "dim"), (text, style))
