import numpy as np
import pytest

from tidegauge.core.stats import exactsum


def sums(values: list[float]) -> list[int]:
    return exactsum.exact_sums(np.array(values), np.zeros(len(values), dtype=np.intp), 1)


def test_one_is_one_shifted_and_the_smallest_float_is_one_unit() -> None:
    assert sums([1.0]) == [1 << exactsum.FRACTION_BITS]
    assert sums([5e-324]) == [1]


def test_cancellation_leaves_what_plain_sums_lose() -> None:
    assert exactsum.to_float(sums([1e100, 1.0, -1e100, 1e-300])[0]) == 1.0
    assert sums([0.1, -0.1]) == [0]


def test_groups_without_values_are_zero() -> None:
    assert exactsum.exact_sums(np.array([2.0]), np.array([2]), 4)[:2] == [0, 0]
    assert exactsum.exact_sums(np.empty(0), np.empty(0, dtype=np.intp), 2) == [0, 0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2e300])
def test_a_value_that_has_no_sum_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="cannot sum exactly"):
        sums([1.0, bad])


def test_a_sum_beyond_float_says_so() -> None:
    with pytest.raises(OverflowError):
        exactsum.to_float(sums([1e300])[0] * 10**9)


def test_deviation_survives_a_mean_far_larger_than_it() -> None:
    values = np.array([1e15 + 1, 1e15 + 2, 1e15 + 3])
    groups = np.zeros(3, dtype=np.intp)
    total = exactsum.exact_sums(values, groups, 1)[0]
    squares = exactsum.exact_square_sums(values, groups, 1)[0]
    assert exactsum.mean(3, total) == 1e15 + 2
    assert exactsum.deviation(3, total, squares) == 1.0


def test_figures_of_too_few_values_are_undefined() -> None:
    assert exactsum.mean(0, 0) is None
    assert exactsum.deviation(1, 1, 1) is None


def test_common_sums_are_compact_and_zero_is_empty() -> None:
    assert exactsum.encode(0) == b""
    assert len(exactsum.encode(sums([40.0])[0])) == 3
    assert len(exactsum.encode(sums([0.1])[0])) == 9


def test_a_cut_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="not 2"):
        exactsum.decode(b"\x00\x01")
