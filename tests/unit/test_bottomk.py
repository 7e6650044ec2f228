from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.stats.bottomk import BottomK


@given(st.lists(st.integers(0, 60)), st.integers(1, 20))
def test_the_smallest_hashes_are_kept_and_of_one_hash_the_first(
    hashes: list[int], size: int
) -> None:
    sample: BottomK[int] = BottomK(size)
    first: dict[int, int] = {}
    for place, hashed in enumerate(hashes):
        sample.add(hashed, place)
        first.setdefault(hashed, place)
        assert len(sample.items) <= size
    assert sample.items == {hashed: first[hashed] for hashed in sorted(first)[:size]}
