import numpy as np
import pytest

from tidegauge.core.stats.logbins import (
    RELATIVE_ERROR,
    SIGNED,
    Bar,
    bin_numbers,
    number_edges,
    number_of,
    octaves,
    quantile_bins,
)


def bins(*numbers: float) -> list[int]:
    return bin_numbers(np.array(numbers)).tolist()


def test_a_number_and_its_negative_lie_in_opposite_bins() -> None:
    here, there = bins(12.5, -12.5)
    assert here == -there > 0
    assert number_of(here) == -number_of(there) == pytest.approx(12.5, rel=RELATIVE_ERROR)


@pytest.mark.parametrize("nothing", [0.0, -0.0, 1e-30, -1e-30])
def test_what_is_next_to_zero_reads_as_zero(nothing: float) -> None:
    assert bins(nothing) == [0]
    assert number_of(0) == 0.0


def test_what_is_beyond_the_last_bin_lies_in_it() -> None:
    assert bins(1e100, -1e100) == [SIGNED.size - 1, 1 - SIGNED.size]


def test_a_bin_holds_the_edge_that_is_nearer_to_zero() -> None:
    (cell,) = bins(3.0)
    lower, upper = number_edges(cell)
    assert lower <= 3.0 < upper
    assert bins(lower, upper, -lower, -upper) == [cell, cell + 1, -cell, -cell - 1]


def test_octaves_are_ascending_and_keep_every_row() -> None:
    cells = bins(-3.0, -1.5, 0.0, 1.0, 1.9, 2.0, 3.9)
    counts = dict.fromkeys(cells, 1)
    assert octaves(counts) == (
        Bar(-4.0, -2.0, 1),
        Bar(-2.0, -1.0, 1),
        Bar(-(2.0**-64), 2.0**-64, 1),
        Bar(1.0, 2.0, 2),
        Bar(2.0, 4.0, 2),
    )


def test_quantiles_of_nothing_are_nothing() -> None:
    assert quantile_bins({}, (0.5,)) == [None]
    assert quantile_bins({-3: 1, 4: 1}, (0.0, 0.5, 0.51, 1.0)) == [-3, -3, 4, 4]
