from types import SimpleNamespace

import msgspec
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.worker.inbox import Fetch
from tidegauge.worker.quarantine import ASIDE, DIED, Death, Quarantine, encode_aside

TP = TopicPartition("predictions", 0)


def fetch(start, end, *, without=()):
    offsets = [offset for offset in range(start, end) if offset not in without]
    return Fetch(TP, start, end, end, tuple(SimpleNamespace(offset=at) for at in offsets))


def ranges(quarantine, fetched):
    return [(piece.fetch.start, piece.fetch.end) for piece in quarantine.pieces(fetched)]


def test_without_a_death_a_fetch_stays_whole():
    assert ranges(Quarantine(), fetch(3, 9)) == [(3, 9)]


def test_the_range_of_a_death_is_read_record_by_record():
    quarantine = Quarantine(death=Death("predictions", 4, 6))
    assert ranges(quarantine, fetch(2, 9)) == [(2, 4), (4, 5), (5, 6), (6, 9)]
    assert ranges(quarantine, fetch(6, 9)) == [(6, 9)]


def test_another_topic_is_not_split():
    quarantine = Quarantine(death=Death("feedback", 4, 6))
    assert ranges(quarantine, fetch(2, 9)) == [(2, 9)]


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 40), st.sets(st.integers(0, 60)))
def test_pieces_cover_the_fetch_and_keep_every_record(before, width, start, gaps):
    quarantine = Quarantine(death=Death("predictions", before, before + width))
    whole = fetch(start, start + 20, without=gaps)
    pieces = [piece.fetch for piece in quarantine.pieces(whole)]
    assert [piece.start for piece in pieces] == [start, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == whole.end
    assert [r for piece in pieces for r in piece.records] == list(whole.records)


def test_a_repeated_death_narrows_to_the_record_and_is_counted():
    quarantine = Quarantine()
    assert quarantine.failed(fetch(10, 20), None) == Death("predictions", 10, 20, 1)
    assert quarantine.failed(fetch(13, 14), None) == Death("predictions", 13, 14, 2)
    assert quarantine.failed(fetch(13, 14), None) == Death("predictions", 13, 14, 3)
    assert quarantine.failed(fetch(50, 60), 55) == Death("predictions", 55, 56, 1)


def test_records_set_aside_are_taken_out_and_forgotten_once_passed():
    quarantine = Quarantine()
    quarantine.restore(ASIDE, encode_aside({"predictions": {4, 40}}))
    (piece,) = quarantine.pieces(fetch(3, 6))
    assert [record.offset for record in piece.fetch.records] == [3, 5]
    assert [record.offset for record in piece.aside] == [4]
    quarantine.passed("predictions", 6)
    ((key, value),) = quarantine.changes()
    assert key == ASIDE
    assert msgspec.json.decode(value) == {"predictions": [40]}
    assert quarantine.changes() == []


def test_a_death_is_forgotten_once_passed():
    quarantine = Quarantine()
    quarantine.restore(DIED, msgspec.json.encode(Death("predictions", 4, 6, 2)))
    quarantine.passed("predictions", 5)
    assert quarantine.death == Death("predictions", 4, 6, 2)
    quarantine.passed("predictions", 6)
    assert quarantine.changes() == [(DIED, None)]
