"""Requests of a process to the cluster, which wait until somebody serves them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaError
from steploop import StepLoop

REQUEST_SECONDS = 2.0
"""So long a client waits for an answer; less than a transaction may take."""


class Ask(Enum):
    """What a request is about."""

    TAKE_ID = auto()
    ADD = auto()
    PRODUCE = auto()
    ADD_GROUP = auto()
    POSITIONS = auto()
    COMMIT = auto()
    ENDS = auto()
    READ = auto()
    GROUP = auto()
    SEEK = auto()


LOCAL = {Ask.SEEK}
"""These go to another thread of the process, not to the cluster."""
WRITING = {Ask.ADD, Ask.PRODUCE, Ask.ADD_GROUP, Ask.POSITIONS, Ask.COMMIT}


@dataclass(slots=True, eq=False)
class Request:
    """One request on its way; ``answer`` is what the client waits for."""

    link: "Link"
    ask: Ask
    call: Callable[[], Any]
    answer: asyncio.Future[Any]

    def serve(self) -> None:
        """Do what it asks for, and answer."""
        try:
            result = self.call()
        except KafkaError as error:
            self.fail(error)
        else:
            if not self.answer.done():
                self.answer.set_result(result)

    def serve_unheard(self) -> None:
        """Do what it asks for, and lose the answer."""
        with suppress(KafkaError):
            self.call()
        self.time_out()

    def time_out(self) -> None:
        """There is no answer: aiokafka's producer asks again, the other clients raise."""
        self.link.later(REQUEST_SECONDS, self._unanswered)

    def _unanswered(self) -> None:
        if self.ask in WRITING or self.ask is Ask.TAKE_ID:
            self.link.pending.append(self)
        else:
            self.fail(KafkaConnectionError("no answer"))

    def serve_and_fail(self, error: KafkaError) -> None:
        """Do what it asks for, and answer with an error."""
        with suppress(KafkaError):
            self.call()
        self.fail(error)

    def fail(self, error: KafkaError) -> None:
        """Answer with an error."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Link:
    """The connections of one process.

    Args:
        loop: The process' event loop.
    """

    def __init__(self, loop: StepLoop) -> None:
        self._loop = loop
        self.pending: list[Request] = []
        self.cut = False
        self.dead = False

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Do something in the process after a while."""
        self._loop.call_later(seconds, call)

    async def ask(self, ask: Ask, call: Callable[[], Any]) -> Any:
        """Send a request and wait for the answer."""
        if self.dead:
            raise ConnectionError("the process has ended")
        request = Request(self, ask, call, self._loop.create_future())
        self.pending.append(request)
        return await request.answer
