"""What collect tells monitor: deltas of slots and how far the source partition has come.

Partials are *deltas*, not totals: both stages commit with exactly-once transactions, so each delta
is added once, deltas of several partitions commute, and a correction is a negative count. Neither
stage keeps totals for the other's sake.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from tidegauge.core.events import FeatureValue
from tidegauge.core.ledger import ModelLedger
from tidegauge.core.stats.outcomes import Known
from tidegauge.core.stats.predictionsample import SampledPrediction
from tidegauge.core.streamtime import NEVER


class Progress(msgspec.Struct, array_like=True):
    """How far one source partition has read its two logs, times in ms.

    ``*_complete`` holds for all models, so it stands only in the partial without a model that ends
    a commit: earlier, some model's share of what was read would still be missing. The others are
    the model's own stream time and the append time of its last event.
    """

    predictions_complete: int = NEVER
    feedback_complete: int = NEVER
    predictions_time: int = NEVER
    predictions_append: int = NEVER
    feedback_time: int = NEVER
    feedback_append: int = NEVER


class SampleRow(msgspec.Struct, array_like=True, gc=False):
    """A prediction offered for the reference profile; the smallest hashes are used."""

    hash: int
    time: int
    version: str
    score: float | None
    predicted: Known | None
    """None where a sample from elsewhere does not tell the answer."""
    features: dict[str, FeatureValue]


class Partial(msgspec.Struct, array_like=True):
    """What one commit of one source partition changed for one model (empty: completeness only).

    ``slots`` holds pairs of a `SlotKey` and the wire form of its `SlotSums`, ``outcomes`` pairs of
    an `OutcomeKey` and the wire form of its `FirstLabels`, ``versions`` a version, a code and a
    data version (or empty) that were seen together, and the smallest event time of it in ms,
    ``corrections`` two starts of panes and the wire form of an `ErrorCounts` (see
    `tidegauge.core.stats.corrections`), ``examples`` the start of a pane and a sample of its
    predictions.
    ``sent`` and ``received`` stand with the completeness: how many events this source has ever
    forwarded to other source partitions, and received from them, by their number.
    """

    source: int
    model: str
    progress: Progress
    ledger: ModelLedger | None = None
    slots: list[tuple[list[Any], list[Any]]] = []
    outcomes: list[tuple[list[Any], list[Any]]] = []
    samples: list[SampleRow] = []
    versions: list[tuple[str, str, str, int]] = []
    sent: dict[int, int] = {}
    received: dict[int, int] = {}
    corrections: list[tuple[int, int, list[Any]]] = []
    examples: list[tuple[int, list[SampledPrediction]]] = []


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Partial).decode

MAX_BYTES = 512 * 1024
"""Largest partial that is written, but for one with a single larger slot; brokers refuse records of
more than 1 MiB by default."""
_LIST_HEADERS = 4 * 6


def pieces(partial: Partial, max_bytes: int = MAX_BYTES) -> Iterator[bytes]:
    """The partial as encoded records of at most ``max_bytes``; usually one.

    A model with many segments and features can change more in one commit than fits a record. The
    pieces are to be written in order and in one transaction. Slots come before samples; progress
    and ledger come with the last piece, for they hold only when all of it was taken.

    Args:
        partial: what one commit changed for one model.
        max_bytes: the size over which it is divided.
    """
    whole = encode(partial)
    if len(whole) <= max_bytes:
        yield whole
        return
    items = chain(
        (("slots", slot) for slot in partial.slots),
        (("outcomes", outcome) for outcome in partial.outcomes),
        (("samples", row) for row in partial.samples),
        (("versions", told) for told in partial.versions),
        (("corrections", change) for change in partial.corrections),
        (("examples", sample) for sample in partial.examples),
    )
    last = Partial(partial.source, partial.model, partial.progress, partial.ledger)
    room = max_bytes - len(encode(last)) - _LIST_HEADERS
    size, piece = 0, Partial(partial.source, partial.model, Progress())
    for field, item in items:
        length = len(encode(item))
        if size and size + length > room:
            yield encode(piece)
            size, piece = 0, Partial(partial.source, partial.model, Progress())
        getattr(piece, field).append(item)
        size += length
    piece.progress, piece.ledger = partial.progress, partial.ledger
    yield encode(piece)
