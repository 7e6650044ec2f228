"""How alerts look in a terminal: an event in a few lines, and one alert with all its evidence."""

import sys
from collections.abc import Iterable, Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from tidegauge.cli import console
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, Severity
from tidegauge.live import telling
from tidegauge.wire.plain import plain
from tidegauge.wire.public import rfc3339

_STATUS_STYLES = {
    AlertStatus.FIRING: "bold red",
    AlertStatus.RESOLVED: "bold green",
    AlertStatus.RETRACTED: "bold blue",
}
_SEVERITY_STYLES = {Severity.INFO: "", Severity.WARNING: "yellow", Severity.CRITICAL: "red"}
_LABELS_SHOWN_ELSEWHERE = ("alertname", "model", "version", "subject")
_INDENT = "    "
_HANG = "  "
_CAUSES_LISTED = 3


def print_event(alert: AlertRecord) -> None:
    """One alert event in a few lines: what, since when, why, on what evidence."""
    _print([_head(alert)])
    summary = alert.annotations.get("summary", "")
    lines = [Text(plain(summary))] if summary else []
    lines += _taken_back(alert)
    if alert.status is AlertStatus.FIRING:
        lines += [Text(f"because {plain(_because(c))}") for c in alert.causes[:_CAUSES_LISTED]]
        more = len(alert.causes) - _CAUSES_LISTED
        if more > 0:
            lines.append(Text(f"and {more} more; `alerts show` has all", style="dim"))
    lines.append(Text(plain(" · ".join(_evidence(alert))), style="dim"))
    _print(lines, indent=_INDENT)


def print_alert(history: Sequence[AlertRecord]) -> None:
    """One alert, given all its events in their order: what, why, its evidence, its life."""
    alert = history[-1]
    _print([_head(alert)])
    told = [alert.annotations.get(name, "") for name in ("summary", "description", "advice")]
    lines = [Text(plain(text)) for text in told if text]
    _print([*lines, *_taken_back(alert)], indent=_INDENT)
    _print([Text("")])
    for name, value in _facts(alert):
        _print([Text.assemble((f"{name:<12}", "dim"), plain(value))], hang=" " * 12)
    if alert.causes:
        _print([Text("")])
        console.output().print(_causes(alert.causes), soft_wrap=False)
    _print([Text(""), Text("What was told", style="bold")])
    for event in history:
        words = f"{event.severity:<8}  revision {event.revision}  id {event.id}"
        status = (f"{event.status.upper():<9}", _STATUS_STYLES[event.status])
        _print([Text.assemble(_time(event.time_ms), "  ", status, "  ", words)], hang=_INDENT)


def _taken_back(alert: AlertRecord) -> list[Text]:
    reason = alert.annotations.get("retracted", "")
    return [Text(f"taken back: {plain(reason)}")] if reason else []


def _print(lines: Iterable[Text], indent: str = "", hang: str = _HANG) -> None:
    """Print lines; on a terminal what is too long goes on below, in a pipe it stays one line."""
    out = console.output()
    for line in lines:
        if not sys.stdout.isatty():
            out.print(Text.assemble(indent, line))
            continue
        width = max(20, out.width - len(indent) - len(hang))
        first, *rest = line.wrap(out, width) or [line]
        first.rstrip()
        out.print(Text.assemble(indent, first))
        for part in rest:
            part.rstrip()
            out.print(Text.assemble(indent, hang, part))


def _head(alert: AlertRecord) -> Text:
    return Text.assemble(
        _time(alert.time_ms),
        "  ",
        (f"{alert.status.upper():<9}", _STATUS_STYLES[alert.status]),
        "  ",
        (f"{alert.severity:<8}", _SEVERITY_STYLES[alert.severity]),
        "  ",
        (plain(_subject(alert)), "bold"),
    )


def _subject(alert: AlertRecord) -> str:
    labels = alert.labels
    version = f" {labels['version']}" if "version" in labels else ""
    rest = [f"{k}={v}" for k, v in labels.items() if k not in _LABELS_SHOWN_ELSEWHERE]
    return " ".join([f"{alert.model}{version}", labels.get("alertname", ""), *rest])


def _because(cause: Cause) -> str:
    share = "" if cause.contribution is None else f" ({cause.contribution:.0%} of the change)"
    words = cause.summary or cause.effect.replace("_", " ")
    name = _name(cause)
    return f"{words}{share}" if name in words else f"{name}: {words}{share}"


def _name(cause: Cause) -> str:
    between = "=" if cause.kind == "segment" else " "
    return f"{cause.kind} {cause.name}" + (f"{between}{cause.value}" if cause.value else "")


def _time(time_ms: int) -> str:
    return rfc3339(time_ms)[:19].replace("T", " ")


def _evidence(alert: AlertRecord) -> list[str]:
    until = "" if alert.ends_at_ms is None else f" until {_time(alert.ends_at_ms)}"
    return [
        f"since {_time(alert.starts_at_ms)}{until}",
        _detector(alert),
        f"window {_time(alert.window_start_ms)} to {_time(alert.window_end_ms)}",
        _samples(alert),
        f"fingerprint {alert.fingerprint}",
    ]


def _detector(alert: AlertRecord) -> str:
    if alert.statistic is None or alert.threshold is None:
        return alert.detector
    return f"{alert.detector} {alert.statistic:.4g} over {alert.threshold:.4g}"


def _samples(alert: AlertRecord) -> str:
    coverage = f", {alert.label_coverage:.0%} labelled" if alert.label_coverage is not None else ""
    return f"{alert.predictions:,} predictions{coverage}"


def _facts(alert: AlertRecord) -> Iterator[tuple[str, str]]:
    until = "still firing" if alert.ends_at_ms is None else f"until {_time(alert.ends_at_ms)}"
    yield "since", f"{_time(alert.starts_at_ms)}, {until}"
    yield "window", f"{_time(alert.window_start_ms)} to {_time(alert.window_end_ms)}"
    yield "samples", _samples(alert)
    yield "detector", _detector(alert)
    versions = alert.versions
    for name, found in (
        ("versions", versions.model),
        ("code", versions.code),
        ("data", versions.data),
    ):
        if found:
            yield name, ", ".join(found)
    if versions.reference is not None:
        yield "reference", versions.reference
    moved = telling.attributions(alert)
    if moved:
        yield "moved by", moved
    yield "labels", ", ".join(f"{k}={v}" for k, v in alert.labels.items())
    if alert.generator_url:
        yield "link", alert.generator_url
    yield "fingerprint", alert.fingerprint


def _causes(causes: Sequence[Cause]) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False)
    made.add_column("cause", overflow="fold")
    made.add_column("effect", overflow="fold")
    for name in ("share", "before", "now", "samples"):
        made.add_column(name, justify="right", no_wrap=True)
    for cause in causes:
        share = "" if cause.contribution is None else f"{cause.contribution:.0%}"
        figures = ["" if x is None else f"{x:.4g}" for x in (cause.before, cause.after)]
        effect = cause.effect.replace("_", " ")
        made.add_row(plain(_name(cause)), effect, share, *figures, f"{cause.samples:,}")
    return made
