"""The root command: turns errors into one clear line and an exit code."""

from typing import Any

from typer.core import TyperGroup

from tidegauge.cli import console, exits
from tidegauge.export.http import AddressError
from tidegauge.kafka.admin import ClusterError
from tidegauge.settings import SettingsError

_TYPERS_USAGE = 2


class RootGroup(TyperGroup):
    """A group of commands whose failures read well; a bug still shows its traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command.

        Raises:
            SystemExit: Always, with one of the codes in `tidegauge.cli.exits`.
        """
        try:
            return super().main(*args, **kwargs)
        except (SettingsError, AddressError) as problem:
            console.error(str(problem))
            raise SystemExit(exits.USAGE) from None
        except ClusterError as problem:
            console.error(str(problem))
            raise SystemExit(exits.UNAVAILABLE) from None
        except exits.CommandError as problem:
            console.error(str(problem))
            raise SystemExit(problem.code) from None
        except SystemExit as end:
            raise SystemExit(exits.USAGE if end.code == _TYPERS_USAGE else end.code) from None
