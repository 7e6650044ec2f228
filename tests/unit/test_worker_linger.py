import asyncio

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.worker.backoff import BEHIND_BEATS, LONGEST_PAUSE, commit_pause, skipped
from tidegauge.worker.inbox import Fetch, Inbox
from tidegauge.worker.linger import Linger

LONG = 60.0
times = st.floats(0, 4e9)


def waiting(*ends):
    """An inbox with fetches of consecutive records that end there."""
    inbox, start = Inbox(), 0
    for end in ends:
        tp = TopicPartition("predictions", 0)
        inbox.admit(Fetch(tp, start, end, end, tuple(range(start, end))))
        start = end
    return inbox


def test_records_wait_until_one_topic_has_enough():
    assert not Linger({"a": waiting(3), "b": waiting(4)}, 5).over()
    assert Linger({"a": waiting(3), "b": waiting(4, 5)}, 5).over()


def test_at_its_end_all_that_waits_is_processed_whatever_comes_meanwhile():
    asyncio.run(_ends_when_all_is_processed())


async def _ends_when_all_is_processed():
    inboxes = {"a": waiting(2, 3), "b": waiting(1)}
    linger = Linger(inboxes, 100)
    ending = asyncio.ensure_future(linger.end(LONG))
    await asyncio.sleep(0)
    assert linger.over()
    inboxes["a"].pop(100)
    inboxes["a"].admit(Fetch(TopicPartition("a", 0), 3, 9, 9, tuple(range(3, 9))))
    linger.look()
    await asyncio.sleep(0)
    assert not ending.done()
    inboxes["b"].pop(100)
    linger.look()
    await ending
    assert not linger.over()


def test_with_nothing_waiting_or_nothing_to_be_done_it_ends_at_once():
    asyncio.run(_ends_at_once())


async def _ends_at_once():
    await Linger({"a": waiting()}, 1).end(LONG)
    linger = Linger({"a": waiting(1)}, 5)
    ending = asyncio.ensure_future(linger.end(LONG))
    await asyncio.sleep(0)
    linger.stop()
    await ending


def test_it_ends_after_its_time():
    linger = Linger({"a": waiting(1)}, 5)
    asyncio.run(linger.end(0.0))
    assert not linger.over()


@given(times, st.sampled_from([0.1, 1.0, 5.0]), st.sampled_from([0.0, 0.5]), st.floats(0, 60))
def test_the_next_commit_is_at_a_beat_and_spares_a_slow_broker(now, interval, phase, last):
    pause = commit_pause(interval, phase, now, last)
    spared = min(last, LONGEST_PAUSE)
    assert spared - 1e-6 <= pause <= spared + interval + 1e-6
    beat = (now + pause) / interval - phase
    assert beat == pytest.approx(round(beat), abs=1e-5)


@given(times, st.sampled_from([0.1, 1.0, 5.0]), st.sampled_from([0.0, 0.5]))
def test_of_so_many_beats_one_is_not_left_out(now, interval, phase):
    first = now + commit_pause(interval, phase, now, 0.0)
    beats = [first + n * interval for n in range(2 * BEHIND_BEATS)]
    left_out = [skipped(interval, phase, beat, 0.0) for beat in beats]
    assert left_out[:BEHIND_BEATS] == left_out[BEHIND_BEATS:]
    assert left_out.count(False) == 2
    assert not any(skipped(interval, phase, beat, interval) for beat in beats)
