"""Addresses and logins of targets: where they come from, and that they stay hidden."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tidegauge.notify.errors import NotifyError
from tidegauge.settings.notify import TargetSettings

_DELIMITERS = re.compile("[/@:?&=]")
_SHORTEST = 4
"""Shorter parts of an address are no secrets, and would blot out harmless text."""


class Address:
    """The address of a target and its login; neither is in its ``repr``.

    Args:
        url: where to.
        authorization: value of the header Authorization, if there is one.
        public: whether the address is no secret.
    """

    def __init__(self, url: str, authorization: str | None = None, *, public: bool = False) -> None:
        self.url = url
        self.authorization = authorization
        self._hidden = sorted(_hidden(url, authorization, public=public), key=len, reverse=True)

    def redacted(self, text: str) -> str:
        """The text without anything secret of this address."""
        for part in self._hidden:
            text = text.replace(part, "***")
        return text

    @property
    def shown(self) -> str:
        """The address as it may be shown."""
        return self.redacted(self.url)


def _hidden(url: str, authorization: str | None, *, public: bool) -> Iterable[str]:
    if authorization is not None:
        yield from (authorization, *authorization.split())
    if public:
        return
    parts = urlsplit(url)
    for place in (parts.netloc, parts.path, parts.query, parts.fragment):
        yield from _long(place)
        for part in _DELIMITERS.split(place):
            if part != parts.hostname:
                yield from _long(part)
    yield from _long(url.partition("://")[2])


def _long(part: str) -> Iterable[str]:
    for form in (part, unquote(part)):
        if len(form) >= _SHORTEST:
            yield form


def address_of(
    name: str, target: TargetSettings, environment: Mapping[str, str] = os.environ
) -> Address:
    """Read the address and the login of a target.

    Raises:
        NotifyError: A variable is not set, or a file can't be read or is empty.
    """
    url = target.url or _read(name, "url", target.url_env, target.url_file, environment)
    login = target.authorization_env, target.authorization_file
    authorization = _read(name, "authorization", *login, environment) if any(login) else None
    return Address(url, authorization, public=target.url is not None)


def _read(
    name: str,
    what: str,
    variable: str | None,
    file: Path | None,
    environment: Mapping[str, str],
) -> str:
    place = f"notify.targets.{name}.{what}"
    if variable is not None:
        value = environment.get(variable, "").strip()
        if not value:
            raise NotifyError(f"{place}_env: the environment variable {variable} is not set")
        return value
    try:
        value = Path(file or "").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise NotifyError(f"{place}_file: can't read {file}: {reason}") from None
    if not value or "\n" in value:
        raise NotifyError(f"{place}_file: {file} must hold one line")
    return value
