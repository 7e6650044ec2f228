"""The program ``tidegauge``, also as ``python -m tidegauge``.

The commands take a second or more to import. Somebody who presses Ctrl-C meanwhile is not shown
where, so nothing else is imported before the signals are taken care of.
"""

from tidegauge.cli.signals import as_interrupt, ended_quietly


def run() -> None:
    """Run the program with the arguments of the process."""
    with ended_quietly():
        from tidegauge.cli.main import run as run_command  # noqa: PLC0415
    with as_interrupt():
        run_command()


if __name__ == "__main__":
    run()
