"""Batches of decoded events, as the core takes them, for measuring it without its surroundings."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from load import Load, Pair, Shape
from tidegauge.core.collect.batch import Batch
from tidegauge.core.collect.collect import Collect
from tidegauge.core.config import CoreConfig
from tidegauge.core.events import Feedback, Prediction
from tidegauge.wire.events import (
    InvalidEvent,
    content_digests,
    decode_feedbacks,
    decode_predictions,
)

START_MS = 1_700_000_000_000

Event = TypeVar("Event", Prediction, Feedback)


def some_pairs(count: int, shape: Shape | None = None) -> list[Pair]:
    """The first requests of a load."""
    return list(Load(shape or Shape()).pairs(count, START_MS))


def predictions(pairs: Iterable[Pair]) -> Batch[Prediction]:
    """The predictions of some requests as one batch."""
    return _batch([(pair.key, pair.prediction) for pair in pairs], decode_predictions)


def feedback(pairs: Iterable[Pair]) -> Batch[Feedback]:
    """Their feedback."""
    return _batch([(pair.key, pair.feedback) for pair in pairs], decode_feedbacks)


def _batch(
    records: list[tuple[bytes, bytes]],
    decode: Callable[[Sequence[bytes | None]], list[Event | InvalidEvent]],
) -> Batch[Event]:
    decoded = decode([value for _, value in records])
    events = [event for event in decoded if not isinstance(event, InvalidEvent)]
    assert len(events) == len(records)
    return Batch(
        events,
        range(len(records)),
        [round(event.timestamp.timestamp() * 1_000) for event in events],
        content_digests(events),
    )


def collected(*batches: Batch[Prediction] | Batch[Feedback]) -> Collect:
    """The only source partition after some batches."""
    collect = Collect(CoreConfig(), 0, 1)
    for batch in batches:
        take(collect, batch)
    return collect


def take(collect: Collect, batch: Batch[Prediction] | Batch[Feedback]) -> None:
    """Have it read a batch; nothing is refused."""
    complete = batch.appends[-1] - 1
    if isinstance(batch.events[0], Prediction):
        refused = collect.predictions(batch, complete)  # type: ignore[arg-type]
    else:
        refused = collect.feedback(batch, complete)  # type: ignore[arg-type]
    assert not refused
