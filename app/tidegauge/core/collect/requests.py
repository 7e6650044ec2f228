"""The retained requests of one source partition, found by key and kept as rows.

An ordinary request is a row (`tidegauge.core.collect.layout`); any other is kept packed, and its
row only holds its place, its key and its expiry. Nothing here knows what an event does to a
request: `tidegauge.core.collect.join` decides about single requests, and
`tidegauge.core.collect.ordinary` about many ordinary ones at once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tidegauge.core.collect import requestlog
from tidegauge.core.collect.expiry import Expiry
from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.keyindex import NOT_FOUND, KeyIndex
from tidegauge.core.collect.layout import ANSWERED, FREE, HEARD, NAME, PACKED, Rows, Series
from tidegauge.core.collect.ordinaryrow import LevelOf, Row, request_of, row_of
from tidegauge.core.collect.request import Request, Rules, clock_of, expires_at
from tidegauge.core.collect.requestlog import Changed, Record
from tidegauge.core.collect.rowpages import Ints, RowPages
from tidegauge.core.collect.seriestable import SeriesTable
from tidegauge.core.requestkey import KEY_BYTES, Keys, as_columns
from tidegauge.core.stats.errorbins import Codes, without_filler
from tidegauge.core.streamtime import NEVER

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Request).decode

RESTORED_AT_ONCE = 20_000
"""Records that are read before they are looked up together."""
_HALF = KEY_BYTES // 2


class Found(NamedTuple):
    """A retained request and its row."""

    row: int
    request: Request


class Requests:
    """All retained requests.

    Args:
        rules: the rules of each model.
        level_of: the level of the pane pyramid that takes a label so many ms after its prediction.
    """

    def __init__(self, rules: Rules, level_of: LevelOf) -> None:
        self._rules = rules
        self._level_of = level_of
        self.series = SeriesTable(rules)
        self.names: Interned[str] = Interned()
        self._pages = RowPages()
        self._index = KeyIndex(self._pages.keys, self._pages.key)
        self._expiry = Expiry(self._pages, self.series)
        self._packed: dict[int, bytes] = {}
        self.changed = Changed()
        self._restoring: dict[bytes, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._index)

    # ---------------------------------------------------------------- many

    def find(self, keys: Keys) -> Ints:
        """The row of each key, or `NOT_FOUND`."""
        return self._index.find(keys)

    def take(self, rows: Ints) -> Rows:
        """Copies of rows."""
        return self._pages.take(rows)

    def codes(self, rows: Ints) -> Codes:
        """The codes of rows' features."""
        return self._pages.codes(rows)

    def add(self, records: Rows, codes: Codes) -> None:
        """Retain ordinary requests whose keys are not there yet, with the codes of features."""
        if not len(records):
            return
        records["expires"] = self._expiries(records)
        rows = self._pages.allocate(len(records))
        self._write(rows, records)
        self._pages.put_codes(rows, codes)
        self._index.add(rows, Keys(records["high"], records["low"]))
        self._hold(records, 1)

    def replace(self, rows: Ints, before: Rows, after: Rows) -> None:
        """Change ordinary requests."""
        if not len(rows):
            return
        after["expires"] = self._expiries(after)
        self._write(rows, after)
        self._hold(after, 1)
        self._hold(before, -1)

    def remove(self, rows: Ints, records: Rows) -> None:
        """Let go of requests."""
        if not len(rows):
            return
        keys = Keys(records["high"], records["low"])
        self._index.remove(rows, keys)
        for row in rows[records["state"] == PACKED].tolist():
            del self._packed[row]
        self._hold(records, -1)
        self._pages.release(rows)
        self.changed.left(keys)

    def due(self, times: Mapping[str, int]) -> Ints:
        """The rows that expire before the time of their clock, in ms by model."""
        return self._expiry.due(self.series.thresholds(times))

    def first(self, count: int) -> Ints:
        """The rows that expire first; of those that expire together, the smallest keys."""
        return self._expiry.first(count)

    # ---------------------------------------------------------------- one

    def get(self, key: bytes) -> Found | None:
        """The request with a key."""
        high, low = int.from_bytes(key[:_HALF], "big"), int.from_bytes(key[_HALF:], "big")
        row = self._index.find_one(high, low)
        return None if row == NOT_FOUND else Found(row, self.request(row))

    def keyed(self, row: int) -> tuple[bytes, Request]:
        """The key and the request of a row."""
        (key,) = self._pages.keys(np.array([row])).to_bytes()
        return key, self.request(row)

    def request(self, row: int) -> Request:
        """The request that a row holds."""
        packed = self._packed.get(row)
        if packed is not None:
            return _decode(packed)
        record = self._pages.one(row)
        series = self.series.series(int(record["series"]))
        codes = self._codes_of(row, int(record["reference"]))
        return request_of(record, codes, series, self.names, self._level_of)

    def _codes_of(self, row: int, reference: int) -> bytes:
        if not reference:
            return b""
        return without_filler(self._pages.codes(np.array([row])))

    def put(self, key: bytes, request: Request, row: int | None) -> None:
        """Retain a request, new (``row`` None) or changed."""
        if row is None:
            row = self._place(key)
        ordinary = row_of(request, self.names)
        if ordinary is None:
            self._packed[row] = _encode(request)
            ordinary = Row(PACKED, Series(clock_of(request), None, ()))
        else:
            self._packed.pop(row, None)
        self._fill(row, ordinary, expires_at(request, self._rules))
        self.changed.wrote_one(row)

    def _place(self, key: bytes) -> int:
        """A new row with a key; whoever asks fills it."""
        rows, keys = self._pages.allocate(1), as_columns([key])
        row = int(rows[0])
        record = self._pages.one(row)
        record["high"], record["low"] = keys.high[0], keys.low[0]
        self._index.add(rows, keys)
        return row

    def _fill(self, row: int, ordinary: Row, expires: int) -> None:
        record = self._pages.one(row)
        series = self.series.number(ordinary.series)
        told = (record["state"], record["series"], record["expires"])
        if ordinary.state == PACKED and told == (PACKED, series, expires):
            return
        if record["state"] != FREE:
            self._hold_one(record, -1)
        record["state"], record["series"], record["expires"] = ordinary.state, series, expires
        record["predicted_kind"], record["predicted"] = ordinary.predicted
        record["label_kind"], record["label"] = ordinary.label
        record["time"], record["digest"] = ordinary.time, ordinary.digest
        record["score"], record["offset"] = ordinary.score, ordinary.offset
        record["label_time"], record["label_digest"] = ordinary.label_time, ordinary.label_digest
        record["position"], record["source"] = ordinary.position, ordinary.source
        record["reference"] = ordinary.reference
        if ordinary.codes:
            codes = np.frombuffer(ordinary.codes, np.uint8)[None, :]
            self._pages.put_codes(np.array([row]), codes)
        self._hold_one(record, 1)
        self._expiry.note_one(row, self.series.clock_of(series), expires)

    # ---------------------------------------------------------------- changelog

    def changes(self) -> list[Record]:
        """The changelog records of what changed since the last call, to be written in order."""
        rows, gone = self.changed.take()
        found = requestlog.shared(self.series.interned, self.names)
        found += requestlog.tombstones(gone)
        found += requestlog.stored(
            rows, self._pages.take(rows), self._pages.codes(rows), self._packed
        )
        return found

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record, in the order of the log."""
        if key[:1] != requestlog.REQUESTS:
            requestlog.restore_shared(key, value, self.series.interned, self.names)
            return
        self._restoring[key[1:]] = value
        if len(self._restoring) >= RESTORED_AT_ONCE:
            self._reload()

    def _reload(self) -> None:
        keys = as_columns(self._restoring)
        values = list(self._restoring.values())
        self._restoring.clear()
        records, codes = requestlog.parsed(values, keys)
        rows = self.find(keys)
        live, known = records["state"] != FREE, rows != NOT_FOUND
        for row in rows[known].tolist():
            self._packed.pop(row, None)
        self._index.remove(rows[known & ~live], keys.at(known & ~live))
        self._pages.release(rows[known & ~live])
        new = live & ~known
        rows[new] = self._pages.allocate(int(new.sum()))
        self._pages.put(rows[live], records[live])
        self._pages.put_codes(rows[live], codes[live])
        self._index.add(rows[new], keys.at(new))
        for at in np.flatnonzero(records["state"] == PACKED).tolist():
            self._packed[int(rows[at])] = values[at] or b""

    def restored(self) -> None:
        """The changelog is read: find out when each request expires, and what they share."""
        self._reload()
        self.series.restored()
        for row, packed in self._packed.items():
            request, record = _decode(packed), self._pages.one(row)
            record["series"] = self.series.number(Series(clock_of(request), None, ()))
            record["expires"] = expires_at(request, self._rules)
        series, names = [], []
        for first, page in self._pages.pages():
            rows = np.flatnonzero(page["state"] != FREE)
            records = page[rows]
            ordinary = records["state"] != PACKED
            records["expires"][ordinary] = self._expiries(records[ordinary])
            page[rows] = records
            self._expiry.note(rows + first, records)
            series.append(records["series"])
            names += _named(records)
        self.series.interned.restored(_joined(series))
        self.names.restored(_joined(names))

    def tidy(self) -> None:
        """Let go of shared values that no request has any more."""
        self.series.interned.forget_unheld()
        self.names.forget_unheld()

    def rows(self) -> Ints:
        """The rows of all requests."""
        found = [np.flatnonzero(p["state"] != FREE) + first for first, p in self._pages.pages()]
        return _joined(found)

    # ---------------------------------------------------------------- inside

    def _write(self, rows: Ints, records: Rows) -> None:
        self._pages.put(rows, records)
        self._expiry.note(rows, records)
        self.changed.wrote(rows)

    def _expiries(self, records: Rows) -> Ints:
        """When ordinary requests expire; see `tidegauge.core.collect.request.expires_at`."""
        terms = self.series.terms(records["series"])
        answered, heard = records["state"] & ANSWERED != 0, records["state"] & HEARD != 0
        kept = np.where(answered, records["time"] + terms.keep, NEVER)
        waiting = np.where(heard, records["label_time"] + terms.wait, NEVER)
        latest: Ints = np.maximum(kept, waiting)
        return latest

    def _hold(self, records: Rows, sign: int) -> None:
        self.series.interned.hold(records["series"], sign)
        for named in _named(records):
            self.names.hold(named, sign)

    def _hold_one(self, record: np.void, sign: int) -> None:
        self.series.interned.hold_one(int(record["series"]), sign)
        for kind, value in (("predicted_kind", "predicted"), ("label_kind", "label")):
            if record[kind] == NAME:
                self.names.hold_one(int(record[value]), sign)
        if record["reference"]:
            self.names.hold_one(int(record["reference"]) - 1, sign)


def _named(records: Rows) -> list[npt.NDArray[np.integer]]:
    """The numbers of names that rows hold."""
    columns = (("predicted_kind", "predicted"), ("label_kind", "label"))
    named = [records[value][records[kind] == NAME] for kind, value in columns]
    references = records["reference"]
    return [*named, references[references > 0].astype(np.int64) - 1]


def _joined(parts: Sequence[npt.NDArray[np.integer]]) -> Ints:
    return np.concatenate([np.empty(0, np.int64), *parts])
