"""First labels by pane: what closes when, what is moved, and whose errors they are."""

from itertools import pairwise

import pytest

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.errorbook import ErrorBook
from tidegauge.core.panes import OutcomeKey
from tidegauge.core.records import CauseKind, Effect
from tidegauge.core.stats.firstlabels import FirstLabels

WIDTH = 10


def key(start: int, version: str = "1", field: str = "", value: str = "") -> OutcomeKey:
    return OutcomeKey(version, field, value, start)


def closed(book: ErrorBook, *marks: int) -> list[int]:
    """The panes that close while the watermark goes from mark to mark."""
    found = []
    for before, after in pairwise(marks):
        found += [start for start, _ in book.closing(before, after)]
    return found


@pytest.mark.parametrize("marks", [(0, 50), (0, 5, 25, 29, 30, 47, 50), (0, 10, 20, 30, 40, 50)])
def test_every_pane_closes_once_wherever_the_watermark_stops(marks: tuple[int, ...]) -> None:
    book = ErrorBook(WIDTH)
    for start in (20, 0, 40, 30):
        book.add(key(start), FirstLabels(1, 0), marks[0])
    assert closed(book, *marks) == [0, 20, 30, 40]


def test_a_label_of_a_pane_that_is_still_open_stays_in_it() -> None:
    book = ErrorBook(WIDTH)
    book.add(key(20), FirstLabels(1, 1), 25)
    assert book.panes.keys() == {20}
    assert book.moved == 0


@pytest.mark.parametrize(("mark", "pane"), [(30, 30), (35, 30), (40, 40)])
def test_a_label_of_a_closed_pane_counts_in_the_first_open_one(mark: int, pane: int) -> None:
    book = ErrorBook(WIDTH)
    book.add(key(20), FirstLabels(3, 1), mark)
    book.add(key(20, field="origin", value="n"), FirstLabels(3, 1), mark)
    assert book.panes.keys() == {pane}
    assert book.moved == 3  # segments are parts of the same labels


def test_learning_adds_panes_to_the_baseline_and_drops_them() -> None:
    book = ErrorBook(WIDTH)
    for start in (0, 10):
        book.add(key(start), FirstLabels(5, 1), 0)
        book.after(start, Verdict(Phase.LEARNING))
    assert book.panes == {}
    assert list(book.baseline.values()) == [FirstLabels(10, 2)]


def test_panes_are_kept_as_long_as_the_latest_window_needs_them() -> None:
    book = ErrorBook(WIDTH)
    for start in range(0, 1_000, WIDTH):
        book.add(key(start), FirstLabels(5, 1), start)
        book.after(start, Verdict(Phase.WATCHING, window_start_ms=max(0, start - 20)))
    assert book.panes.keys() == {970, 980, 990}


def learned(
    baseline: dict[OutcomeKey, FirstLabels], now: dict[OutcomeKey, FirstLabels]
) -> ErrorBook:
    book = ErrorBook(WIDTH)
    for outcome, pair in baseline.items():
        book.add(outcome._replace(start=0), pair, 0)
    book.after(0, Verdict(Phase.LEARNING))
    for outcome, pair in now.items():
        book.add(outcome._replace(start=100), pair, 0)
    return book


def test_contributions_of_the_segments_of_a_field_add_up_to_the_change() -> None:
    north, south = (key(0, "1", "origin", value) for value in "ns")
    book = learned(
        {key(0): FirstLabels(200, 20), north: FirstLabels(100, 10), south: FirstLabels(100, 10)},
        {key(0): FirstLabels(100, 30), north: FirstLabels(50, 25), south: FirstLabels(50, 5)},
    )
    first, second = book.causes(100, 110, ModelKind.BINARY)
    assert (first.kind, first.name, first.value) == (CauseKind.SEGMENT, "origin", "n")
    assert (first.before, first.after, first.samples) == (0.1, 0.5, 50)
    assert first.contribution == pytest.approx(1.0)
    assert second.contribution == pytest.approx(0.0)


def test_a_version_without_a_past_is_named_as_new() -> None:
    book = learned(
        {key(0): FirstLabels(200, 20)},
        {key(0): FirstLabels(60, 6), key(0, "2"): FirstLabels(40, 24)},
    )
    first = book.causes(100, 110, ModelKind.BINARY)[0]
    assert (first.kind, first.effect, first.name) == (CauseKind.VERSION, Effect.NEW_VERSION, "2")
    assert first.before == 0.1  # the whole model's
    assert first.contribution == pytest.approx(1.0)


def test_one_version_then_and_now_explains_nothing() -> None:
    book = learned({key(0): FirstLabels(200, 20)}, {key(0): FirstLabels(100, 50)})
    assert book.causes(100, 110, ModelKind.BINARY) == ()


def test_a_window_without_labels_or_a_past_has_no_causes() -> None:
    assert learned({key(0): FirstLabels(200, 20)}, {}).causes(100, 110, ModelKind.BINARY) == ()
    book = ErrorBook(WIDTH)
    book.add(key(100), FirstLabels(10, 2), 0)
    assert book.causes(100, 110, ModelKind.BINARY) == ()
