"""Retained requests as rows: found, changed, stored and expired like entries of a plain dict."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import logs
from world import CONFIG, Plan, Published, World, retained

from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.keyindex import KeyIndex
from tidegauge.core.collect.layout import Coded, Rows, code, code_all, known, numbered
from tidegauge.core.collect.ordinary import Bools, Ordinary
from tidegauge.core.collect.ordinaryrow import row_of
from tidegauge.core.collect.request import Answer, Line, Request, Revision
from tidegauge.core.collect.requests import Requests
from tidegauge.core.requestkey import Keys, as_columns, request_key
from tidegauge.core.stats.outcomes import kept

# keys that begin at few places, with few tags, so that many collide
halves = st.sampled_from([0, 1, 2**32, 2**54, 2**63, 2**64 - 1])
key_sets = st.lists(st.tuples(halves, halves), unique=True, max_size=30)


def columns(keys: list[tuple[int, int]]) -> Keys:
    table = np.array(keys, np.uint64).reshape(-1, 2)
    return Keys(table[:, 0].copy(), table[:, 1].copy())


@given(st.lists(st.tuples(st.booleans(), key_sets), max_size=12))
def test_the_index_finds_what_a_dict_finds(steps: list[tuple[bool, list[tuple[int, int]]]]) -> None:
    stored: list[tuple[int, int]] = []
    index = KeyIndex(
        lambda rows: columns([stored[row] for row in rows.tolist()]), stored.__getitem__
    )
    rows: dict[tuple[int, int], int] = {}
    for adding, keys in steps:
        part = [key for key in keys if (key in rows) != adding]
        if adding:
            new = np.arange(len(stored), len(stored) + len(part))
            stored += part
            rows |= dict(zip(part, new.tolist(), strict=True))
            index.add(new, columns(part))
        else:
            index.remove(np.array([rows.pop(key) for key in part], np.int64), columns(part))
        assert len(index) == len(rows)
        found = index.find(columns(keys)).tolist()
        assert found == [rows.get(key, -1) for key in keys]
        assert found == [index.find_one(*key) for key in keys]


def test_the_index_grows_and_is_built_anew() -> None:
    rng = np.random.default_rng(3)
    keys = Keys(*rng.integers(0, 2**64, (2, 50_000), np.uint64))
    index = KeyIndex(keys.at, lambda row: (int(keys.high[row]), int(keys.low[row])))
    for first in range(0, 50_000, 2_000):
        rows = np.arange(first, first + 2_000)
        index.add(rows, keys.at(rows))
        index.remove(rows[:1_000], keys.at(rows[:1_000]))
    found = index.find(keys)
    assert (found == np.where(np.arange(50_000) % 2_000 < 1_000, -1, np.arange(50_000))).all()
    assert index.nbytes < 50_000 * 40


def test_keys_that_all_begin_at_the_last_place_are_found() -> None:
    keys = Keys(np.full(3_000, 2**64 - 1, np.uint64), np.arange(3_000, dtype=np.uint64) << 40)
    index = KeyIndex(keys.at, lambda row: (int(keys.high[row]), int(keys.low[row])))
    for rows in np.array_split(np.arange(3_000), 7):
        index.add(rows, keys.at(rows))
    assert (index.find(keys) == np.arange(3_000)).all()
    assert index.nbytes < 200_000


outcomes = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(-1e100, 1e100),
    st.sampled_from(["late", "true", "0", "-7", "007", "12345678901234567", "", "1.0"]),
)


@given(st.lists(outcomes, min_size=1, max_size=20))
def test_outcomes_are_coded_alike_one_by_one_and_together(values: list[Any]) -> None:
    names: Interned[str] = Interned()
    coded = code_all(values, names)
    one_by_one = [code(kept(value), names) for value in values]
    assert list(zip(coded.kinds.tolist(), coded.values.tolist(), strict=True)) == one_by_one
    assert [known(*pair, names) for pair in one_by_one] == [kept(value) for value in values]
    different, at = numbered(coded)
    assert len(different.kinds) == len({(type(kept(v)), kept(v)) for v in values})
    assert (different.kinds[at] == coded.kinds).all()
    assert (different.values[at] == coded.values).all()


def test_numbers_that_differ_in_their_highest_bits_are_told_apart() -> None:
    coded = code_all([0.5, -0.5, 2.5, 1e90], Interned())
    different, _ = numbered(Coded(coded.kinds, coded.values))
    assert len(different.kinds) == 4


words = st.sampled_from("abcdef")


@given(st.lists(st.tuples(words, words, st.booleans()), max_size=40))
def test_shared_values_last_as_long_as_anybody_holds_them(
    steps: list[tuple[str, str, bool]],
) -> None:
    shared: Interned[str] = Interned()
    log: dict[int, str | None] = {}
    held: list[int] = []
    for value, other, commit in steps:
        held.append(shared.number(value))
        shared.hold(np.array(held[-1:]))
        shared.number(other)
        if len(held) > 3:
            shared.hold_one(held.pop(0), -1)
        shared.forget_unheld()
        assert {shared.value(number) for number in held} == {v for _, v in shared.items()}
        if commit:
            log |= dict(shared.changes())
    log |= dict(shared.changes())
    restored: Interned[str] = Interned()
    for number, word in log.items():
        restored.restore(number, word)
    restored.restored(np.array(held, np.int64))
    assert dict(restored.items()) == dict(shared.items())
    for word in "abcdefgh":
        restored.number(word)
    assert sorted(value for _, value in restored.items()) == list("abcdefgh")


def test_a_value_may_move_to_another_number_while_it_is_restored() -> None:
    shared: Interned[str] = Interned()
    for number, word in ((5, "v"), (3, "v"), (5, "w")):
        shared.restore(number, word)
    shared.restored(np.array([3, 5]))
    assert (shared.find("v"), shared.find("w")) == (3, 5)


@given(logs(max_requests=30), st.integers(0, 2**16))
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_many_at_once_are_joined_as_one_by_one(log: list[Published], seed: int) -> None:
    plan = Plan(seed=seed, partitions=2, max_batch=40, crash=0.05)
    together = World(log).run(plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ordinary, "answers", _none)
        patch.setattr(Ordinary, "feedback", _none)
        single = World(log).run(plan)
    assert single.ledgers == together.ledgers
    assert single.windows == together.windows
    assert single.streams == together.streams


def _none(_: Ordinary, new: Rows, *__: object) -> Bools:
    return np.zeros(len(new), np.bool_)


ordinary_requests = [
    Request([], [Line(None, [Revision(0, 5, "late", 1, 2)])]),
    Request([], [Line("m", [Revision(0, 5, 0.5, 1, 2)])]),
    Request([Answer("m", "1", 3, 7, "1", None, ())], []),
    Request([Answer("m", "1", 3, 7, 0.25, 0.5, ("f", "v"))], []),
    Request([Answer("m", "1", 3, 7, "1", 0.5, (), source=3, position=2**40)], []),
    Request([Answer("m", "1", 3, 7, "1", 0.5, (), reference="r", codes=b"\0\xff\0")], []),
    Request([Answer("m", "1", 3, 7, "1", 0.5, (), reference="s", codes=b"\1")], []),
    Request([Answer("m", "1", 3, 7, "0", 0.5, ())], [Line("m", [Revision(0, 10**12, "1", 1, 2)])]),
    Request(
        [Answer("m", "1", 3, 7, "0", 0.5, (), ((0, "1"),), True)],
        [Line(None, [Revision(0, 5, "1", 1, 2)])],
    ),
]
others = [
    Request([Answer("m", "1", 3, 7, "1", None, (), duplicates=1)], []),
    Request([Answer("m", "1", 3, 7, "1", None, ()), Answer("m", "2", 3, 7, "1", None, ())], []),
    Request([], [Line(None, [Revision(1, 5, "late", 1, 2)])]),
    Request([], [Line(None, [Revision(0, 5, "late", 1, 2)], conflicts=1)]),
    Request([Answer("m", "1", 3, 7, "0", 0.5, ())], [Line("n", [Revision(0, 5, "1", 1, 2)])]),
]


def test_requests_are_restored_with_the_codes_of_their_features() -> None:
    requests, restored = (Requests(CONFIG.model, lambda _: 0) for _ in range(2))
    for number, request in enumerate([*ordinary_requests, *others]):
        requests.put(request_key(b"%d" % number), request, None)
    for record in requests.changes():
        restored.restore(*record)
    restored.restored()
    assert retained(restored) == retained(requests)


@pytest.mark.parametrize("request_", [*ordinary_requests, *others])
def test_a_request_is_got_as_it_was_put(request_: Request) -> None:
    requests = Requests(CONFIG.model, lambda _: 0)
    key = request_key(b"r")
    requests.put(key, request_, None)
    found = requests.get(key)
    assert found is not None
    assert found.request == request_
    assert (row_of(request_, Interned()) is not None) == (request_ in ordinary_requests)
    for other in [*ordinary_requests, *others]:
        requests.put(key, other, found.row)
        requests.tidy()
        assert retained(requests) == {key: other}
    assert len(requests.changes()) >= 1
    rows = requests.find(as_columns([key]))
    requests.remove(rows, requests.take(rows))
    requests.tidy()
    assert len(requests) == len(requests.names) == len(requests.series.interned) == 0
    assert dict(requests.changes())[b"r" + key] is None


def test_of_those_that_expire_together_the_smallest_keys_are_first() -> None:
    requests = Requests(CONFIG.model, lambda _: 0)
    keys = sorted(request_key(b"%d" % number) for number in range(9))
    for at, key in enumerate(keys):
        answer = Answer("m", "1", 5 if at % 2 else 9, 0, "1", None, ())
        requests.put(key, Request([answer], []), None)
    first = [requests.keyed(row)[0] for row in requests.first(5).tolist()]
    assert first == [*keys[1::2], keys[0]]


def test_replaced_rules_decide_when_what_is_restored_expires() -> None:
    requests = Requests(CONFIG.model, lambda _: 0)
    key = request_key(b"r")
    requests.put(key, ordinary_requests[2], None)
    later = replace(CONFIG.default, label_horizon_ms=10**9, correction_horizon_ms=10**9)
    fresh = Requests(lambda _: later, lambda _: 0)
    for record in requests.changes():
        fresh.restore(*record)
    fresh.restored()
    assert fresh.due({"m": 10**9}).tolist() == []
    assert fresh.due({"m": 2 * 10**9}).tolist() == [0]
