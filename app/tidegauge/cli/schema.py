"""``tidegauge schema``: the contract, as JSON Schema."""

import json
from typing import Annotated

import typer

from tidegauge.cli.console import output
from tidegauge.cli.exits import USAGE, CommandError
from tidegauge.contract.examples import EXAMPLES
from tidegauge.contract.json_schema import MODELS, json_schema

HELP = """Print the JSON Schema of an event, or the list of events.

\b
Examples:
  tidegauge schema                        what there is
  tidegauge schema prediction             its JSON Schema
  tidegauge schema prediction --example   one that is valid
"""


def schema(
    event: Annotated[
        str | None, typer.Argument(metavar="[EVENT]", help="Such as prediction or feedback.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print an example instead of the schema.")
    ] = False,
) -> None:
    """Print a schema, an example, or the list of events."""
    if event is None:
        _list_events()
        return
    if event not in MODELS:
        raise CommandError(f"no event is called '{event}'; there are {', '.join(MODELS)}", USAGE)
    document = EXAMPLES[event] if example else json_schema(event)
    output().print(json.dumps(document, indent=2, ensure_ascii=False))


def _list_events() -> None:
    width = max(map(len, MODELS))
    for name in MODELS:
        description = json_schema(name).get("description", "").partition("\n")[0]
        output().print(f"{name:<{width}}  {description}")
