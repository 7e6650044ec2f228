"""``tidegauge topics``: create the topics, and compare them with what they must be."""

from collections.abc import Sequence
from datetime import timedelta

import typer
from rich.box import SIMPLE_HEAD
from rich.status import Status
from rich.table import Table

from tidegauge.cli import console
from tidegauge.cli.exits import CommandError
from tidegauge.cli.session import Session, session_of
from tidegauge.kafka.admin import TopicState, admin_client, create_missing, describe
from tidegauge.kafka.check import TopicCheck
from tidegauge.kafka.topics import TopicSpec, topic_specs
from tidegauge.settings.duration import text

app = typer.Typer(
    help="Create Tidegauge's topics, or compare those of the cluster with what they must be.",
    no_args_is_help=True,
)

_CREATE = """Create the topics that do not exist, then check all of them.

Topics that exist are never changed. What is wrong with one is printed with the command that puts \
it right, and the exit code is 1.

\b
Examples:
  tidegauge topics create
  tidegauge -s topics.partitions=32 -s topics.replication=3 topics create
"""

_DESCRIBE = """Show the topics and check them: partition counts, cleanup, retention, time stamps.

Changes nothing. The exit code is 1 when a worker would refuse to start with them.
"""


@app.command(help=_CREATE)
def create(context: typer.Context) -> None:
    """Create what is missing and check everything."""
    session = session_of(context)
    specs = _specs(session)
    with _asking(session), admin_client(session.connection) as client:
        created = create_missing(client, specs)
        states = describe(client, specs)
    for spec in created:
        console.output().print(f"created {spec.name} ({spec.partitions} partitions)")
    if not created:
        console.output().print(f"all {len(specs)} topics exist already")
    _refuse_problems(session, states)


@app.command("describe", help=_DESCRIBE)
def describe_topics(context: typer.Context) -> None:
    """Show and check the topics."""
    session = session_of(context)
    with _asking(session), admin_client(session.connection) as client:
        states = describe(client, _specs(session))
    console.output().print(_table(states))
    _refuse_problems(session, states)


def _asking(session: Session) -> Status:
    return console.working(f"asking {session.settings.kafka.bootstrap}")


def _specs(session: Session) -> Sequence[TopicSpec]:
    return topic_specs(session.settings.kafka.topic_names, session.settings.topics)


def _refuse_problems(session: Session, states: Sequence[TopicState]) -> None:
    check = TopicCheck(session.settings.kafka.bootstrap, session.settings.longest_horizon_ms)
    problems = check.problems(states)
    if problems:
        raise CommandError("\n".join(str(problem) for problem in problems))


def _table(states: Sequence[TopicState]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("topic")
    for title in ("partitions", "copies"):
        table.add_column(title, justify="right")
    for title in ("cleanup", "kept for", "time stamps", "key", "value"):
        table.add_column(title)
    for state in states:
        cells = _configured(state) if state.exists else ("missing", "", "", "", "")
        style = None if state.exists else "red"
        table.add_row(state.spec.name, *cells, state.spec.key, state.spec.value, style=style)
    return table


def _configured(state: TopicState) -> tuple[str, ...]:
    config = state.config
    retention = int(config["retention.ms"])
    forever = retention < 0 or "delete" not in config["cleanup.policy"]
    return (
        str(state.partitions),
        str(state.replication),
        config["cleanup.policy"],
        "ever" if forever else text(timedelta(milliseconds=retention)),
        config["message.timestamp.type"].removesuffix("Time").lower(),
    )
