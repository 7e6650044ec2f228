"""Options that several commands have."""

from datetime import timedelta
from typing import Annotated, TypeAlias

import typer
from pydantic import TypeAdapter, ValidationError

from tidegauge.settings.duration import Duration

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


def _parse_duration(value: str) -> timedelta:
    try:
        return _DURATION.validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(f"'{value}' {error.errors()[0]['msg']}") from None


Follow: TypeAlias = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on and print what comes, until Ctrl-C.")
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="One JSON object a line, for programs.")
]
Since: TypeAlias = Annotated[
    timedelta | None,
    typer.Option(
        parser=_parse_duration,
        metavar="DURATION",
        help="Only what was written so long ago at most, such as 1h; else all that is kept.",
    ),
]
