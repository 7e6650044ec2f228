"""What the program makes of what the source says."""

from tidegauge.live.source import Connected, HistoryRead, Lag, Read, Trouble
from tidegauge.live.state import State

HOUR = 3_600_000


def new_state(size_ms=HOUR):
    return State("k:9092", lambda: 0, size_ms)


def test_what_is_said_is_known():
    state = new_state()
    assert not state.connected
    state.take([Connected(), Lag(3), Read([], unreadable=2)])
    assert (state.connected, state.loading, state.lag, state.unreadable) == (True, True, 3, 2)
    state.take([HistoryRead()])
    assert not state.loading
    state.take([Trouble("gone")])
    assert (state.connected, state.lag, state.trouble) == (False, None, "gone")


def test_after_a_failure_the_screen_stays_full_until_there_is_something_newer(window, arrived):
    state = new_state()
    state.take([Connected(), Read(arrived(window(0))), Trouble("gone"), Connected()])
    assert state.trouble is None
    assert list(state.board.models) == ["delay"]
    state.take([Read(arrived(window(0, model="other")))])
    assert list(state.board.models) == ["other"], "it may be another cluster: offsets mean nothing"
    state.take([Connected(), HistoryRead()])
    assert list(state.board.models) == []


def test_the_size_of_windows_is_the_nearest_there_is_and_can_be_changed(window, arrived):
    state = new_state(5 * HOUR)
    assert state.size_ms == 5 * HOUR
    state.other_size(1)
    assert state.size_ms == 5 * HOUR, "there is no other"
    hours = [window(0, end_ms=window(0).start_ms + n * HOUR) for n in (1, 6, 24)]
    state.take([Connected(), Read(arrived(*hours))])
    sizes = [state.size_ms]
    for step in (1, 1, -1):
        state.other_size(step)
        sizes.append(state.size_ms)
    assert [size // HOUR for size in sizes] == [6, 24, 1, 24]
