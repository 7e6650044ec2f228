"""``tidegauge worker``: run one worker until it is stopped."""

import typer

from tidegauge.cli.session import session_of

HELP = """Run one worker: consume predictions and feedback, publish alerts, metrics and gauges.

Start as many as you like, on one machine or several: they share the partitions. All state is in \
Kafka, so a worker may be killed at any time and started anywhere.

\b
Examples:
  tidegauge worker
  tidegauge --config prod.yaml worker

\b
Exit codes:
    0  stopped by SIGTERM or Ctrl-C, everything committed
    1  a defect; the log says at which record. Restarting is safe
   64  topics, stored state or group offsets do not fit the settings; the log says what to do
   70  a commit that had begun could not be finished; restart it
"""


def worker(context: typer.Context) -> None:
    """Run the worker in this process."""
    # Faust and river take seconds to import, and no other command should wait for them
    from tidegauge.worker.logs import configure  # noqa: PLC0415
    from tidegauge.worker.serve import Worker  # noqa: PLC0415

    settings = session_of(context).settings
    configure()
    raise typer.Exit(Worker(settings).run())
