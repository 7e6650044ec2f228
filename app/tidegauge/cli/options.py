"""Options that several commands have."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from pydantic import TypeAdapter, ValidationError

from tidegauge.settings.duration import Duration
from tidegauge.wire.public import InvalidRecord, milliseconds

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)
_LOOK_SECONDS = 0.05


def parse_duration(value: str) -> timedelta:
    """Read a duration as the settings write it.

    Raises:
        typer.BadParameter: It is none.
    """
    try:
        return _DURATION.validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(f"'{value}' {error.errors()[0]['msg']}") from None


def _parse_moment(value: str) -> int:
    try:
        return milliseconds(value)
    except InvalidRecord as problem:
        raise typer.BadParameter(f"{problem}, such as 2026-02-01T00:00:00Z") from None


def moment(option: str, help_text: str) -> Any:
    """An option that is a time, in ms since the epoch."""
    return typer.Option(
        option, parser=_parse_moment, metavar="TIME", help=help_text, show_default=False
    )


def wait_for(file: Path | None) -> None:
    """Return when the file of the option `After` exists, at once where none was named."""
    while file is not None and not file.exists():
        time.sleep(_LOOK_SECONDS)


After: TypeAlias = Annotated[
    Path | None,
    # for a program that creates the topics while others import what they need
    typer.Option(metavar="FILE", hidden=True, help="Begin when this file exists."),
]
Follow: TypeAlias = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on and print what comes, until Ctrl-C.")
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON object a line, for programs.")
]
Since: TypeAlias = Annotated[
    timedelta | None,
    typer.Option(
        parser=parse_duration,
        metavar="DURATION",
        help="Only what was written so long ago at most, such as 1h; else all that is kept.",
    ),
]
Window: TypeAlias = Annotated[
    timedelta,
    typer.Option(
        parser=parse_duration,
        metavar="DURATION",
        show_default="1h",
        help="Begin with the windows of the size that is nearest to this.",
    ),
]
