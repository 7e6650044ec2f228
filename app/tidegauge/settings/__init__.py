"""One YAML file, environment and flags, checked strictly."""

from tidegauge.settings.errors import SettingsError
from tidegauge.settings.load import load
from tidegauge.settings.root import Settings

__all__ = ["Settings", "SettingsError", "load"]
