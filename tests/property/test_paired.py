"""Pairs of versions: counts merge, reverse, mirror and travel; figures are the exact ones."""

import math
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.mcnemar import difference_interval, mcnemar_mid_p
from tidegauge.core.stats.paired import (
    NumberPairs,
    PairedClasses,
    PairedCounts,
    PairedNumbers,
    fold_paired_classes,
    fold_paired_numbers,
)

GROUPS = 3
outcomes = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([-2, -1, 1])),
    max_size=20,
)
values = st.floats(-1e100, 1e100) | st.sampled_from([0.0, 1.0, 2.5, -1.0])
quadruples = st.lists(
    st.tuples(values, values, values, values, st.sampled_from([-2, -1, 1])), max_size=12
)


def folded_classes(rows: list[tuple[bool, bool, bool, int]]) -> PairedClasses:
    table = np.array(rows, np.int64).reshape(-1, 4)
    total = PairedClasses()
    groups = np.arange(len(rows)) % GROUPS
    cells = (table[:, 0] * 2 + table[:, 1]) * 2 + table[:, 2]
    for counts in fold_paired_classes(cells, table[:, 3], groups=groups, n_groups=GROUPS):
        total.add(counts)
    return total


def folded_numbers(rows: list[tuple[float, float, float, float, int]]) -> PairedNumbers:
    columns: list[NDArray[np.float64]] = [np.array(c, np.float64) for c in zip(*rows, strict=True)]
    *sides, signs = columns or [np.zeros(0)] * 5
    total = PairedNumbers()
    groups = np.arange(len(rows)) % GROUPS
    for counts in fold_paired_numbers(
        NumberPairs(*sides), signs.astype(np.int64), groups=groups, n_groups=GROUPS
    ):
        total.add(counts)
    return total


@given(outcomes)
def test_pairs_of_classes_are_counted_by_who_was_right(
    rows: list[tuple[bool, bool, bool, int]],
) -> None:
    def total(*right: bool) -> int:
        return sum(sign for this, other, _, sign in rows if (this, other) == right)

    found = folded_classes(rows)
    assert found == PairedClasses(
        total(True, True),
        total(True, False),
        total(False, True),
        total(False, False),
        sum(sign for *_, same, sign in rows if same),
    )
    assert found.n == sum(sign for *_, sign in rows)
    assert found.mirrored() == folded_classes([(b, a, same, s) for a, b, same, s in rows])


@given(quadruples)
def test_pairs_of_numbers_are_summed_exactly(
    rows: list[tuple[float, float, float, float, int]],
) -> None:
    found = folded_numbers(rows)
    errors = [(abs(a - b), abs(c - d), sign) for a, b, c, d, sign in rows]
    one = 1 << exactsum.FRACTION_BITS
    assert found.n == sum(sign for *_, sign in rows)
    assert found.same == sum(sign for a, _, c, _, sign in rows if a == c)
    assert found.nearer == sum(sign for x, y, sign in errors if x < y)
    assert found.other_nearer == sum(sign for x, y, sign in errors if y < x)
    assert found.absolute == sum(_units(x) * sign for x, _, sign in errors)
    assert found.other_absolute == sum(_units(y) * sign for _, y, sign in errors)
    if all(x == y or abs(x - y) > exactsum.MIN_EXACT_SQUARE for x, y, _ in errors):
        squares = sum(_units(x - y) ** 2 * sign for x, y, sign in errors)
        assert abs(found.squares - squares // one) <= 2 * len(rows)
    mirror = folded_numbers([(c, d, a, b, sign) for a, b, c, d, sign in rows])
    assert found.mirrored() == mirror


def _units(value: float) -> int:
    top, bottom = value.as_integer_ratio()
    return (top << exactsum.FRACTION_BITS) // bottom


@given(outcomes, quadruples, outcomes)
def test_what_is_added_travels_and_can_be_taken_away(
    binary: list[tuple[bool, bool, bool, int]],
    numbers: list[tuple[float, float, float, float, int]],
    classes: list[tuple[bool, bool, bool, int]],
) -> None:
    counts = PairedCounts(folded_classes(binary), folded_classes(classes), folded_numbers(numbers))
    assert PairedCounts.from_wire(counts.to_wire()) == counts
    total = PairedCounts()
    total.add(counts.mirrored())
    assert total.mirrored() == counts
    total.add(counts.mirrored(), -1)
    assert total.is_zero()


@given(st.integers(0, 3_000), st.integers(0, 3_000))
def test_the_p_value_is_that_of_the_binomial_distribution(one: int, other: int) -> None:
    found = mcnemar_mid_p(one, other)
    if one == other == 0:
        assert found is None
        return
    # scipy's cumulative distribution is off by a part in fifty far out in the tail
    n, fewer = one + other, min(one, other)
    tail = sum(accumulate(range(fewer), lambda ways, k: ways * (n - k) // (k + 1), initial=1))
    point = math.comb(n, fewer)
    twice = 2**n * 2 - point if one == other else 4 * tail - 2 * point
    assert found == pytest.approx(float(Fraction(twice, 2 ** (n + 1))), rel=1e-9, abs=1e-300)
    assert found == mcnemar_mid_p(other, one)


def test_figures_are_those_of_the_papers() -> None:
    # airway hyper-responsiveness, Fagerland, Lydersen and Laake (2013), table 1 and section 5
    assert mcnemar_mid_p(1, 7) == pytest.approx(0.0391, abs=5e-5)
    low, high = difference_interval(21, 1, 7) or (0, 0)
    assert (low, high) == (pytest.approx(-0.508, abs=5e-4), pytest.approx(-0.013, abs=5e-4))


@pytest.mark.parametrize(("one", "other", "n"), [(0.1, 0.1, 60), (0.3, 0.1, 30), (0.02, 0.05, 300)])
def test_the_interval_holds_the_true_difference_as_often_as_it_says(
    one: float, other: float, n: int
) -> None:
    rng = np.random.default_rng(5)
    draws = rng.multinomial(n, [one, other, 1 - one - other], 4_000).tolist()
    intervals = [difference_interval(n, a, b) for a, b, _ in draws]
    held = [x is not None and x[0] <= one - other <= x[1] for x in intervals]
    assert np.mean(held) == pytest.approx(0.955, abs=0.02)


@given(st.integers(1, 100), st.integers(0, 100), st.integers(0, 100))
def test_the_interval_holds_what_was_observed(n: int, one: int, other: int) -> None:
    one, other = min(one, n), min(other, max(n - one, 0))
    interval = difference_interval(n, one, other)
    assert interval is not None
    assert -1 <= interval[0] <= (one - other) / n <= interval[1] <= 1
    mirror = difference_interval(n, other, one)
    assert mirror == (pytest.approx(-interval[1]), pytest.approx(-interval[0]))


def test_without_pairs_nothing_is_known() -> None:
    assert difference_interval(0, 0, 0) is None
    assert math.isclose(mcnemar_mid_p(5, 5) or 0, 1 - 252 / 2048)
