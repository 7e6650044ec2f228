import numpy as np
import pytest

from tidegauge.core.stats import counts


def test_cells_that_cancel_out_disappear() -> None:
    total = {1: 2, 5: 1}
    counts.add_counts(total, {1: -2, 7: 3})
    assert total == {5: 1, 7: 3}


@pytest.mark.parametrize("n_cells", [10, 1 << 20], ids=["dense table", "sorted rows"])
def test_rows_are_counted_by_group_with_their_sign(n_cells: int) -> None:
    found = counts.count_cells(
        cells=np.array([3, 3, 9, 3, 4]),
        groups=np.array([0, 0, 0, 2, 2]),
        n_groups=3,
        n_cells=n_cells,
        signs=np.array([1, 1, -1, 1, 0]),
    )
    assert found == [{3: 2, 9: -1}, {}, {3: 1}]


def test_no_rows_leave_every_group_empty() -> None:
    nothing = np.empty(0, dtype=np.int64)
    assert counts.count_cells(nothing, nothing, 2, 5) == [{}, {}]


def test_the_flat_form_is_sorted_and_reads_back() -> None:
    assert counts.flatten({4: -1, 2: 7}) == [2, 7, 4, -1]
    assert counts.unflatten([2, 7, 4, -1]) == {2: 7, 4: -1}
    with pytest.raises(ValueError, match="3 numbers"):
        counts.unflatten([1, 2, 3])
