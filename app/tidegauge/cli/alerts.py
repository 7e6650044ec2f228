"""``tidegauge alerts``: the alerts topic, for people and for programs."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeAlias

import typer
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.options import AsJson, Follow, Since
from tidegauge.cli.reading import Record, read
from tidegauge.cli.session import session_of
from tidegauge.core.records import AlertRecord, AlertStatus, Cause, Severity
from tidegauge.wire.alerts import decode_alert
from tidegauge.wire.plain import plain
from tidegauge.wire.public import InvalidRecord, rfc3339

HELP = """Print the alerts: what opened, changed and closed, and why.

Only committed records are read, so each event appears once. Times are event time, in UTC.

\b
Examples:
  tidegauge alerts                     the alert events that the topic keeps
  tidegauge alerts --firing            the newest of each alert that fires
  tidegauge alerts --follow            these, and then what comes
  tidegauge alerts -f --since 0s       only what comes
  tidegauge alerts --json | jq .data   CloudEvents in JSON format, one a line
"""

Event: TypeAlias = tuple[Record, AlertRecord]

_STATUS_STYLES = {
    AlertStatus.FIRING: "bold red",
    AlertStatus.RESOLVED: "bold green",
    AlertStatus.RETRACTED: "bold blue",
}
_SEVERITY_STYLES = {Severity.INFO: "", Severity.WARNING: "yellow", Severity.CRITICAL: "red"}
_LABELS_SHOWN_ELSEWHERE = ("alertname", "model", "version")


def alerts(
    context: typer.Context,
    *,
    follow: Follow = False,
    as_json: AsJson = False,
    since: Since = None,
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    firing: Annotated[
        bool, typer.Option("--firing", help="Only the newest event of each alert that fires.")
    ] = False,
) -> None:
    """Print alert events."""
    if firing and follow:
        raise typer.BadParameter("--firing shows the present and can't be used with --follow")
    session = session_of(context)
    topic = session.settings.kafka.topic_names.alerts
    waiting = console.waiting_for("alerts") if follow else None
    events = _decoded(read(session.connection, topic, since=since, follow=waiting))
    chosen: Iterable[Event] = (e for e in events if model is None or e[1].model == model)
    if not follow:
        chosen = sorted(chosen, key=lambda event: event[1].time_ms)
    if firing:
        newest = {alert.fingerprint: (record, alert) for record, alert in chosen}
        chosen = [event for event in newest.values() if event[1].status is AlertStatus.FIRING]
    _print(chosen, as_json=as_json, follow=follow)


def _print(events: Iterable[Event], *, as_json: bool, follow: bool) -> None:
    count = 0
    try:
        for count, (record, alert) in enumerate(events, start=1):  # noqa: B007 - counts
            if as_json:
                console.output().print(json.dumps(_cloud_event(record), ensure_ascii=False))
            else:
                console.output().print(_told(alert))
    except KeyboardInterrupt:
        if not follow:
            raise
    if not count and not as_json:
        console.note("no alerts")


def _decoded(records: Iterator[Record]) -> Iterator[Event]:
    for record in records:
        try:
            yield record, decode_alert(record.value or b"", record.headers)
        except InvalidRecord as problem:
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            console.error(f"{place} is skipped: {problem}")


def _cloud_event(record: Record) -> dict[str, Any]:
    """The event in CloudEvents' JSON format."""
    attributes = {
        name.removeprefix("ce_"): value.decode()
        for name, value in record.headers
        if name.startswith("ce_")
    }
    return {**attributes, "datacontenttype": "application/json", "data": json.loads(record.value)}


def _told(alert: AlertRecord) -> Text:
    """One alert event in a few lines: what, since when, why, on what evidence."""
    summary = alert.annotations.get("summary", "")
    lines = [
        Text.assemble(
            _time(alert.time_ms),
            "  ",
            (f"{alert.status.upper():<9}", _STATUS_STYLES[alert.status]),
            "  ",
            (f"{alert.severity:<8}", _SEVERITY_STYLES[alert.severity]),
            "  ",
            (plain(_subject(alert)), "bold"),
        )
    ]
    lines += [Text(f"    {plain(summary)}")] if summary else []
    if alert.status is AlertStatus.FIRING:
        lines += [Text(f"    because {plain(_because(cause))}") for cause in alert.causes]
    lines.append(Text(f"    {plain(_evidence(alert))}", style="dim"))
    return Text("\n").join(lines)


def _subject(alert: AlertRecord) -> str:
    labels = alert.labels
    version = f" {labels['version']}" if "version" in labels else ""
    rest = [f"{k}={v}" for k, v in labels.items() if k not in _LABELS_SHOWN_ELSEWHERE]
    return " ".join([f"{alert.model}{version}", labels.get("alertname", ""), *rest])


def _because(cause: Cause) -> str:
    what = f"{cause.kind} {cause.name}" + (f" {cause.value}" if cause.value else "")
    share = "" if cause.contribution is None else f" ({cause.contribution:.0%} of the change)"
    words = cause.summary or cause.effect.replace("_", " ")
    return f"{what}: {words}{share}"


def _time(time_ms: int) -> str:
    return rfc3339(time_ms)[:19].replace("T", " ")


def _evidence(alert: AlertRecord) -> str:
    until = "" if alert.ends_at_ms is None else f" until {_time(alert.ends_at_ms)}"
    parts = [f"since {_time(alert.starts_at_ms)}{until}", alert.detector]
    if alert.statistic is not None and alert.threshold is not None:
        parts[-1] += f" {alert.statistic:.4g} over {alert.threshold:.4g}"
    coverage = f", {alert.label_coverage:.0%} labelled" if alert.label_coverage is not None else ""
    parts.append(f"window {_time(alert.window_start_ms)} to {_time(alert.window_end_ms)}")
    parts.append(f"{alert.predictions:,} predictions{coverage}")
    parts.append(f"fingerprint {alert.fingerprint}")
    return " · ".join(parts)
