"""``tidegauge alerts``: the alerts topic, for people and for programs."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

import typer

from tidegauge.cli import console
from tidegauge.cli.alertfilter import AlertFilter, Matcher
from tidegauge.cli.alertview import print_alert, print_event
from tidegauge.cli.exits import CommandError
from tidegauge.cli.options import AsJson, Follow, Since
from tidegauge.cli.reading import Record, read
from tidegauge.cli.session import session_of
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.wire.alerts import cloud_event, decode_alert
from tidegauge.wire.public import InvalidRecord

HELP = """Print the alerts: what opened, changed and closed, and why.

Only committed records are read, so each event appears once. Times are event time, in UTC.

\b
Examples:
  tidegauge alerts                     the alert events that the topic keeps
  tidegauge alerts --firing            the newest of each alert that fires
  tidegauge alerts --follow            these, and then what comes
  tidegauge alerts -f --since 0s       only what comes
  tidegauge alerts --severity critical --model 'fraud*'
  tidegauge alerts -l alertname=FeatureDrift -l 'feature=~wind.*'
  tidegauge alerts show 81fc           one alert: its evidence, causes and life
  tidegauge alerts --json | jq .data   CloudEvents in JSON format, one a line
"""

SHOW = """Show one alert: what is wrong, its evidence, its causes, and what was told of it.

\b
Examples:
  tidegauge alerts show 81fcb2a9d0e34c17
  tidegauge alerts show 81fc           the beginning of a fingerprint is enough
  tidegauge alerts show 81fc --json | tail -1 | jq .data.causes
"""

Event: TypeAlias = tuple[Record, AlertRecord]

app = typer.Typer(help=HELP, invoke_without_command=True)


@app.callback()
def alerts(
    context: typer.Context,
    *,
    follow: Follow = False,
    as_json: AsJson = False,
    since: Since = None,
    models: Annotated[
        list[str] | None,
        typer.Option("--model", help="Only this model's; may be repeated, and hold *."),
    ] = None,
    severity: Annotated[
        Severity, typer.Option(help="Only alerts at least as severe.")
    ] = Severity.INFO,
    statuses: Annotated[
        list[AlertStatus] | None,
        typer.Option("--status", help="Only events of this status; may be repeated."),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            "-l",
            metavar="LABEL=VALUE",
            help="Only alerts with this label, such as alertname or feature; also !=, =~, !~. "
            "May be repeated: all must hold.",
        ),
    ] = None,
    firing: Annotated[
        bool, typer.Option("--firing", help="Only the newest event of each alert that fires.")
    ] = False,
) -> None:
    """Print alert events."""
    if context.invoked_subcommand is not None:
        return
    if firing and follow:
        raise typer.BadParameter("--firing shows the present and can't be used with --follow")
    matchers = [Matcher.parse(label) for label in labels or ()]
    wanted = AlertFilter(models or (), severity, statuses or (), matchers)
    session = session_of(context)
    topic = session.settings.kafka.topic_names.alerts
    waiting = console.waiting_for("alerts") if follow else None
    events: Iterable[Event] = _once(
        _decoded(read(session.connection, topic, since=since, follow=waiting))
    )
    if not follow:
        events = sorted(events, key=lambda event: event[1].time_ms)
    if firing:
        newest = {alert.fingerprint: (record, alert) for record, alert in events}
        events = [event for event in newest.values() if event[1].status is AlertStatus.FIRING]
    _print((e for e in events if wanted(e[1])), as_json=as_json, follow=follow)


@app.command("show", help=SHOW)
def show(
    context: typer.Context,
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="Of the alert, or its beginning.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Print one alert with its evidence."""
    session = session_of(context)
    topic = session.settings.kafka.topic_names.alerts
    found: dict[str, list[Event]] = {}
    for record, alert in _once(_decoded(read(session.connection, topic, since=None))):
        if alert.fingerprint.startswith(fingerprint.lower()):
            found.setdefault(alert.fingerprint, []).append((record, alert))
    if not found:
        raise CommandError(
            f"the topic {topic} keeps no alert whose fingerprint begins with {fingerprint}; "
            "`tidegauge alerts` lists them"
        )
    if len(found) > 1:
        raise CommandError(
            f"{fingerprint} is the beginning of {len(found)} fingerprints: "
            f"{', '.join(sorted(found))}"
        )
    (events,) = found.values()
    if as_json:
        _print(events, as_json=True, follow=False)
    else:
        print_alert([alert for _, alert in events])


def _print(events: Iterable[Event], *, as_json: bool, follow: bool) -> None:
    count = 0
    try:
        for count, (record, alert) in enumerate(events, start=1):  # noqa: B007 - counts
            if as_json:
                console.output().print(_json(record))
            else:
                print_event(alert)
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


def _once(events: Iterator[Event]) -> Iterator[Event]:
    """Each event once: an alert that fires for long is sent again, under the same id."""
    newest: dict[str, str] = {}
    for record, alert in events:
        if newest.get(alert.fingerprint) != alert.id:
            newest[alert.fingerprint] = alert.id
            yield record, alert


def _json(record: Record) -> str:
    """The event in CloudEvents' JSON format."""
    return json.dumps(json.loads(cloud_event(record.value, record.headers)), ensure_ascii=False)
