"""``tidegauge demo``: the whole path, with real flights."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tidegauge.broker.errors import BrokerError
from tidegauge.cli.console import note
from tidegauge.cli.demo_screen import DemoScreen, ProgressLines
from tidegauge.cli.exits import FAILURE, INTERRUPTED, OK, CommandError
from tidegauge.cli.session import session_of
from tidegauge.demo.configuration import DEMO_FILE, Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import FaultKind, parse_fault
from tidegauge.demo.plan import Plan
from tidegauge.demo.producer import DEFAULT_SPEED, parse_speed
from tidegauge.demo.publishing import publish_only
from tidegauge.demo.run import run
from tidegauge.demo.tasks import ModelName

HELP = f"""Watch real models on real flights: Kafka, a worker and a publisher, in one terminal.

Starts a Kafka of its own (fetched at the first run), creates the topics, starts a worker, and \
replays the flights that left New York in 2013. Three frozen models answer; the truth follows when \
a flight has landed. Every run begins afresh; logs are kept in the data folder.

\b
  flight-delay   at departure: is it over 15 minutes late? (binary)
  arrival-delay  at departure: how late? 1-lite shadows 1 (regression)
  flight-status  at the schedule: what will become of it? (multiclass)

Where --bootstrap, the environment (TIDEGAUGE_KAFKA__BOOTSTRAP) or the settings file names a \
cluster, the demo uses that one instead, with topics of its own, which it deletes at the end. With \
--publish-only as well it only publishes, into the topics that the settings name, for workers that \
run already.

Faults with a known cause can be injected: {", ".join(FaultKind)}.

\b
Examples:
  tidegauge demo
  tidegauge demo --fault broken-feature@2013-02-10
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
        typer.Option(metavar="KIND@DAY", help="What goes wrong from a day on; may be repeated."),
    ] = None,
    model: Annotated[
        list[ModelName] | None,
        typer.Option(metavar="MODEL", help="Only this model; may be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=16, help="They share the partitions.")] = 1,
    data_dir: Annotated[Path, typer.Option(help="Where data and logs are kept.")] = Path(
        ".tidegauge/demo"
    ),
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
    try:
        plan = Plan(
            start=start.date(),
            end=end.date(),
            speed=parse_speed(speed),
            models=tuple(dict.fromkeys(model or ModelName)),
            faults=tuple(parse_fault(text) for text in fault or ()),
            workers=workers,
            folder=data_dir.absolute(),
            stay=stay,
            console=console,
        )
    except DemoError as problem:
        raise typer.BadParameter(str(problem)) from None
    try:
        if alone:
            finished = publish_only(plan, configuration, ProgressLines())
        else:
            finished = run(plan, configuration, DemoScreen(plan))
    except (BrokerError, DemoError) as problem:
        raise CommandError(str(problem), FAILURE) from None
    note("publishing has stopped" if alone else f"everything has stopped; logs are in {data_dir}")
    raise typer.Exit(OK if finished else INTERRUPTED)
