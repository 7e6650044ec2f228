"""A worker that fails where it is told to, or that was built wrongly.

A *blow* is struck once, at a named point of a commit or a restore, when a file asks for it. A
*mutant* is a commit protocol with one of its parts taken out, to show that the suite would notice.
Both are put into the worker's process before it starts; the product knows nothing of them.
"""

import asyncio
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from tidegauge.worker import changelog, opening, transaction
from tidegauge.worker.options import ShellSettings
from tidegauge.worker.stage import Output, Records, StageSpec

INSIDE = ("begun", "sent", "positioned")
"""Moments of a transaction: it has begun; its records are delivered; the group's offsets are in
it."""
POINTS = (*INSIDE, "committed")
"""And it is committed, which the worker does not know yet."""
SENDING = "sending"
WITH_COUNTS = "+counts"
"""After the name of a point: when there are partials that hold more than how far a source is."""
ONLY_PROGRESS = 600
"""Bytes of a batch of partials that may hold no more than that."""
RESTORING = "restoring"
BETWEEN = "between"
"""Between the two transactions of a mutant that needs two."""
MUTANTS = ("positions first", "outputs first", "no fencing", "unchecked sends")


def program(order: Path, mutant: str | None) -> str:
    """The text of a program that runs such a worker.

    Args:
        order: the file that asks for a blow: an act and a point, by a space.
        mutant: one of `MUTANTS`, or None.
    """
    here = str(Path(__file__).parent)
    return (
        f"import sys; sys.path.insert(0, {here!r})\n"
        "import faulthandler, signal; faulthandler.register(signal.SIGUSR1)\n"
        "from pathlib import Path\n"
        f"import sabotage; sabotage.install(Path({str(order)!r}), {mutant!r})\n"
        "from tidegauge.cli.main import run; run()"
    )


class Blows:
    """Strikes what is ordered."""

    def __init__(self, order: Path) -> None:
        self._order = order

    def _ordered(self, point: str) -> str | None:
        try:
            act, where = self._order.read_text().split(" ")
        except FileNotFoundError:
            return None
        if where != point:
            return None
        self._order.unlink()
        return act

    async def at(self, point: str) -> None:
        """Strike if a blow is ordered for this point."""
        act = self._ordered(point)
        if act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif act == "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif act == "hang":
            await asyncio.Event().wait()
        elif act == "fail":
            raise KafkaError(f"struck at {point}")

    def loses(self, point: str) -> bool:
        """Whether the batch that is being sent is to be lost."""
        return self._ordered(point) == "lose"


class Struck:
    """A producer with blows around one transaction."""

    def __init__(self, producer: AIOKafkaProducer, blows: Blows, *, last: str = "committed"):
        self._producer, self._blows, self._last = producer, blows, last
        self._counts = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    async def _at(self, point: str) -> None:
        await self._blows.at(point)
        if self._counts:
            await self._blows.at(point + WITH_COUNTS)

    async def begin_transaction(self) -> None:
        await self._producer.begin_transaction()
        await self._at("begun")

    async def send_batch(self, batch: Any, topic: str, *, partition: int) -> Any:
        counts = topic.endswith("-partials") and batch.size() > ONLY_PROGRESS
        self._counts |= counts
        if self._blows.loses(SENDING) or (counts and self._blows.loses(SENDING + WITH_COUNTS)):
            lost = asyncio.get_running_loop().create_future()
            lost.set_exception(KafkaError("lost on the way"))
            return lost
        return await self._producer.send_batch(batch, topic, partition=partition)

    async def send_offsets_to_transaction(self, offsets: Any, group: str) -> None:
        await self._at("sent")
        await self._producer.send_offsets_to_transaction(offsets, group)
        await self._at("positioned")

    async def commit_transaction(self) -> None:
        await self._producer.commit_transaction()
        await self._at(self._last)


Write = Callable[..., Awaitable[None]]
_write: Write = transaction.write
_restore = changelog.restore
_producer = opening.transactional_producer


def install(order: Path, mutant: str | None) -> None:
    """Change this process' worker."""
    blows = Blows(order)

    async def write(producer: AIOKafkaProducer, *what: Any) -> None:
        await _write(Struck(producer, blows), *what)

    async def restore(*what: Any) -> Any:
        *kept, progress = what

        def told(done: int, total: int) -> None:
            if done and blows._ordered(RESTORING):
                os.kill(os.getpid(), signal.SIGKILL)
            progress(done, total)

        return await _restore(*kept, told)

    transaction.write = write
    changelog.restore = restore
    match mutant:
        case "positions first":
            transaction.write = _in_two(blows, state_first=True)
        case "outputs first":
            transaction.write = _in_two(blows, state_first=False)
        case "no fencing":
            opening.transactional_producer = _unfenced
        case "unchecked sends":
            transaction.asyncio = _Unchecked()


def _in_two(blows: Blows, *, state_first: bool) -> Write:
    """Two transactions instead of one: state with positions, and outputs."""

    async def write(
        producer: AIOKafkaProducer,
        outputs: Iterable[Output | Records],
        positions: Mapping[TopicPartition, int],
        group: str,
    ) -> None:
        outputs = list(outputs)
        state = [o for o in outputs if o.topic.endswith("-state")]
        others = [o for o in outputs if not o.topic.endswith("-state")]
        halves = [(state, positions), (others, {})]
        first, second = halves if state_first else halves[::-1]
        # what monitor lost or repeated, its next commit would cover up
        sizes = [len(o.value or b"") for o in others if isinstance(o, Output) and _is_partial(o)]
        last = BETWEEN if sum(sizes) > ONLY_PROGRESS else ""
        await _write(Struck(producer, blows, last=last), *first, group)
        await _write(Struck(producer, blows), *second, group)

    return write


def _is_partial(output: Output) -> bool:
    return output.topic.endswith("-partials")


def _unfenced(settings: ShellSettings, spec: StageSpec, partition: int) -> AIOKafkaProducer:
    own = f"{spec.changelog}-{uuid.uuid4().hex}"
    return _producer(settings, replace(spec, changelog=own), partition)


class _Unchecked:
    """asyncio whose `gather` hides what went wrong."""

    async def gather(self, *futures: Any, return_exceptions: bool) -> list[None]:
        await asyncio.gather(*futures, return_exceptions=return_exceptions)
        return [None] * len(futures)
