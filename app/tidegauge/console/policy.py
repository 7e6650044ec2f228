"""What browsers may do with the console's pages, and under which names they may ask for them."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegauge.settings.console import LOOPBACK

_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
)
"""Nothing is loaded from elsewhere or sent there; the parts in quotes are what NiceGUI needs."""


def allowed_hosts(host: str) -> list[str]:
    """The names under which a console on the loopback may be asked for; empty: under any.

    Another site's page could otherwise read it, under a name that it lets point to this machine
    (DNS rebinding).
    """
    return [*LOOPBACK, "[::1]"] if host in LOOPBACK else []


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
