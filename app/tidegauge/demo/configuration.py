"""The demo's settings, for itself and for the workers it starts."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from tidegauge.settings import Settings, load

DEMO_FILE: Final = Path(__file__).with_name("demo.yaml")
"""The settings file that is used where none is named."""
_LOGIN: Final = "kafka.sasl_password"
_LOGIN_VARIABLE: Final = "TIDEGAUGE_KAFKA__SASL_PASSWORD"
_BOOTSTRAP_VARIABLE: Final = "TIDEGAUGE_KAFKA__BOOTSTRAP"


@dataclass(frozen=True)
class Configuration:
    """Where the settings come from, and what this run adds to them.

    Attributes:
        flags: Settings given as flags, by dotted name.
        file: The settings file. What would be found elsewhere without being named is not used: the
            demo must not end up in a cluster that somebody else relies on.
    """

    flags: Mapping[str, str]
    file: Path = DEMO_FILE

    def adding(self, flags: Mapping[str, str]) -> Self:
        """The same with more flags; they go before those given."""
        return replace(self, flags={**self.flags, **flags})

    @cached_property
    def settings(self) -> Settings:
        """The checked settings.

        Raises:
            SettingsError: They can't be used.
        """
        return load(self.file, self.flags)

    @property
    def names_cluster(self) -> bool:
        """Whether somebody named a cluster, so that none is started."""
        return "bootstrap" in self.settings.kafka.model_fields_set

    @property
    def cluster_source(self) -> str:
        """Who named the cluster, and how not to."""
        if "kafka.bootstrap" in self.flags:
            return "the flag kafka.bootstrap"
        variable = next((name for name in os.environ if name.upper() == _BOOTSTRAP_VARIABLE), None)
        if variable is not None:
            return f"the environment (for a Kafka of the demo's own: unset {variable})"
        return f"the settings, {self.file} or the environment"

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs Tidegauge with the same Python and these settings.

        Others on this machine can read it, so the password is not in it but in `environment`.
        """
        shown = [flag for flag in self.flags.items() if flag[0] != _LOGIN]
        flags = [part for flag in shown for part in ("--set", "=".join(flag))]
        program = [sys.executable, "-P", "-m", "tidegauge", "--config", str(self.file)]
        return [*program, *flags, *arguments]

    def environment(self) -> dict[str, str]:
        """The environment of that command."""
        if _LOGIN not in self.flags:
            return dict(os.environ)
        others = {k: v for k, v in os.environ.items() if k.upper() != _LOGIN_VARIABLE}
        return {**others, _LOGIN_VARIABLE: self.flags[_LOGIN]}
