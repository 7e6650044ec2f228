"""Commit protocols with one of their parts taken out, to show that the model would notice."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from aiokafka import TopicPartition
from modelclients import ModelConsumer, ModelOutside

from tidegauge.worker import changelog, opening, transaction
from tidegauge.worker.inbox import Admission, Fetch, Inbox
from tidegauge.worker.partition import Partition
from tidegauge.worker.stage import Output, Records
from tidegauge.worker.status import PartitionState

Write = Callable[..., Awaitable[None]]
Patch = pytest.MonkeyPatch
_write: Write = transaction.write
_producer = opening.transactional_producer
_admit = Inbox.admit
_note_death = Partition.note_death
_consumer = ModelOutside.consumer


def _is_state(output: Output | Records) -> bool:
    return output.topic in {"first", "second"}


def _is_position(output: Output | Records) -> bool:
    return isinstance(output, Output) and output.key == changelog.POSITIONS


def _in_two(first: Callable[[Output | Records], bool], *, positions_first: bool) -> Write:
    """Two transactions instead of one."""

    async def write(
        producer: Any,
        outputs: Iterable[Output | Records],
        positions: Mapping[TopicPartition, int],
        group: str,
    ) -> None:
        outputs = list(outputs)
        before, after = (positions, {}) if positions_first else ({}, positions)
        await _write(producer, [o for o in outputs if first(o)], before, group)
        await _write(producer, [o for o in outputs if not first(o)], after, group)

    return write


def positions_first(patch: Patch) -> None:
    """State and positions, then outputs."""
    patch.setattr(transaction, "write", _in_two(_is_state, positions_first=True))


def outputs_first(patch: Patch) -> None:
    """Outputs, then state and positions."""
    write = _in_two(lambda output: not _is_state(output), positions_first=False)
    patch.setattr(transaction, "write", write)


def at_least_once(patch: Patch) -> None:
    """Outputs and state, then positions."""
    write = _in_two(lambda output: not _is_position(output), positions_first=False)
    patch.setattr(transaction, "write", write)


def no_fencing(patch: Patch) -> None:
    """A transactional id for each producer."""
    numbers = count()

    def unfenced(settings: Any, spec: Any, partition: int) -> Any:
        own = replace(spec, changelog=f"{spec.changelog}-{next(numbers)}")
        return _producer(settings, own, partition)

    patch.setattr(opening, "transactional_producer", unfenced)


def unchecked_sends(patch: Patch) -> None:
    """Deliveries are awaited, and what came of them is not looked at."""

    class Unchecked:
        async def gather(self, *futures: Any, return_exceptions: bool) -> list[None]:
            await asyncio.gather(*futures, return_exceptions=return_exceptions)
            return [None] * len(futures)

    patch.setattr(transaction, "asyncio", Unchecked())


def dirty_restore(patch: Patch) -> None:
    """A restore reads what was never committed."""

    def consumer(outside: ModelOutside, **options: Any) -> ModelConsumer:
        return _consumer(outside, **options | {"isolation_level": "read_uncommitted"})

    patch.setattr(ModelOutside, "consumer", consumer)


def half_a_chunk(patch: Patch) -> None:
    """A stage that has raised can be committed until its death is being noted."""

    async def note_death(partition: Partition) -> None:
        partition.state = PartitionState.CLOSED
        await _note_death(partition)

    patch.setattr(Partition, "_give_up", lambda _: None)
    patch.setattr(Partition, "note_death", note_death)


def gaps_accepted(patch: Patch) -> None:
    """A fetch is taken although something before it is missing."""

    def admit(inbox: Inbox, fetch: Fetch) -> Admission:
        inbox.expected = max(inbox.expected, fetch.start)
        return _admit(inbox, fetch)

    patch.setattr(Inbox, "admit", admit)


def repeats_accepted(patch: Patch) -> None:
    """A fetch is taken although it was there before."""

    def admit(inbox: Inbox, fetch: Fetch) -> Admission:
        inbox.expected = min(inbox.expected, fetch.start)
        return _admit(inbox, fetch)

    patch.setattr(Inbox, "admit", admit)


BROKEN = (
    positions_first,
    outputs_first,
    at_least_once,
    no_fencing,
    unchecked_sends,
    dirty_restore,
    half_a_chunk,
    gaps_accepted,
    repeats_accepted,
)
