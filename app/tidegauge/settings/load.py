"""Gathers the settings: flags win over the environment, that over the file, that over defaults."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource
from pydantic_settings import SettingsError as SourceError

from tidegauge.settings.errors import SettingsError
from tidegauge.settings.root import Settings
from tidegauge.settings.wording import Origins, known, problems
from tidegauge.settings.yamlfile import read_file

DEFAULT_FILE = Path("tidegauge.yaml")
FILE_VARIABLE = "TIDEGAUGE_CONFIG"
_PREFIX = "TIDEGAUGE_"
_NO_FLAGS: Mapping[str, str] = MappingProxyType({})


def load(
    file: Path | None = None,
    flags: Mapping[str, str] = _NO_FLAGS,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read and check all settings.

    Args:
        file: a YAML file; None: the one that TIDEGAUGE_CONFIG names, else ``./tidegauge.yaml`` if
            there is one.
        flags: values by dotted name, such as ``{"kafka.bootstrap": "k1:9092"}``.
        environment: the process' environment unless given.

    Raises:
        SettingsError: a file can't be read, a setting is unknown, a value isn't allowed, or two
            settings contradict each other.
    """
    variables = os.environ if environment is None else environment
    path = file_in_use(file, variables)
    sources: Origins = [
        ({} if path is None else read_file(path), str(path)),
        (_read_environment(variables), "environment"),
        (_read_flags(flags), "flag"),
    ]
    values: dict[str, Any] = {}
    for source, _ in sources:
        values = _merge(values, source)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(problems(error.errors(include_url=False), sources)) from None


def file_in_use(file: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The settings file that `load` reads, or None if there is none."""
    if file is not None:
        return file
    if environment.get(FILE_VARIABLE):
        return Path(environment[FILE_VARIABLE])
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def _read_environment(variables: Mapping[str, str]) -> dict[str, Any]:
    ours = {
        name: value
        for name, value in variables.items()
        if name.upper().startswith(_PREFIX) and name.upper() != FILE_VARIABLE
    }
    for name in ours:
        section = name[len(_PREFIX) :].split("__")[0].lower()
        if section not in Settings.model_fields:
            raise SettingsError(
                [f"environment: {name}: unknown setting; {known(section, Settings)}"]
            )
    lower = {name[len(_PREFIX) :].lower(): value for name, value in ours.items()}
    return _decode(lower, "environment")


def _read_flags(flags: Mapping[str, str]) -> dict[str, Any]:
    for name in flags:
        section = name.split(".")[0]
        if section not in Settings.model_fields:
            raise SettingsError([f"flag: {name}: unknown setting; {known(section, Settings)}"])
    return _decode({name.replace(".", "__"): value for name, value in flags.items()}, "flag")


def _decode(variables: Mapping[str, str], origin: str) -> dict[str, Any]:
    """Turn ``{"kafka__group": "a"}`` into ``{"kafka": {"group": "a"}}``."""
    source = EnvSettingsSource(
        Settings, case_sensitive=True, env_prefix="", env_nested_delimiter="__"
    )
    source.env_vars = variables
    try:
        return source()
    except SourceError as error:
        what = str(error).partition(" from source")[0]
        raise SettingsError([f"{origin}: {what}; a list or mapping is written as JSON"]) from None


def _merge(below: Any, above: Any) -> Any:
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {
        key: _merge(below[key], value) if key in below else value for key, value in above.items()
    }
