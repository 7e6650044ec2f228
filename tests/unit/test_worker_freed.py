"""Freed memory goes back to the system at intervals."""

import pytest

from tidegauge.worker.freed import INTERVAL_SECONDS, Freed, give_back


def test_it_is_given_back_once_an_interval() -> None:
    now, given = [100.0], list[float]()
    freed = Freed(lambda: now[0], lambda: given.append(now[0]))
    for step in range(9):
        now[0] = 100 + step * INTERVAL_SECONDS / 4
        freed.look()
    assert given == [100 + INTERVAL_SECONDS, 100 + 2 * INTERVAL_SECONDS]


class _Libc:
    """A C library."""


def test_a_c_library_that_cannot_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda _: _Libc())
    give_back()


def test_freed_pages_are_asked_back_whatever_lies_above(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, libc = list[int](), _Libc()
    libc.malloc_trim = kept.append  # type: ignore[attr-defined]
    monkeypatch.setattr("ctypes.CDLL", lambda _: libc)
    give_back()
    assert kept == [0]
