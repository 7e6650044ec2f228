"""Where `tidegauge console` listens."""

import re
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from tidegauge.settings.section import CommaList, Section, contradiction

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Addresses that only this machine reaches."""

_NAME: Final = re.compile(r"[^\s:/\[\]]+|[0-9a-f]*:[0-9a-f.]*:[0-9a-f:.]*")
"""A name or an address without port and brackets; one of IPv6 has two colons."""


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
    hosts: CommaList[Annotated[str, StringConstraints(to_lower=True)]] = LOOPBACK
    """Names and addresses, without port, under which browsers may ask for the console, also through
    a proxy: what stands in the address bar. Under any other it refuses, or a page of another site
    could read it by letting a name of its own point here (DNS rebinding)."""

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if self.host not in LOOPBACK and not self.public:
            raise contradiction(
                f"console.host is {self.host}, which other machines can reach, and the console has "
                "no login; allowed: 127.0.0.1, or any address with console.public true"
            )
        for name in self.hosts:
            if not _NAME.fullmatch(name):
                raise contradiction(
                    f"console.hosts has {name!r}; allowed: names and addresses without scheme, "
                    "port and brackets, such as tidegauge.example.org"
                )
        return self
