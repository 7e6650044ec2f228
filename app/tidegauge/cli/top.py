"""``tidegauge top``: the live view in a terminal."""

import sys
from datetime import timedelta

import typer

from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.cli.options import Since, Window
from tidegauge.cli.session import session_of
from tidegauge.settings.duration import milliseconds

HELP = """Watch all models in this terminal: alerts and why, quality, label coverage, drift, lag.

Models in trouble come first. Enter goes down to a model's alerts and their causes, segments, \
features, windows and versions; ? explains keys and figures, q or Ctrl-C quits. It reads the \
topics alerts and metrics as any subscriber may, and needs no worker to be reachable.

Quality is that of the newest closed window in which at least half of the predictions have their \
label. It is compared with the median of the windows before, or, while an alert fires, of those \
before the first alert began; the screen says which.

\b
Examples:
  tidegauge top
  tidegauge top --window 1d     begin with windows of a day
  tidegauge top --since 1h      read back what was written in the last hour only

\b
Exit codes:
    0  ended by q, Ctrl-C or SIGTERM
   64  wrong arguments or settings, or no terminal: nothing was done
"""


def top(
    context: typer.Context,
    *,
    window: Window = timedelta(hours=1),
    since: Since = None,
) -> None:
    """Show the live view until a person or a signal ends it."""
    # Textual takes a moment to import, and no other command should wait for it
    from tidegauge.top.app import run  # noqa: PLC0415

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(
            "top needs a terminal; `tidegauge alerts` and the topic metrics are for programs", USAGE
        )
    raise typer.Exit(run(session_of(context).settings.kafka, milliseconds(window), since))
