"""Reads the settings file."""

from pathlib import Path
from typing import Any

import yaml

from tidegauge.settings.errors import SettingsError


def read_file(path: Path) -> dict[str, Any]:
    """The sections in a YAML file.

    Raises:
        SettingsError: It can't be read, holds something else, or gives a key twice.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError([f"{path}: can't be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise SettingsError([f"{path}: is not UTF-8 text"]) from None
    except _GivenTwiceError as error:
        raise SettingsError([f"{path}: {error}"]) from None
    except yaml.YAMLError as error:
        raise SettingsError([f"{path}: is not YAML: {' '.join(str(error).split())}"]) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError([f"{path}: must hold sections such as 'kafka:' at its top level"])
    return content


class _GivenTwiceError(Exception):
    """A mapping has a key twice."""


class _Loader(yaml.SafeLoader):
    """PyYAML takes the last of two equal keys and says nothing; YAML forbids them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in lines:
                raise _GivenTwiceError(
                    f"line {line}: '{key.value}' is given already in line {lines[key.value]}; "
                    "keep one of them"
                )
            lines[key.value] = line
        return super().construct_mapping(node, deep)
