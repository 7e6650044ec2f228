"""How an ordinary request is laid out: one row of fixed size.

Ordinary is a request with one answer, with one first feedback, or with both, and nothing more:
nothing came twice, nothing was corrected. Everything else is kept packed
(`tidegauge.core.collect.requests`).

What many rows share, the model with its version and segments, is a number (the *series*). Outcomes
are a kind and eight bytes: a number with a fraction as it is, a whole number as an integer, any
other class as the number of its name.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.interned import Interned
from tidegauge.core.events import Outcome
from tidegauge.core.stats.outcomes import LARGEST_CLASS, WHOLE_NUMBER, Known, kept

ROW = np.dtype(
    [
        ("tag", "u1"),
        ("state", "u1"),
        ("predicted_kind", "u1"),
        ("label_kind", "u1"),
        ("series", "<u4"),
        ("time", "<i8"),
        ("digest", "<u8"),
        ("predicted", "<i8"),
        ("score", "<f8"),
        ("position", "<i8"),
        ("source", "<u4"),
        ("reference", "<u4"),
        ("label_time", "<i8"),
        ("label_digest", "<u8"),
        ("label", "<i8"),
        ("offset", "<i8"),
        ("high", "<u8"),
        ("low", "<u8"),
        ("expires", "<i8"),
    ]
)
"""One retained request. The record of its prediction lies at ``position`` in the partition
``source`` of the topic. ``reference`` is 0, or one more than the number of the reference (its id, a
name) that codes of its features are kept of, until its first label. What follows ``offset`` is not
stored: the key is that of the record, and expiry follows from the rules."""

ANSWER_BYTES: int = ROW.fields["label_time"][1]  # type: ignore[index]
"""What is stored of a row without feedback."""
STORED_BYTES: int = ROW.fields["high"][1]  # type: ignore[index]

TAG = 0
"""First byte of a stored row; a packed request begins with another."""

FREE, PACKED = 0, 128
ANSWERED, HEARD, LABELLED, NAMED = 1, 2, 4, 8
"""Bits of ``state``: it has an answer, it has feedback, which labels the answer, which names the
model. `PACKED` stands alone: the row holds the place of a packed request."""

Rows = npt.NDArray[np.void]
"""Records of dtype `ROW`, shape ``(n,)``."""

FRACTION, WHOLE, NAME = 1, 2, 3
"""Kinds of outcomes."""

_BITS = struct.Struct("<d")
_INTEGER = struct.Struct("<q")


class Series(NamedTuple):
    """What many rows share; ``version`` is None where there is no answer yet."""

    model: str
    """The answer's; without one the model that feedback names, or `UNKNOWN_MODEL`."""
    version: str | None
    segments: tuple[str, ...]


class Coded(NamedTuple):
    """Outcomes by column."""

    kinds: npt.NDArray[np.uint8]
    values: npt.NDArray[np.int64]


def code(outcome: Known, names: Interned[str]) -> tuple[int, int]:
    """The kind and value of an outcome as it is kept."""
    if isinstance(outcome, float):
        return FRACTION, _INTEGER.unpack(_BITS.pack(outcome))[0]
    if WHOLE_NUMBER.fullmatch(outcome):
        return WHOLE, int(outcome)
    return NAME, names.number(outcome)


def known(kind: int, value: int, names: Interned[str]) -> Known:
    """The inverse of `code`."""
    if kind == FRACTION:
        return float(_BITS.unpack(_INTEGER.pack(value))[0])
    return str(value) if kind == WHOLE else names.value(value)


def code_all(outcomes: Sequence[Outcome], names: Interned[str]) -> Coded:
    """Outcomes as they were published, by column."""
    types = set(map(type, outcomes))
    count = len(outcomes)
    if types == {int}:
        return Coded(np.full(count, WHOLE, np.uint8), np.array(outcomes, np.int64))
    if types == {float}:
        numbers = np.array(outcomes, np.float64)
        whole = (np.rint(numbers) == numbers) & (np.abs(numbers) <= LARGEST_CLASS)
        kinds = np.where(whole, WHOLE, FRACTION).astype(np.uint8)
        integers = np.where(whole, numbers, 0.0).astype(np.int64)
        return Coded(kinds, np.where(whole, integers, numbers.view(np.int64)))
    seen: dict[tuple[type, Outcome], tuple[int, int]] = {}
    coded = []
    for outcome in outcomes:
        # True and 1 are one key of a dict otherwise
        key = (type(outcome), outcome)
        found = seen.get(key)
        if found is None:
            found = seen[key] = code(kept(outcome), names)
        coded.append(found)
    table = np.array(coded, np.int64).reshape(count, 2)
    return Coded(table[:, 0].astype(np.uint8), table[:, 1])


def numbered(rows: Coded) -> tuple[Coded, npt.NDArray[np.int64]]:
    """The distinct outcomes of some rows, and which of them each row has."""
    values, at = np.unique(rows.values, return_inverse=True)
    combined, number = np.unique(at * (NAME + 1) + rows.kinds, return_inverse=True)
    kinds = (combined % (NAME + 1)).astype(np.uint8)
    return Coded(kinds, values[combined // (NAME + 1)]), number
