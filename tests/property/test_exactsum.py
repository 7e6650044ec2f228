import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.stats import exactsum

NUMBERS = st.floats(-1e300, 1e300)
SQUARABLE = st.one_of(
    st.just(0.0),
    st.floats(exactsum.MIN_EXACT_SQUARE, 1e150),
    st.floats(-1e150, -exactsum.MIN_EXACT_SQUARE),
)


def one_group(values: list[float]) -> tuple[np.ndarray, np.ndarray, int]:
    return np.array(values, dtype=np.float64), np.zeros(len(values), dtype=np.intp), 1


@given(st.lists(NUMBERS, max_size=50))
def test_sum_equals_fsum(values: list[float]) -> None:
    assert exactsum.to_float(exactsum.exact_sums(*one_group(values))[0]) == math.fsum(values)


@given(st.lists(SQUARABLE, max_size=30))
def test_square_sum_is_exact(values: list[float]) -> None:
    expected = sum((Fraction(v) ** 2 for v in values), Fraction()) * 2**exactsum.FRACTION_BITS
    total = exactsum.exact_square_sums(*one_group(values))[0]
    assert abs(total - expected) < max(1, len(values))
    if all(v == 0.0 or abs(v) > 1e-100 for v in values):
        assert total == expected


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 3))), st.randoms())
def test_any_order_and_any_batches_give_the_same_sums(rows: list, random) -> None:
    def fold(part: list) -> list[int]:
        x = np.array([value for value, _ in part], dtype=np.float64)
        return exactsum.exact_sums(x, np.array([g for _, g in part], dtype=np.intp), 4)

    whole = fold(rows)
    random.shuffle(rows)
    cut = random.randint(0, len(rows))
    assert [a + b for a, b in zip(fold(rows[:cut]), fold(rows[cut:]), strict=True)] == whole


@given(st.integers())
def test_encoding_round_trips(value: int) -> None:
    assert exactsum.decode(exactsum.encode(value)) == value
    assert exactsum.decode(exactsum.encode(value << 1000)) == value << 1000


def squarable(value: float) -> float:
    """Zero in place of what is too small for its square to be exact."""
    return value if abs(value) >= exactsum.MIN_EXACT_SQUARE else 0.0


@given(st.lists(st.floats(-1e6, 1e6).map(squarable), min_size=2, max_size=50))
def test_mean_and_deviation_equal_numpy(values: list[float]) -> None:
    total = exactsum.exact_sums(*one_group(values))[0]
    squares = exactsum.exact_square_sums(*one_group(values))[0]
    scale = max(map(abs, values)) or 1.0
    assert math.isclose(
        exactsum.mean(len(values), total), np.mean(values), rel_tol=1e-12, abs_tol=scale * 1e-14
    )
    assert math.isclose(
        exactsum.deviation(len(values), total, squares),
        np.std(values, ddof=1),
        rel_tol=1e-9,
        abs_tol=scale * 1e-12,
    )
