"""Addresses of the console: which page, of what, and how a person wants to see it.

Everything that a page depends on is in its address, so that it can be sent to somebody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

LONGEST: Final = 4_000
"""Characters of an address; a longer one is nobody's."""


@dataclass(frozen=True)
class Address:
    """One address.

    Attributes:
        page: The first part of the path; empty: the overview.
        name: The second part: of a model, or the fingerprint of an alert.
        options: What stands after the question mark.
    """

    page: str = ""
    name: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a path with its question mark; what is no address is the overview's."""
        try:
            parts = urlsplit(text[:LONGEST])
        except ValueError:
            return cls()
        page, _, name = parts.path.lstrip("/").partition("/")
        options = {key: value for key, value in parse_qsl(parts.query) if value}
        return cls(page, unquote(name), options)

    def __str__(self) -> str:
        path = "/".join(quote(part, safe="") for part in (self.page, self.name) if part)
        return f"/{path}{f'?{urlencode(self.options)}' if self.options else ''}"

    def __hash__(self) -> int:
        return hash((self.page, self.name, tuple(sorted(self.options.items()))))

    def option(self, name: str) -> str:
        """What is chosen; empty: nothing."""
        return self.options.get(name, "")

    def number(self, name: str) -> int:
        """A choice that is a whole number from 0; 0 where it is none."""
        text = self.option(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def having(self, **options: str | int | None) -> Self:
        """The same page with other choices; None or nothing drops one."""
        known = {name: str(value) for name, value in options.items() if value}
        kept = {name: value for name, value in self.options.items() if name not in options}
        return replace(self, options=kept | known)


def of_model(name: str, **options: str | int | None) -> Address:
    """The page of a model."""
    return Address("model", name).having(**options)


def of_alert(fingerprint: str) -> Address:
    """The page that tells why an alert fires."""
    return Address("alert", fingerprint)


def of_request(request_id: str) -> Address:
    """The page that tells all of one request."""
    return Address("request").having(id=request_id)
