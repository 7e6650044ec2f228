"""A change in the mean error splits exactly, whatever the cells."""

import math
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from tidegauge.core.alertrecords import CauseKind
from tidegauge.core.config import ModelKind
from tidegauge.core.explain.dimensions import Dimension
from tidegauge.core.explain.ranking import Spread, explain_errors
from tidegauge.core.stats.decompose import Change, Parts, Total, decompose, together

totals = st.integers(0, 60).flatmap(
    lambda n: st.builds(Total, st.just(n), st.integers(0, n).map(Fraction))
)
amounts = st.builds(
    Total,
    st.integers(1, 60),
    st.floats(0.0, 1e6).map(Fraction),
)
changes = st.builds(Change, totals | amounts, totals | amounts)
dimensions = st.dictionaries(st.text("abcdef", max_size=2), changes, min_size=1).filter(
    lambda cells: all(total.n for total in together(cells.values()))
)


def summed(parts: dict[str, Parts]) -> Fraction:
    return sum((part.whole for part in parts.values()), Fraction(0))


@given(dimensions)
def test_parts_add_up_to_the_whole_change(cells: dict[str, Change]) -> None:
    whole = together(cells.values())
    assert summed(decompose(cells)) == whole.now.mean - whole.before.mean


@given(dimensions)
def test_nothing_changed_has_no_parts(cells: dict[str, Change]) -> None:
    whole = together(cells.values())
    same = {name: Change(change.before, change.before) for name, change in cells.items()}
    if whole.before.n:
        assert set(decompose(same).values()) == {Parts(Fraction(0), Fraction(0))}


@given(dimensions, changes, st.integers(1, 5), st.integers(1, 5))
def test_cells_with_equal_rates_may_be_merged(
    cells: dict[str, Change], change: Change, one: int, other: int
) -> None:
    def times(k: int) -> Change:
        return Change(*[Total(k * total.n, k * total.errors) for total in change])

    apart = decompose({**cells, "one": times(one), "other": times(other)})
    merged = decompose({**cells, "one": times(one + other)})
    assert apart["one"].mix + apart["other"].mix == merged["one"].mix
    assert apart["one"].concept + apart["other"].concept == merged["one"].concept
    assert all(apart[name] == merged[name] for name in cells)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50))
def test_more_errors_in_one_cell_are_its_concept_shift(count: int, was: int, more: int) -> None:
    rate = Total(100, Fraction(was))
    worse = Change(rate, Total(100, Fraction(was + more)))
    parts = decompose(
        {"worse": worse, "same": Change(Total(count, Fraction(1)), Total(count, Fraction(1)))}
    )
    assert parts["same"] == Parts(Fraction(0), Fraction(0))
    assert parts["worse"].mix == 0
    assert (parts["worse"].concept > 0) == (more > 0)


@given(st.integers(1, 99), st.integers(1, 99))
def test_more_predictions_in_a_hard_cell_are_mix_shift(before: int, now: int) -> None:
    def hard(n: int) -> Total:
        return Total(n, Fraction(n, 2))

    def easy(n: int) -> Total:
        return Total(n, Fraction(n, 10))

    cells = {
        "hard": Change(hard(before), hard(now)),
        "easy": Change(easy(100 - before), easy(100 - now)),
    }
    parts = decompose(cells)
    assert {part.concept for part in parts.values()} == {0}
    assert (parts["hard"].mix > 0) == (now > before)


counted = st.dictionaries(
    st.text("abcdef", max_size=2), st.builds(Change, totals, totals), min_size=1
)


def ranked(
    cells: dict[str, Change], kind: ModelKind, spread: Spread | None, moved: frozenset[str]
) -> None:
    dimension = Dimension(CauseKind.FEATURE, "x", cells)
    found = explain_errors(together(cells.values()), [dimension], kind, spread=spread, moved=moved)
    for cause in found.causes:
        assert cause.contribution is None or math.isfinite(cause.contribution)
    for split in found.splits:
        size = abs(split.mix) + abs(split.concept) + abs(split.remainder)
        assert abs(split.mix + split.concept + split.remainder - 1.0) <= 1e-9 * size


@given(counted, st.booleans())
def test_whatever_the_cells_are_causes_can_be_ranked(cells: dict[str, Change], moved: bool) -> None:
    ranked(cells, ModelKind.BINARY, None, frozenset({"x"} if moved else ()))


TINY = Change(Total(1, Fraction(0)), Total(1, Fraction(1e-200)))


@example({"": TINY}, 277.0, False)
@given(dimensions, st.floats(0.0, 1e6), st.booleans())
def test_whatever_the_amounts_are_causes_can_be_ranked(
    cells: dict[str, Change], spread: float, moved: bool
) -> None:
    ranked(cells, ModelKind.REGRESSION, Spread(spread, 0.0), frozenset({"x"} if moved else ()))
