"""How far the source partitions have come, as far as it may be used.

A source's position passes an event that it forwards before the event's home has folded it. What a
source says of its progress is therefore held back until every event that it had sent by then is
received where it was sent to. What it counted itself is not held back: deltas only add.
"""

from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from tidegauge.core.monitor.watermark import Completeness
from tidegauge.core.partial import Partial, Progress

MAX_HELD = 32
"""Commits of one source held back one by one; of more, every second one is passed over."""


class Held(msgspec.Struct, array_like=True):
    """What one commit of a source says of its progress, and what must be received before."""

    sent: dict[int, int] = {}
    complete: Completeness = msgspec.field(default_factory=Completeness)
    models: dict[str, Progress] = {}


class Source(msgspec.Struct, array_like=True):
    """What is known of one source partition."""

    complete: Completeness = msgspec.field(default_factory=Completeness)
    """What may be used."""
    received: dict[int, int] = {}
    """Events that it has received, by who sent them."""
    reported: dict[str, Progress] = {}
    """What the commit that is being read says of models."""
    held: list[Held] = []


class Sources:
    """All source partitions that have told anything."""

    def __init__(self) -> None:
        self.complete: dict[int, Completeness] = {}
        """The append times up to which sources have read their logs."""
        self.changed: set[int] = set()
        """Sources of which something else is known than at the last commit."""
        self._known: dict[int, Source] = {}

    def of(self, number: int) -> Source:
        """What is known of one source partition."""
        return self._known[number]

    def restore(self, number: int, known: Source) -> None:
        """Take back what `of` said."""
        self._known[number] = known
        self.complete[number] = known.complete

    def take(self, partial: Partial) -> None:
        """A source has told something; a partial without a model ends its commit."""
        number = partial.source
        source = self._known.setdefault(number, Source())
        self.changed.add(number)
        if partial.model:
            source.reported[partial.model] = partial.progress
            return
        told = partial.progress
        complete = Completeness(told.predictions_complete, told.feedback_complete)
        source.held.append(Held(partial.sent, complete, source.reported))
        source.reported, source.received = {}, partial.received
        if len(source.held) > MAX_HELD:
            pairs = zip_longest(source.held[::2], source.held[1::2])
            source.held = [_joined(one, other) for one, other in pairs]

    def released(self) -> Iterator[tuple[int, dict[str, Progress]]]:
        """What is held back no longer: sources and their progress by model, in order."""
        for number, source in self._known.items():
            while source.held and self._is_received(number, source.held[0]):
                held = source.held.pop(0)
                source.complete.predictions = max(
                    source.complete.predictions, held.complete.predictions
                )
                source.complete.feedback = max(source.complete.feedback, held.complete.feedback)
                self.complete[number] = source.complete
                self.changed.add(number)
                yield number, held.models

    def _is_received(self, sender: int, held: Held) -> bool:
        return all(
            recipient in self._known and self._known[recipient].received.get(sender, 0) >= count
            for recipient, count in held.sent.items()
        )


def _joined(earlier: Held, later: Held | None) -> Held:
    """The later of two, since what is told last holds for both."""
    if later is None:
        return earlier
    return Held(later.sent, later.complete, earlier.models | later.models)
