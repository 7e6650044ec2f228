"""``tidegauge console``: the live view in a browser."""

from datetime import timedelta

import typer

from tidegauge.cli.console import note
from tidegauge.cli.options import After, Window, wait_for
from tidegauge.cli.session import session_of
from tidegauge.export.http import listening
from tidegauge.settings.duration import milliseconds

HELP = """Watch all models in a browser: alerts and why, quality, features, dead letters, ledgers.

Models in trouble come first, with their causes. It reads the topics alerts, metrics and \
dead-letters as any subscriber may, needs no worker to be reachable and nothing from the internet. \
It has no login and listens on this machine only, unless console.host and console.public say \
otherwise.

\b
Examples:
  tidegauge console
  tidegauge console --window 1d
  tidegauge --set console.port=8080 console

\b
Exit codes:
    0  ended by Ctrl-C or SIGTERM
   64  wrong arguments or settings, or the port is taken: nothing was done
"""


def console(
    context: typer.Context,
    *,
    window: Window = timedelta(hours=1),
    after: After = None,
) -> None:
    """Serve the console until a signal ends it."""
    settings = session_of(context).settings
    host, port = settings.console.host, settings.console.port
    address = listening(host, port, "console")
    # NiceGUI takes a second to import, and no other command should wait for it
    from tidegauge.console.app import run  # noqa: PLC0415

    wait_for(after)
    port = address.getsockname()[1]
    note(f"http://{f'[{host}]' if ':' in host else host}:{port}; Ctrl-C ends it")
    raise typer.Exit(run(settings, address, milliseconds(window)))
