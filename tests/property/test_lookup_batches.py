"""What is left of batches that are searched before they are decoded is what decoding them finds."""

import json
import struct

from aiokafka import ConsumerRecord
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.lookup.batches import sieve
from tidegauge.lookup.events import sought
from tidegauge.lookup.logs import Span, _decoded, _holds

PRODUCERS = (7, 8)
ATTRIBUTES = slice(21, 23)
CONTROL = 0b100000
ABORT, COMMIT = 0, 1

texts = st.binary(max_size=4).map(lambda b: bytes(97 + x % 3 for x in b))
records = st.lists(st.tuples(st.none() | texts, st.none() | texts), min_size=1, max_size=4)
logs = st.lists(
    st.one_of(
        st.tuples(st.just("plain"), st.integers(0, 1), records),
        st.tuples(st.just("transactional"), st.sampled_from(PRODUCERS), records),
        st.tuples(st.just("end"), st.sampled_from(PRODUCERS), st.sampled_from([ABORT, COMMIT])),
    ),
    max_size=8,
)


def batch(offset: int, held: list, *, codec: int = 0, producer: int = -1) -> bytes:
    builder = DefaultRecordBatchBuilder(
        2, codec, int(producer >= 0), producer, 0, 0, batch_size=1 << 20
    )
    for number, (key, value) in enumerate(held):
        builder.append(number, 1_000 + offset, key, value, [])
    return struct.pack(">q", offset) + bytes(builder.build())[8:]


def control(offset: int, producer: int, kind: int) -> bytes:
    made = bytearray(batch(offset, [(struct.pack(">hh", 0, kind), b"\0" * 6)], producer=producer))
    (attributes,) = struct.unpack(">h", made[ATTRIBUTES])
    made[ATTRIBUTES] = struct.pack(">h", attributes | CONTROL)
    return bytes(made)


def made(parts: list) -> tuple[list[bytes], list[int], list[tuple[int, int]]]:
    """Batches, the offset after each, and the aborted transactions as a broker tells them."""
    batches, ends, aborted, offset = [], [], [], 0
    begun: dict[int, int] = {}
    for kind, what, held in parts:
        if kind == "end":
            if held == ABORT and what in begun:
                aborted.append((what, begun[what]))
            begun.pop(what, None)
            batches.append(control(offset, what, held))
            offset += 1
        elif kind == "plain":
            batches.append(batch(offset, held, codec=what))
            offset += len(held)
        else:
            begun.setdefault(what, offset)
            batches.append(batch(offset, held, producer=what))
            offset += len(held)
        ends.append(offset)
    return batches, ends, aborted


def read(data: bytes, aborted: list[tuple[int, int]], needles: list[bytes]) -> list[ConsumerRecord]:
    every = _decoded(Span("t", 0, 0, 1 << 40), 0, data, list(aborted))
    return [record for record in every if _holds(record, needles)]


@given(logs, st.lists(texts.filter(len), max_size=2))
def test_a_sieve_loses_no_record_that_is_sought(parts: list, needles: list[bytes]) -> None:
    batches, ends, aborted = made(parts)
    data = b"".join(batches)
    sieved = sieve(data, needles)
    assert read(sieved.kept, aborted, needles) == read(data, aborted, needles)
    assert sieved.next_offset == (ends[-1] if ends else None)


@given(logs.filter(len), st.integers(1, 60), texts.filter(len))
def test_a_batch_that_was_cut_off_is_fetched_again(parts: list, cut: int, needle: bytes) -> None:
    batches, ends, _ = made(parts)
    sieved = sieve(b"".join(batches)[:-cut], [needle])
    assert sieved.next_offset == ([None, *ends])[-2]
    assert sieved.kept == sieve(b"".join(batches[:-1]), [needle]).kept


def test_batches_without_what_is_sought_are_not_decoded() -> None:
    batches = [batch(0, [(b"a", b"xyz")]), batch(1, [(b"b", b"x")]), batch(2, [(None, b"zz")])]
    assert sieve(b"".join(batches), [b"xyz", b"zz"]).kept == batches[0] + batches[2]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8))
def test_events_of_a_request_hold_what_is_sought(request_id: str) -> None:
    for escaped in (True, False):
        value = json.dumps({"request_id": request_id}, ensure_ascii=escaped).encode()
        assert any(needle in value for needle in sought(request_id))
