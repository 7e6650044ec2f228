"""The program ``tidegauge``: its own options, and the commands."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from tidegauge import __version__
from tidegauge.cli import advise as advise_command
from tidegauge.cli import alerts, browser, config, dead_letters, publish, schema, topics
from tidegauge.cli import demo as demo_command
from tidegauge.cli import notify as notify_command
from tidegauge.cli import top as top_command
from tidegauge.cli import worker as worker_command
from tidegauge.cli.console import output
from tidegauge.cli.explain import command as explain_command
from tidegauge.cli.group import RootGroup
from tidegauge.cli.reference import group as references
from tidegauge.cli.session import Session, parse_flags

_HELP = """Streaming observability for machine-learning models in production, on Kafka.

Settings come from defaults, one YAML file, the environment (TIDEGAUGE_SECTION__FIELD) and --set; \
a later one wins.

\b
Examples:
  tidegauge --config prod.yaml topics create
  tidegauge --bootstrap k1:9092 alerts --follow
  tidegauge --set join.label_horizon=2d config show

\b
Exit codes:
    0  done
    1  not done, or not all of it: standard error says what
   64  wrong arguments or settings: nothing was done
   69  no broker answered, or the cluster refused
  130  ended by Ctrl-C before it was done
"""

app = typer.Typer(
    name="tidegauge",
    cls=RootGroup,
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", help=demo_command.HELP)(demo_command.demo)
app.command("worker", help=worker_command.HELP)(worker_command.worker)
app.add_typer(topics.app, name="topics")
app.command("publish", help=publish.HELP)(publish.publish)
app.command("top", help=top_command.HELP)(top_command.top)
app.command("console", help=browser.HELP)(browser.console)
app.add_typer(alerts.app, name="alerts")
app.command("notify", help=notify_command.HELP)(notify_command.notify)
app.command("advise", help=advise_command.HELP)(advise_command.advise_command)
app.command("explain", help=explain_command.HELP)(explain_command.explain)
app.add_typer(references.app, name="reference")
app.command("dead-letters", help=dead_letters.HELP)(dead_letters.dead_letters)
app.add_typer(config.app, name="config")
app.command("schema", help=schema.HELP)(schema.schema)


def _version(wanted: bool) -> None:
    if wanted:
        output().print(f"tidegauge {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Settings file; else the one TIDEGAUGE_CONFIG names, else ./tidegauge.yaml.",
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", "-s", metavar="SECTION.FIELD=VALUE", help="One setting; may be repeated."
        ),
    ] = None,
    bootstrap: Annotated[
        str | None,
        typer.Option(
            "--bootstrap", "-b", metavar="HOST:PORT", help="Short for --set kafka.bootstrap=."
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Remember where the settings come from; a command reads them when it needs them."""
    flags = parse_flags(assignments or [])
    if bootstrap is not None:
        flags["kafka.bootstrap"] = bootstrap
    context.obj = Session(file, flags)


def run() -> None:
    """Run the program with the arguments of the process."""
    # the Kafka client reports retries as warnings; what matters arrives as an exception
    logging.getLogger("kafka").addHandler(logging.NullHandler())
    app()
