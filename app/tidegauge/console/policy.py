"""What browsers may do with the console's pages, and under which names they may ask for them."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
"""Nothing is loaded from elsewhere or sent there; the parts in quotes are what NiceGUI needs."""
_MISDIRECTED: Final = 421
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 100
"""Characters of a name that are said again."""


class HostsMiddleware:
    """Refuses, over HTTP and WebSocket, who asks for another name than one of the console's own.

    Another site's page could otherwise read it: under a name of its own that it lets point to this
    machine (DNS rebinding), or over a WebSocket, which browsers open to any site and tell where
    from. A page of the console's own name on another port is another program's.

    Args:
        app: What answers.
        hosts: The names, in small letters, without port and brackets.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with the name of the setting."""
        if scope["type"] in {"http", "websocket"}:
            refused = self._refused(Headers(scope=scope))
            if refused is not None:
                await PlainTextResponse(refused, _MISDIRECTED)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refused(self, headers: Headers) -> str | None:
        host, origin = f"//{headers.get('host', '')}", headers.get("origin")
        for asked, address in (("for", host), ("from a page of", origin)):
            if address is not None and _place(address)[0] not in self._hosts:
                return (
                    f"The console was asked {asked} {_said(address)!r}, and answers to "
                    f"{', '.join(sorted(self._hosts))} alone. To let it answer to another name, "
                    "add that to the setting console.hosts (TIDEGAUGE_CONSOLE__HOSTS), without "
                    "the port.\n"
                )
        if origin is not None and _of_a_neighbour(host, origin):
            return (
                f"The console was asked from a page of {_said(origin)!r}, another program's under "
                "the same name; only the console's own pages may ask it.\n"
            )
        return None


def _said(address: str) -> str:
    return address.rpartition("//")[2][:_LONGEST]


def _place(address: str) -> tuple[str | None, int | None]:
    """The host and the port of an address; None for what is not there or of the scheme."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    return host, None if port == _USUAL_PORTS.get(parts.scheme) else port


def _of_a_neighbour(host: str, origin: str) -> bool:
    # a proxy that ends TLS may ask under another name than the browser does, with other ports
    scheme = urlsplit(origin).scheme
    (asked, at), (name, port) = _place(f"{scheme}:{host}"), _place(origin)
    return asked == name and at != port


class PolicyMiddleware:
    """Adds the headers that hold browsers back.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, sending)
