"""The program of the console: one reader, one picture of what is known, a tab for each browser."""

import json
import signal
import socket
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from nicegui import app, ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from tidegauge.console.address import Address
from tidegauge.console.lookups import Lookups
from tidegauge.console.pictures import Pictures
from tidegauge.console.policy import HostsMiddleware, PolicyMiddleware
from tidegauge.live.reader import Reader
from tidegauge.live.source import Source
from tidegauge.live.state import State
from tidegauge.lookup.request import look_up
from tidegauge.settings import Settings

_LOOK_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 2
_HERE: Final = Path(__file__).parent
_THEME: Final = """
<script>
  const theme = localStorage.getItem("tidegauge-theme");
  if (theme) document.documentElement.dataset.theme = theme;
</script>
"""
"""Before anything is drawn, so that a page that is dark is never white first."""
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="7" fill="#14636f"/>'
    '<path d="M5 20c4 0 4-7 8-7s4 9 8 9 3-5 6-5" fill="none" stroke="#fff" stroke-width="3"'
    ' stroke-linecap="round"/></svg>'
)


class View(Element, component="console.js"):
    """What draws a page in the browser.

    Args:
        page: The blocks to begin with, as JSON.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self._props["page"] = page

    def show(self, page: str, order: list[str], changed: str) -> None:
        """Send what has changed; the whole is kept for a browser that connects anew."""
        with self._props.suspend_updates():
            self._props["page"] = page
        self.run_method("patch", order, changed)


class Tab:
    """One page in one browser.

    Args:
        pictures: What is shown.
        address: Which page to begin with.
    """

    def __init__(self, pictures: Pictures, address: Address) -> None:
        self._pictures = pictures
        self._address = address
        self._sent = pictures.blocks(address)
        self._view = View(_whole(self._sent))
        self._view.on("go", self._go)
        self._title()
        ui.timer(_LOOK_SECONDS, self._renew)

    def _go(self, event: GenericEventArguments) -> None:
        self._address = Address.parse(str(event.args))
        self._title()
        self._renew()

    def _renew(self) -> None:
        blocks = self._pictures.blocks(self._address)
        if blocks is self._sent:
            return
        changed = {key: text for key, text in blocks.items() if self._sent.get(key) != text}
        if changed or list(blocks) != list(self._sent):
            parts = ",".join(f"{json.dumps(key)}:{text}" for key, text in changed.items())
            self._view.show(_whole(blocks), list(blocks), f"{{{parts}}}")
        self._sent = blocks

    def _title(self) -> None:
        ui.page_title(" · ".join(filter(None, (self._address.name, "tidegauge"))))


def _whole(blocks: dict[str, str]) -> str:
    return f"[{','.join(f'[{json.dumps(key)},{text}]' for key, text in blocks.items())}]"


def run(settings: Settings, address: socket.socket, size_ms: int) -> int:
    """Serve the console until a signal ends it.

    Args:
        settings: The cluster, and where to listen.
        address: Listens there.
        size_ms: The size of the windows to begin with.

    Returns:
        The exit code.
    """
    reader = Reader(settings.kafka, client="tidegauge-console", everything=True)
    state = State(settings.kafka.bootstrap, lambda: time.time_ns() // 1_000_000, size_ms)
    bugs: list[Exception] = []

    def failed(bug: Exception) -> None:
        bugs.append(bug)
        app.shutdown()

    app.on_exception(failed)
    lookups = Lookups(partial(look_up, settings))
    serve(Pictures(state, settings, lookups), reader, settings.console.hosts, address)
    if bugs:
        raise bugs[0]
    return 0


def serve(pictures: Pictures, source: Source, hosts: Sequence[str], address: socket.socket) -> None:
    """Serve pages of what a source tells, until a signal ends it.

    Args:
        pictures: The pages.
        source: What is read.
        hosts: The names under which it may be asked for.
        address: Listens there.
    """
    app.on_startup(source.start)
    app.on_shutdown(source.stop)
    app.on_shutdown(pictures.close)
    app.timer(_LOOK_SECONDS, lambda: pictures.take(source.take()))
    _define_page(pictures)
    server = FastAPI(openapi_url=None)
    server.add_middleware(PolicyMiddleware)
    server.add_middleware(HostsMiddleware, hosts=hosts)
    ui.run_with(
        server,
        title="tidegauge",
        favicon=_ICON,
        dark=None,
        language="en-US",
        show_welcome_message=False,
        tailwind=False,
        reconnect_timeout=30.0,
        message_history_length=100,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        # the server stops by itself, and then raises the signal again
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(
        server, log_level="warning", ws="wsproto", timeout_graceful_shutdown=_STOP_SECONDS
    )
    uvicorn.Server(config).run(sockets=[address])


def _define_page(pictures: Pictures) -> None:
    style = (_HERE / "console.css").read_text(encoding="utf-8")

    @ui.page("/{path:path}")
    def page(path: str) -> None:  # noqa: ARG001 - the address has it still quoted
        request = ui.context.client.request
        quoted = request.scope["raw_path"].decode("ascii", "replace")
        ui.add_head_html(_THEME)
        ui.add_css(style)
        Tab(pictures, Address.parse(f"{quoted}?{request.url.query}"))
