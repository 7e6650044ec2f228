"""What all commands share: where the settings come from, and the connection to Kafka."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import typer

from tidegauge.kafka.client import Connection
from tidegauge.settings import Settings, load


@dataclass
class Session:
    """One run of the program.

    Attributes:
        config: the settings file that was named, if any.
        flags: settings given as flags, by dotted name.
    """

    config: Path | None = None
    flags: dict[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """The settings, read when a command first needs them.

        Raises:
            SettingsError: They can't be used.
        """
        return load(self.config, self.flags)

    @property
    def connection(self) -> Connection:
        """How the cluster is reached."""
        return Connection.of(self.settings.kafka)


def session_of(context: typer.Context) -> Session:
    """The session that the program's own options have begun."""
    return context.ensure_object(Session)


def parse_flags(assignments: list[str]) -> dict[str, str]:
    """Read ``section.field=value`` texts.

    Raises:
        typer.BadParameter: One has no ``=``.
    """
    flags = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise typer.BadParameter(f"'{assignment}' is not SECTION.FIELD=VALUE")
        flags[name.strip()] = value
    return flags
