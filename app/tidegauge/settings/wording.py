"""Words what is wrong with a value: where it came from, its name, itself, what is allowed."""

import difflib
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from tidegauge.settings.notify import WEB_ADDRESS
from tidegauge.settings.root import Settings
from tidegauge.settings.section import CONTRADICTION

Origins: TypeAlias = list[tuple[dict[str, Any], str]]
"""The values of each source and what the source is called, the weakest first."""
_MESSAGES = {
    "missing": "is missing",
    "model_type": "must be a section with settings of its own",
    "string_type": "must be a text; in YAML, put quotes around it",
}
Location: TypeAlias = tuple[str | int, ...]


def problems(details: list[ErrorDetails], origins: Origins) -> list[str]:
    """One line about each refused value, without those that only follow from a value inside."""
    locations = [detail["loc"] for detail in details]
    return [
        _problem(detail, origins)
        for detail in details
        if not any(_inside(other, detail["loc"]) for other in locations)
    ]


def _inside(location: Location, section: Location) -> bool:
    return len(location) > len(section) and location[: len(section)] == section


def _problem(detail: ErrorDetails, origins: Origins) -> str:
    """One line about one refused value; the value itself is left out if it could be a secret."""
    message = _MESSAGES.get(detail["type"], detail["msg"].replace("Input should be", "must be"))
    if detail["type"] == CONTRADICTION:
        return _source_first(message, origins)
    location = detail["loc"]
    where = f"{_origin(location, origins)}: {'.'.join(str(part) for part in location)}"
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown setting; {known(str(location[-1]), _annotation(location[:-1]))}"
    value = detail["input"]
    secret = SecretStr in (annotation := _annotation(location), *get_args(annotation))
    if secret or detail["type"] == WEB_ADDRESS or not isinstance(value, str | int | float):
        return f"{where}: {message}"
    return f"{where} is {value!r}: {message}"


def _source_first(contradiction: str, origins: Origins) -> str:
    """The contradiction after the source of the setting it begins with, if that was set at all."""
    setting = tuple(contradiction.split(maxsplit=1)[0].rstrip(":").split("."))
    source = next((name for values, name in reversed(origins) if _holds(values, setting)), None)
    return contradiction if source is None else f"{source}: {contradiction}"


def known(name: str, section: Any) -> str:
    """Help somebody who wrote ``name``, which ``section`` doesn't have."""
    models = [kind for kind in (section, *get_args(section)) if _is_model(kind)]
    names = [field for model in models for field in model.model_fields]
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(names)}"


def _origin(location: Location, origins: Origins) -> str:
    """The strongest source that holds the value, or, for one that is missing, its section."""
    for end in range(len(location), 0, -1):
        for values, name in reversed(origins):
            if _holds(values, location[:end]):
                return name
    return "settings"


def _holds(values: Any, location: Location) -> bool:
    for part in location:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True


def _annotation(location: Location) -> Any:
    """The type of the setting at ``location``, None if there is no such setting."""
    kind: Any = Settings
    for part in location:
        if get_origin(kind) in (dict, tuple):
            kind = next(held for held in reversed(get_args(kind)) if held is not Ellipsis)
            continue
        options = [option for option in (kind, *get_args(kind)) if _is_model(option)]
        field = options[0].model_fields.get(str(part)) if options else None
        kind = None if field is None else field.annotation
    return kind


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
