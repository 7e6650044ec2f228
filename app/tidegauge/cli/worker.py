"""``tidegauge worker``: run one worker until it is stopped."""

from typing import Annotated, TypeAlias

import typer

from tidegauge.cli.console import error, output
from tidegauge.cli.options import After, wait_for
from tidegauge.cli.session import session_of
from tidegauge.cli.signals import ended_quietly
from tidegauge.export.http import check_address

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
  130  stopped before it had begun
"""


RepairOffsets: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--repair-offsets",
        help="Instead of working, set the group's offsets to the positions stored with the state. "
        "Stop all workers first.",
    ),
]
SetAside: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="STAGE/TOPIC/PARTITION/OFFSET",
        help="Instead of working, move a record that a stage dies on to the dead letters, as the "
        "log of the worker says. Stop all workers first.",
    ),
]


def worker(
    context: typer.Context,
    repair_offsets: RepairOffsets = False,
    set_aside: SetAside = None,
    after: After = None,
) -> None:
    """Run the worker in this process."""
    settings = session_of(context).settings
    works = not repair_offsets and set_aside is None
    if works:
        check_address(settings.http.host, settings.http.port)
    # Faust and river take seconds to import, and no other command should wait for them
    with ended_quietly():
        from tidegauge.worker.exits import WorkerError  # noqa: PLC0415
        from tidegauge.worker.logs import configure  # noqa: PLC0415
        from tidegauge.worker.serve import Worker  # noqa: PLC0415

        wait_for(after)

    the_worker = Worker(settings)
    configure()
    try:
        if repair_offsets:
            for repaired in the_worker.repair_offsets():
                output().print(f"{repaired.tp}: {repaired.before} -> {repaired.after}")
        elif set_aside is not None:
            the_worker.set_aside(*_record(set_aside))
        else:
            raise typer.Exit(the_worker.run())
    except WorkerError as refusal:
        error(str(refusal))
        raise typer.Exit(refusal.exit_code) from None


def _record(text: str) -> tuple[str, str, int, int]:
    """Stage, topic, partition and offset of a record.

    Raises:
        typer.BadParameter: The text is something else.
    """
    parts = text.split("/")
    if len(parts) != 4 or not (parts[2].isdigit() and parts[3].isdigit()):
        raise typer.BadParameter(
            f"'{text}' is not STAGE/TOPIC/PARTITION/OFFSET", param_hint="--set-aside"
        )
    return parts[0], parts[1], int(parts[2]), int(parts[3])
