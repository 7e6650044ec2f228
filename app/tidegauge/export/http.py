"""The HTTP server of a worker: metrics and probes, on a thread of its own.

It is up before the worker joins its group and needs nothing from the worker's event loop, so a
restore can be watched and a loop that hangs is seen.
"""

import gzip
import json
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted

from tidegauge.export.collector import registry
from tidegauge.export.view import View, WorkerView

log = logging.getLogger(__name__)

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_SECONDS_FOR_A_REQUEST = 30
_SECONDS_TO_CLOSE = 0.1


class AddressError(Exception):
    """The address can't be listened on; the message says which and what to set."""


class Answer(NamedTuple):
    """One response."""

    status: HTTPStatus
    content_type: str
    body: bytes


PageMaker: TypeAlias = Callable[[str], Answer]
"""Makes a page, given the Accept header of the request."""


class PageServer:
    """Serves some pages until it is closed.

    Args:
        pages: by path; called from the threads of the requests.
        host: address to listen on.
        port: 0 for any free one; `url` then names it.
        section: the section of the settings that names host and port.

    Raises:
        AddressError: the address is taken or not this machine's.
    """

    def __init__(
        self, pages: Mapping[str, PageMaker], host: str, port: int, section: str = "http"
    ) -> None:
        class Handler(_Handler):
            answer = staticmethod(partial(_answer, pages))

        self._server = _listen(host, port, Handler, section)
        self.port: int = self._server.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._thread = Thread(
            target=self._server.serve_forever, args=(_SECONDS_TO_CLOSE,), name="http", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and end connections; requests being answered are not waited for."""
        self._server.closing = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class MetricsServer(PageServer):
    """Serves ``/metrics``, ``/live``, ``/ready`` and ``/health`` of a worker until it is closed.

    Args:
        source: gives the present view; called from the threads of the requests.
        host: address to listen on.
        port: 0 for any free one; `url` then names it.
        max_series: how many series ``/metrics`` may have.

    Raises:
        AddressError: the address is taken or not this machine's.
    """

    def __init__(self, source: Callable[[], View], host: str, port: int, max_series: int) -> None:
        pages: dict[str, PageMaker] = {
            "/metrics": partial(metrics_page, registry(source, max_series)),
            "/live": lambda _: _probe(source().worker, "live"),
            "/ready": lambda _: _probe(source().worker, "ready"),
            "/health": lambda _: _health(source().worker),
        }
        super().__init__(pages, host, port)


def check_address(host: str, port: int) -> None:
    """Listen for a moment, to tell early that `MetricsServer` could not.

    Raises:
        AddressError: as there.
    """
    _listen(host, port, BaseHTTPRequestHandler, "http").server_close()


def _listen(host: str, port: int, handler: type[BaseHTTPRequestHandler], section: str) -> "_Server":
    try:
        return (_ServerV6 if ":" in host else _Server)((host, port), handler)
    except OSError as error:
        raise _taken(error, host, port, section) from None


def listening(host: str, port: int, section: str) -> socket.socket:
    """A socket that listens already, for a server that takes a while to start.

    Args:
        host: address to listen on.
        port: 0 for any free one.
        section: the section of the settings that names host and port.

    Raises:
        AddressError: the address is taken or not this machine's.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen()
    except OSError as error:
        found.close()
        raise _taken(error, host, port, section) from None
    return found


def _taken(error: OSError, host: str, port: int, section: str) -> AddressError:
    return AddressError(
        f"can't listen on {host} port {port}: {error.strerror}; "
        f"set {section}.port to a free port, or 0 for any, and {section}.host to this machine's"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    closing = False

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log a client that went away; the base class would print a traceback."""
        # the base class calls this from its exception handler
        log.debug("request of %s was broken off", client_address, exc_info=True)  # noqa: LOG014


class _ServerV6(_Server):
    address_family = socket.AF_INET6


def _answer(pages: Mapping[str, PageMaker], path: str, accept: str) -> Answer:
    page = pages.get(path.partition("?")[0])
    if page is None:
        known = f"not found; there are {', '.join(pages)}\n"
        return Answer(HTTPStatus.NOT_FOUND, _TEXT, known.encode())
    try:
        return page(accept)
    except Exception:
        log.exception("could not answer %s", path)
        return Answer(
            HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"failed; the log of the process says why\n"
        )


def metrics_page(metrics: CollectorRegistry, accept: str) -> Answer:
    """All that a registry collects, in the format that is asked for."""
    encode, content_type = choose_encoder(accept)
    return Answer(HTTPStatus.OK, content_type, encode(metrics))


def probe_page(*, good: bool, otherwise: str) -> Answer:
    """What a probe answers, with the reason where it is not good."""
    body = "ok\n" if good else f"{otherwise.rstrip()}\n"
    return Answer(HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, body.encode())


def json_page(details: Mapping[str, Any], *, good: bool) -> Answer:
    """Details for people and programs."""
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, _JSON, json.dumps(details, indent=2).encode() + b"\n")


def _probe(worker: WorkerView, probe: str) -> Answer:
    otherwise = f"not {probe}: {worker.phase} {worker.detail}"
    return probe_page(good=getattr(worker, probe), otherwise=otherwise)


def _health(worker: WorkerView) -> Answer:
    details: dict[str, Any] = {
        "live": worker.live,
        "ready": worker.ready,
        "phase": worker.phase,
        "detail": worker.detail,
        "rebalances": worker.rebalances,
        "partitions": [asdict(partition) for partition in worker.partitions],
    }
    return json_page(details, good=worker.live)


class _Handler(BaseHTTPRequestHandler):
    """Sends what `answer` gives for a path and an Accept header."""

    answer: Callable[[str, str], Answer]
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "tidegauge"
    sys_version = ""
    timeout = _SECONDS_FOR_A_REQUEST

    def parse_request(self) -> bool:
        """Read no request from a connection that was kept while the server closed."""
        if self.server.closing:
            self.close_connection = True
            return False
        return super().parse_request()

    def do_GET(self) -> None:
        """Answer with the page."""
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as for GET, without the page."""
        self._send(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log requests where only somebody who looks for them sees them."""
        log.debug("%s %s", self.address_string(), format % args)

    def _send(self, *, with_body: bool) -> None:
        status, content_type, body = self.answer(self.path, self.headers.get("Accept", ""))
        packed = gzip_accepted(self.headers.get("Accept-Encoding", ""))
        body = gzip.compress(body, compresslevel=1) if packed else body
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body:
            self.wfile.write(body)
