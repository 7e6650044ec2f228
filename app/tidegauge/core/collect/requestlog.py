"""Retained requests as changelog records: which of them changed, how they are written and read.

A row is stored as it lies in memory, without what follows from its key and the rules; a request
without feedback ends before the fields of feedback. Codes of features, if there are any, follow.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import (
    ANSWER_BYTES,
    FREE,
    HEARD,
    PACKED,
    ROW,
    STORED_BYTES,
    TAG,
    Rows,
    Series,
)
from tidegauge.core.requestkey import Keys
from tidegauge.core.stats.errorbins import NO_CODE, Codes

Ints = npt.NDArray[np.int64]
Record = tuple[bytes, bytes | None]

REQUESTS, SERIES, NAMES = b"r", b"s", b"n"
"""First byte of changelog keys: a request's key follows, or the number of a shared value."""

_NUMBER_BYTES = 4
_STATE: int = ROW.fields["state"][1]  # type: ignore[index]

_encode = msgspec.msgpack.Encoder().encode
_decode_series = msgspec.msgpack.Decoder(tuple[str, str | None, tuple[str, ...]]).decode
_decode_name = msgspec.msgpack.Decoder(str).decode


class Changed:
    """What changed since the last commit."""

    def __init__(self) -> None:
        self._rows: list[Ints] = []
        self._single: list[int] = []
        self._gone: list[Keys] = []
        self.count = 0
        """About how many records the next commit has."""

    def wrote(self, rows: Ints) -> None:
        """Rows were written."""
        self._rows.append(rows)
        self.count += len(rows)

    def wrote_one(self, row: int) -> None:
        """A row was written."""
        self._single.append(row)
        self.count += 1

    def left(self, keys: Keys) -> None:
        """Requests were let go."""
        self._gone.append(keys)
        self.count += len(keys.high)

    def take(self) -> tuple[Ints, list[Keys]]:
        """The rows written, some of which may be free again, and the keys that left."""
        rows = np.unique(np.concatenate([*self._rows, np.array(self._single, np.int64)]))
        gone = self._gone
        self._rows, self._single, self._gone, self.count = [], [], [], 0
        return rows, gone


def tombstones(gone: Sequence[Keys]) -> list[Record]:
    """The records of requests that left."""
    return [(key, None) for keys in gone for key in keys.to_bytes(REQUESTS)]


def stored(rows: Ints, records: Rows, codes: Codes, packed: Mapping[int, bytes]) -> list[Record]:
    """The records of requests; free rows have none."""
    raw = records.view(np.uint8).reshape(len(records), ROW.itemsize)
    state = records["state"]
    ordinary = (state != FREE) & (state != PACKED)
    heard = state & HEARD != 0
    binned = records["reference"] != 0
    found: list[Record] = []
    for held, size in ((heard, STORED_BYTES), (~heard, ANSWER_BYTES)):
        for coded in (False, True):
            at = np.flatnonzero(ordinary & held & (binned == coded))
            if not len(at):
                continue
            stored = np.hstack([raw[at, :size], codes[at]]) if coded else raw[at, :size]
            blob, length = stored.tobytes(), stored.shape[1]
            values = [blob[i : i + length] for i in range(0, len(blob), length)]
            found += zip(_log_keys(records[at]), values, strict=True)
    at = np.flatnonzero(state == PACKED)
    values = [packed[row] for row in rows[at].tolist()]
    found += zip(_log_keys(records[at]), values, strict=True)
    return found


def _log_keys(records: Rows) -> list[bytes]:
    return Keys(records["high"], records["low"]).to_bytes(REQUESTS)


def parsed(values: Sequence[bytes | None], keys: Keys) -> tuple[Rows, Codes]:
    """The rows of stored requests, and the codes of their features.

    A row is `FREE` where there is none, `PACKED` where it is packed.
    """
    records = np.zeros(len(values), ROW)
    records["high"], records["low"] = keys
    state = records["state"]
    raw = records.view(np.uint8).reshape(len(records), ROW.itemsize)
    rows: dict[int, list[int]] = {}
    for number, value in enumerate(values):
        if value is None:
            continue
        if value[0] == TAG:
            rows.setdefault(len(value), []).append(number)
        else:
            state[number] = PACKED
    parts: list[tuple[Ints, Codes]] = []
    for length, numbers in rows.items():
        blob = b"".join([values[number] or b"" for number in numbers])
        stored = np.frombuffer(blob, np.uint8).reshape(-1, length)
        heard = stored[:, _STATE] & HEARD != 0
        for held, size in ((heard, STORED_BYTES), (~heard, ANSWER_BYTES)):
            if not held.any():
                continue
            at = np.array(numbers, np.int64)[held]
            raw[at, :size] = stored[held, :size]
            parts.append((at, stored[held, size:]))
    width = max((part.shape[1] for _, part in parts), default=0)
    codes = np.full((len(values), width), NO_CODE, np.uint8)
    for at, part in parts:
        codes[at, : part.shape[1]] = part
    return records, codes


def shared(series: Interned[Series], names: Interned[str]) -> list[Record]:
    """The records of shared values that changed since the last call."""
    found: list[Record] = []
    for prefix, changes in ((SERIES, series.changes()), (NAMES, names.changes())):
        for number, value in changes:
            key = prefix + number.to_bytes(_NUMBER_BYTES, "big")
            found.append((key, None if value is None else _encode(value)))
    return found


def restore_shared(
    key: bytes, value: bytes | None, series: Interned[Series], names: Interned[str]
) -> None:
    """Take one record of a shared value, in the order of the log."""
    number = int.from_bytes(key[1:], "big")
    if key[:1] == NAMES:
        names.restore(number, None if value is None else _decode_name(value))
    else:
        series.restore(number, None if value is None else Series(*_decode_series(value)))
