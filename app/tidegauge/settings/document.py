"""Writes the page about all settings from the settings themselves.

A setting's docstring is its only documentation; a test compares ``docs/settings.md`` with `page`.
``python -m tidegauge.settings.document docs/settings.md`` brings the page up to date.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tidegauge.settings.notify import TargetSettings
from tidegauge.settings.root import Settings

_HEAD = """# Settings

<!-- Generated: `python -m tidegauge.settings.document docs/settings.md` -->

Settings come from four places; a later one wins:

1. the defaults on this page;
2. one YAML file: `--config FILE`, else the one that `TIDEGAUGE_CONFIG` names, else
   `./tidegauge.yaml` if there is one;
3. the environment: `TIDEGAUGE_SECTION__FIELD`, for instance `TIDEGAUGE_KAFKA__BOOTSTRAP`;
4. flags: `--set section.field=value`, for instance `--set kafka.bootstrap=k1:9092`.

An unknown key or a value that isn't allowed stops the program with exit code 64 and a line that
names it; `tidegauge config check` does only that, `tidegauge config show` prints what is in force.
Durations are numbers with units: `500ms`, `10s`, `5m`, `1h30m`, `7d`. In the environment and in
flags a list of names or durations is written with commas, any other list or mapping as JSON.

```yaml
kafka:
  bootstrap: k1:9092,k2:9092
  security_protocol: SASL_SSL
  sasl_mechanism: SCRAM-SHA-512
  sasl_username: tidegauge      # the password: TIDEGAUGE_KAFKA__SASL_PASSWORD
join:
  label_horizon: 2d
  correction_horizon: 2d
models:
  fraud:                        # different for one model
    join: {label_horizon: 5d}
    positive_class: fraudulent
```
"""


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_sections("", Settings, depth=2)]) + "\n"


def names() -> list[str]:
    """Dotted names of all settings and sections."""
    return [name for name, _ in _walk("", Settings)]


def undocumented() -> list[str]:
    """Dotted names of the settings that have no description."""
    return [name for name, field in _walk("", Settings) if not field.description]


def _walk(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield prefix + name, field
        section = _section_of(field.annotation)
        if section is not None:
            yield from _walk(f"{prefix}{name}.", section)


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a setting holds, itself or in a list or mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_section_of(held) for held in get_args(annotation))
    return next((section for section in found if section is not None), None)


def _sections(prefix: str, model: type[BaseModel], depth: int) -> Iterator[str]:
    """A table of the section's own values, then its sections, each under a heading."""
    plain = {n: f for n, f in model.model_fields.items() if _section_of(f.annotation) is None}
    if plain:
        yield "| Setting | Value | Default | Meaning |\n| --- | --- | --- | --- |"
        yield from (_row(prefix + name, field) for name, field in plain.items())
        yield ""
    for name, field in model.model_fields.items():
        section = _section_of(field.annotation)
        if section is None:
            continue
        title = prefix + name + _key(field)
        yield f"{'#' * depth} `{title}`\n\n{_prose(field)}\n"
        if get_origin(field.annotation) is tuple:
            yield f"Default: {_default(field)}\n"
        if prefix != "models.<model>.":
            yield from _sections(f"{title}.", section, depth + 1)


def _key(field: FieldInfo) -> str:
    """What stands for the name of one entry, if the setting holds several."""
    origin: object = get_origin(field.annotation)
    if origin is dict:
        return ".<target>" if _section_of(field.annotation) is TargetSettings else ".<model>"
    return "[]" if origin is tuple else ""


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_kind(field)} | {_default(field)} | {_prose(field)} |"


def _prose(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def _kind(field: FieldInfo) -> str:
    """What may be written: a choice, or the type and its bounds."""
    schema = TypeAdapter(field.rebuild_annotation()).json_schema()
    options = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    return " or ".join(_schema_text(option) for option in options)


def _schema_text(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if schema.get("type") == "array":
        return f"list: {_schema_text(schema['items'])}"
    if "ms" in schema.get("pattern", ""):
        return "duration"
    name = {"string": "text", "integer": "whole number"}.get(schema["type"], schema["type"])
    bounds = {
        "minimum": "from",
        "exclusiveMinimum": "over",
        "maximum": "to",
        "exclusiveMaximum": "below",
    }
    limits = [f"{word} {schema[key]}" for key, word in bounds.items() if key in schema]
    return " ".join([name, *limits])


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    value = TypeAdapter(field.rebuild_annotation()).dump_python(field.default, mode="json")
    if value is None:
        return "unset"
    if isinstance(value, list):
        value = ", ".join(item if isinstance(item, str) else json.dumps(item) for item in value)
    return f"`{value}`" if value != "" else "empty"


def main() -> None:
    """Write the page to the file that is named, or to standard output."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())


if __name__ == "__main__":
    main()
