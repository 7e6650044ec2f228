"""Where `tidegauge console` listens."""

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from tidegauge.settings.section import Section, contradiction

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine reaches."""


class ConsoleSettings(Section):
    """The page of `tidegauge console`."""

    host: Annotated[str, StringConstraints(min_length=1, max_length=255)] = "127.0.0.1"
    """Address to listen on. Any other than this machine's own (`127.0.0.1`, `::1`, `localhost`)
    needs `console.public`."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9466
    """Port to listen on; 0: any free one."""
    public: bool = False
    """Whether other machines may reach the console. It has no login and shows features of single
    requests: put it behind a proxy that asks who it is."""

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if self.host not in LOOPBACK and not self.public:
            raise contradiction(
                f"console.host is {self.host}, which other machines can reach, and the console has "
                "no login; allowed: 127.0.0.1, or any address with console.public true"
            )
        return self
