"""``tidegauge demo``: the whole path, with real flights."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tidegauge.broker.errors import BrokerError
from tidegauge.cli.console import note
from tidegauge.cli.demo_screen import DemoScreen, ProgressLines, short
from tidegauge.cli.exits import FAILURE, INTERRUPTED, OK, CommandError
from tidegauge.cli.session import session_of
from tidegauge.demo.configuration import DEMO_FILE, Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import USUAL_FAULT, FaultKind, parse_fault
from tidegauge.demo.plan import Plan, usual_faults
from tidegauge.demo.producer import DEFAULT_SPEED, parse_speed
from tidegauge.demo.publishing import publish_only
from tidegauge.demo.run import run
from tidegauge.demo.tasks import ModelName

HELP = f"""Watch real models on real flights: Kafka, a worker and a publisher, in one terminal.

Starts a Kafka of its own (fetched at the first run), creates the topics, starts a worker, and \
replays the flights that left New York in 2013. Three frozen models answer; the truth follows when \
a flight has landed. Data and logs stay in the data folder, and the next run goes on from there, \
unless it has other options, this one came to its end, or --fresh asks for a new start.

\b
  flight-delay   at departure: is it over 15 minutes late? (binary)
  arrival-delay  at departure: how late? 1-lite shadows 1 (regression)
  flight-status  at the schedule: what will become of it? (multiclass)

Where --bootstrap, the environment (TIDEGAUGE_KAFKA__BOOTSTRAP) or the settings file names a \
cluster, the demo uses that one instead, with topics of its own, which it deletes at the end. With \
--publish-only as well it only publishes, into the topics that the settings name, for workers that \
run already.

Faults with a known cause can be injected: {", ".join(FaultKind)}. Unless told otherwise, a bad \
version of flight-delay is deployed on the fifth day. The days before a fault, and its first one, \
pass as fast as the workers take them, so that it is seen within seconds.

\b
Examples:
  tidegauge demo
  tidegauge demo --fault broken-feature@2013-01-25
  tidegauge demo --fault none
  tidegauge demo --fresh
  tidegauge demo --model flight-delay --fault bad-version@2013-02-10
  tidegauge demo --until 2014-01-01 --speed max --exit
  tidegauge --bootstrap k1:9092 demo
  tidegauge --bootstrap k1:9092 demo --publish-only
  tidegauge --config my-demo.yaml demo     (to begin with: {DEMO_FILE})

\b
Exit codes:
    0  the replay has come to its end
    1  something failed; standard error says what
   64  wrong arguments or settings: nothing was done
   69  no broker answered, or the cluster refused
  130  stopped by Ctrl-C or SIGTERM before its end
"""

_DAY = ["%Y-%m-%d"]
_NO_FAULT = "none"
_FOLDER = Path(".tidegauge/demo")


def demo(
    context: typer.Context,
    *,
    start: Annotated[
        datetime,
        typer.Option(
            "--from",
            formats=_DAY,
            metavar="YYYY-MM-DD",
            show_default="2013-01-01",
            help="First day of the replay.",
        ),
    ] = datetime(2013, 1, 1),  # noqa: DTZ001 - a day
    end: Annotated[
        datetime,
        typer.Option(
            "--until",
            formats=_DAY,
            metavar="YYYY-MM-DD",
            show_default="2013-03-01",
            help="The day after the last one.",
        ),
    ] = datetime(2013, 3, 1),  # noqa: DTZ001 - a day
    speed: Annotated[
        str,
        typer.Option(
            metavar="DURATION|max",
            help="How much flight time passes in a second, at most: it stands still while the "
            "workers are seconds behind.",
        ),
    ] = DEFAULT_SPEED,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND@DAY|none",
            show_default=f"{USUAL_FAULT.kind}@{USUAL_FAULT.start}",
            help="What goes wrong from a day on; may be repeated.",
        ),
    ] = None,
    model: Annotated[
        list[ModelName] | None,
        typer.Option(metavar="MODEL", help="Only this model; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="They share the partitions.")] = 1,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            show_default=str(_FOLDER),
            help="Where data and logs are kept; where it is left out, a folder beside the usual "
            "one while another demo runs in that.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew; do not go on with the last run's data.")
    ] = False,
    alone: Annotated[
        bool,
        typer.Option(
            "--publish-only",
            help="Only publish, into topics that exist: for a cluster with workers of its own.",
        ),
    ] = False,
    console: Annotated[
        bool, typer.Option("--console/--no-console", help="A page for a browser, at `Console`.")
    ] = True,
    stay: Annotated[
        bool,
        typer.Option(
            "--keep/--exit", help="When the replay has ended: go on until Ctrl-C, or exit."
        ),
    ] = True,
) -> None:
    """Run the demo."""
    session = session_of(context)
    configuration = Configuration(session.flags, session.config or DEMO_FILE)
    if alone and not configuration.names_cluster:
        raise typer.BadParameter(
            "--publish-only needs a cluster with topics and workers: name it with --bootstrap "
            "HOST:PORT, or leave --publish-only out to start everything"
        )
    first, last, models = start.date(), end.date(), tuple(dict.fromkeys(model or ModelName))
    try:
        plan = Plan(
            start=first,
            end=last,
            speed=parse_speed(speed),
            models=models,
            faults=tuple(parse_fault(text) for text in fault if text != _NO_FAULT)
            if fault is not None
            else usual_faults(first, last, models),
            workers=workers,
            folder=(data_dir or _FOLDER).absolute(),
            beside=data_dir is None,
            fresh=fresh,
            stay=stay,
            console=console,
        )
    except DemoError as problem:
        raise typer.BadParameter(str(problem)) from None
    screen = DemoScreen(plan)
    try:
        if alone:
            finished = publish_only(plan, configuration, ProgressLines())
        else:
            finished = run(plan, configuration, screen)
    except (BrokerError, DemoError) as problem:
        raise CommandError(str(problem), FAILURE) from None
    logs = short(screen.plan.folder)
    note("publishing has stopped" if alone else f"everything has stopped; logs are in {logs}")
    raise typer.Exit(OK if finished else INTERRUPTED)
