"""A local HTTP server that takes, refuses, hangs and goes away as a test wants."""

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with the statuses that are listed, then with 200; 0 is no answer at all."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)
    """Headers of the answers."""
    said: bytes = b""
    requests: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._released = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The idempotency keys of all requests."""
        return [request.headers["idempotency-key"] for request in self.requests]

    def __enter__(self) -> Self:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append(Received(self.path, headers, self.rfile.read(length)))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if not status:
                    receiver._released.wait(60)
                    return
                self.send_response(status)
                for name, value in {
                    "Content-Length": str(len(receiver.said)),
                    **receiver.more,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.said)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *_: object) -> None:
                """A client that does not wait is no error here."""

        self._released.clear()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
