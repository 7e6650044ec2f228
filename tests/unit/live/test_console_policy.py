"""Under which names the console answers, over HTTP and WebSocket."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from tidegauge.console.policy import HostsMiddleware

HOSTS = ("localhost", "127.0.0.1", "::1")


async def _app(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "answered"})


def asked(kind: str, **headers: str) -> list[Message]:
    """What is sent to who asks."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": f"{kind}.disconnect"}

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "headers": pairs, "extensions": {"websocket.http.response": {}}}
    asyncio.run(HostsMiddleware(_app, HOSTS)(scope, receive, send))
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9466", "127.0.0.1:9466", "[::1]:9466"])
def test_its_own_names_are_answered(kind: str, host: str):
    assert asked(kind, host=host) == [{"type": "answered"}]
    assert asked(kind, host=host, origin=f"http://{host}") == [{"type": "answered"}]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example.org:9466"},
        {"host": "localhost.example.org"},
        {"host": "localhost@rebound.example.org"},
        {"host": "[::1"},
        {"host": ""},
        {},
        {"host": "localhost:9466", "origin": "https://elsewhere.example.org"},
        {"host": "localhost:9466", "origin": "null"},
    ],
)
def test_any_other_is_refused_with_what_to_set(kind: str, headers: dict[str, str]):
    start, body = asked(kind, **headers)
    assert start["status"] == 421
    assert start["type"] == ("" if kind == "http" else "websocket.") + "http.response.start"
    said = body["body"].decode()
    assert "answers to 127.0.0.1, ::1, localhost alone" in said
    assert "console.hosts (TIDEGAUGE_CONSOLE__HOSTS)" in said


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:9466", "http://localhost:3000"),
        ("localhost:9466", "http://localhost"),
        ("localhost", "http://localhost:3000"),
        ("[::1]:9466", "http://[::1]:9467"),
    ],
)
def test_a_page_of_another_program_here_is_refused(kind: str, host: str, origin: str):
    _, body = asked(kind, host=host, origin=origin)
    assert "another program's" in body["body"].decode()


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://localhost:80"),
        ("localhost:443", "https://localhost"),
        ("127.0.0.1:9466", "https://localhost"),
    ],
)
def test_a_proxy_may_stand_between(host: str, origin: str):
    assert asked("websocket", host=host, origin=origin) == [{"type": "answered"}]


def test_what_begins_and_ends_the_program_is_let_through():
    assert asked("lifespan") == [{"type": "answered"}]
