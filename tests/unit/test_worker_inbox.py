import random
from types import SimpleNamespace

from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.worker.inbox import Admission, Fetch, Inbox

TP = TopicPartition("predictions", 0)


def fetch(start, end):
    records = tuple(SimpleNamespace(offset=at, timestamp=at * 10) for at in range(start, end))
    return Fetch(TP, start, end, end, records)


def offsets(inbox):
    taken = []
    while len(inbox):
        taken += [record.offset for record in inbox.pop(1).records]
    return taken


def test_contiguous_fetches_are_taken():
    inbox = Inbox()
    inbox.reset(5)
    assert inbox.admit(fetch(5, 8)) is Admission.TAKEN
    assert inbox.admit(fetch(8, 9)) is Admission.TAKEN
    assert inbox.expected == 9
    assert inbox.head_time() == 50
    assert offsets(inbox) == [5, 6, 7, 8]
    assert inbox.head_time() is None


def test_what_waits_is_taken_together_up_to_a_limit():
    inbox = Inbox()
    for start, end in ((0, 3), (3, 5), (5, 5), (5, 9)):
        inbox.admit(fetch(start, end))
    assert len(inbox) == 9
    taken = inbox.pop(6)
    assert (taken.start, taken.end, taken.readable_end, len(taken.records)) == (0, 5, 5, 5)
    assert (inbox.start, len(inbox)) == (5, 4)
    assert inbox.pop(1) == fetch(5, 9)
    assert (inbox.start, len(inbox)) == (9, 0)


def test_what_is_known_is_refused_or_trimmed():
    inbox = Inbox()
    assert inbox.admit(fetch(0, 4)) is Admission.TAKEN
    assert inbox.admit(fetch(1, 4)) is Admission.DUPLICATE
    assert inbox.admit(fetch(2, 6)) is Admission.TRIMMED
    assert offsets(inbox) == [0, 1, 2, 3, 4, 5]


def test_a_gap_is_refused():
    inbox = Inbox()
    assert inbox.admit(fetch(1, 2)) is Admission.GAP
    assert inbox.expected == 0
    assert len(inbox) == 0


def test_markers_alone_move_the_position():
    inbox = Inbox()
    assert inbox.admit(Fetch(TP, 0, 3, 3, ())) is Admission.TAKEN
    assert inbox.head_time() == 0
    assert inbox.expected == 3


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_every_record_is_taken_once_whatever_is_lost_repeated_or_late(seed, length):
    rng = random.Random(seed)  # noqa: S311 - reproducible input
    inbox, taken = Inbox(), []
    while inbox.expected < length:
        start = max(0, inbox.expected + rng.choice([-7, -1, 0, 0, 1, 5]))
        inbox.admit(fetch(start, min(length, start + rng.randrange(1, 9))))
        if rng.random() < 0.1:
            taken += offsets(inbox)
            inbox.reset(len(taken))
    assert taken + offsets(inbox) == list(range(length))
