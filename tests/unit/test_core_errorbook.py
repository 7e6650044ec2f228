"""First labels by pane: what closes when, what is moved, and whose errors they are."""

from itertools import pairwise

import pytest

from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.errorbook import BINNED_LABELS, ErrorBook
from tidegauge.core.panes import OutcomeKey
from tidegauge.core.stats.errorbins import ErrorBins
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


def test_bins_of_a_reference_that_came_after_learning_are_added_from_calm_panes() -> None:
    book = ErrorBook(WIDTH)
    book.add(key(0), FirstLabels(5, 1), 0)
    book.after(0, Verdict(Phase.LEARNING))
    book.changed_baseline.clear()
    bins = {"late": ErrorBins(5, {3: 5}, {3: 1})}
    for start, phase in ((10, Phase.WATCHING), (20, Phase.FIRING), (30, Phase.WATCHING)):
        book.add(key(start), FirstLabels(5, 1, bins=bins), start)
        book.after(start, Verdict(phase, window_start_ms=start))
    (baseline,) = book.baseline.values()
    assert (baseline.trials, baseline.errors) == (5, 1)  # what is normal stays as it was learned
    assert baseline.bins == bins  # of one pane: the other left while the stream fired
    assert book.changed_baseline == set(book.baseline)  # to be saved


def test_the_bins_of_a_baseline_are_bounded() -> None:
    book = ErrorBook(WIDTH)
    for at in range(5):
        bins = {f"r{at}": ErrorBins(BINNED_LABELS, {0: BINNED_LABELS})}
        for start in (20 * at, 20 * at + 10):
            book.add(key(start), FirstLabels(1, 0, bins=bins), start)
            book.after(start, Verdict(Phase.WATCHING, window_start_ms=start + WIDTH))
    (baseline,) = book.baseline.values()
    assert list(baseline.bins) == ["r2", "r3", "r4"]
    assert {counts.labels for counts in baseline.bins.values()} == {BINNED_LABELS}
