import logging

from tidegauge.worker.logs import MOST_REMEMBERED, QUIET_SECONDS, RepeatFilter


def record(message: str, at: float, name: str = "aiokafka") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "", 0, message, None, None)
    made.created = at
    return made


def test_a_message_of_a_library_is_written_once_in_a_while_and_ours_always():
    repeats = RepeatFilter()
    times = [1000.0, 1001.0, 1000.0 + QUIET_SECONDS]
    assert [repeats.filter(record("gone", at)) for at in times] == [True, False, True]
    assert all(repeats.filter(record("event=x", at, "tidegauge.worker")) for at in times)


def test_messages_that_are_all_different_are_forgotten_the_oldest_first():
    repeats = RepeatFilter()
    for offset in range(2 * MOST_REMEMBERED):
        assert repeats.filter(record(f"offset {offset}", 1000.0))
    assert len(repeats._seen) == MOST_REMEMBERED
    assert not repeats.filter(record(f"offset {2 * MOST_REMEMBERED - 1}", 1001.0))
    assert repeats.filter(record("offset 0", 1001.0))
