"""``tidegauge notify``: tell people of alerts, until it is stopped."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from tidegauge.cli import console
from tidegauge.cli.exits import FAILURE, USAGE, CommandError
from tidegauge.cli.options import Since
from tidegauge.cli.reading import read
from tidegauge.cli.session import Session, session_of
from tidegauge.cli.signals import ended_quietly
from tidegauge.core.alertrecords import AlertRecord
from tidegauge.notify.channel import Delivered, Event
from tidegauge.notify.errors import NotifyError
from tidegauge.notify.service import Notifier, channel_of, wants_of
from tidegauge.notify.trial import trial_event
from tidegauge.wire.alerts import cloud_event, decode_alert
from tidegauge.wire.plain import plain
from tidegauge.wire.public import InvalidRecord

HELP = """Tell people of alerts: an Alertmanager, webhooks, chat and mail.

The settings name the targets, under notify.targets. Each reads the alerts topic by itself, so one \
that fails holds up none of the others, and is told every event at least once, in order. Addresses \
with secrets come from the environment or from files.

\b
Examples:
  tidegauge notify --test               a test message to each target
  tidegauge notify --dry-run            what would be sent of the events that the topic keeps
  tidegauge notify                      tell, until Ctrl-C

\b
Exit codes:
    0  stopped by SIGTERM or Ctrl-C
    1  a defect, or a test message was not taken
   64  wrong settings: nothing was done
"""


def notify(
    context: typer.Context,
    *,
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message to each target, and end.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent, send nothing, and end.")
    ] = False,
    since: Since = None,
) -> None:
    """Run the notifier in this process."""
    session = session_of(context)
    if test and dry_run:
        raise typer.BadParameter("--test sends, and --dry-run does not; choose one")
    if since is not None and not dry_run:
        raise typer.BadParameter("--since goes with --dry-run only")
    if not session.settings.notify.targets:
        raise CommandError(
            "nobody to tell: the settings name no target under notify.targets; docs/notify.md "
            "shows how",
            USAGE,
        )
    try:
        if test:
            _test(session)
        elif dry_run:
            _preview(session, since)
        else:
            _run(session)
    except NotifyError as problem:
        raise CommandError(str(problem), USAGE) from None


def _run(session: Session) -> None:
    with ended_quietly():
        from tidegauge.worker.logs import configure  # noqa: PLC0415 - no other command logs

    configure()
    notifier = Notifier(session.settings)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: notifier.stop())
    bug = notifier.run()
    raise typer.Exit(0 if bug is None else FAILURE)


def _test(session: Session) -> None:
    event = trial_event(time.time_ns() // 1_000_000)
    failed = False
    for name, target in session.settings.notify.targets.items():
        channel = channel_of(name, target, session.settings.notify)
        outcome = channel.send(event)
        if isinstance(outcome, Delivered):
            console.output().print(f"{name}: sent to {channel.shown}")
        else:
            failed = True
            console.error(f"{name}: {channel.shown}: {outcome.reason}")
    if failed:
        raise typer.Exit(FAILURE)


def _preview(session: Session, since: timedelta | None) -> None:
    """Print each event as each target that wants it would be told."""
    rules = session.settings.notify
    targets = [
        (name, wants_of(target), channel_of(name, target, rules))
        for name, target in rules.targets.items()
    ]
    count = 0
    for event in _events(session, since):
        for name, wants, channel in targets:
            if not wants(event.alert):
                continue
            count += 1
            head = Text.assemble((f"{name} ", "bold"), f"({channel.shown}), id {event.alert.id}")
            console.output().print(head)
            for line in channel.preview(event).splitlines():
                console.output().print(f"    {plain(line)}")
    console.note(f"{count:,} messages; nothing was sent")


def _events(session: Session, since: timedelta | None) -> Iterator[Event]:
    topic = session.settings.kafka.topic_names.alerts
    known: dict[str, AlertRecord] = {}
    for record in read(session.connection, topic, since=since):
        try:
            alert = decode_alert(record.value or b"", record.headers)
        except InvalidRecord as problem:
            place = f"{record.topic}[{record.partition}]@{record.offset}"
            console.error(f"{place} is skipped: {problem}")
            continue
        before = known.get(alert.fingerprint)
        known[alert.fingerprint] = alert
        if before is None or before.id != alert.id:
            yield Event(alert, cloud_event(record.value, record.headers), before)
