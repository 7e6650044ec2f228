import pytest

from tidegauge.core.stats.sample import HashSample, SampledPrediction, hash_request


def row(value: float) -> SampledPrediction:
    return SampledPrediction({"x": value}, 0.5, 1)


def test_the_smallest_hashes_stay() -> None:
    sample = HashSample(2)
    for hashed in (5, 1, 9, 3):
        sample.add(hashed, row(hashed))
    assert sample.items() == [(1, row(1)), (3, row(3))]
    assert not sample.accepts(4)
    assert sample.accepts(2)


def test_the_same_request_is_held_once() -> None:
    sample = HashSample(2)
    sample.add(1, row(1.0))
    sample.add(1, row(1.0))
    assert len(sample) == 1


def test_the_hash_of_a_request_id_is_fixed() -> None:
    assert hash_request("r-1") == hash_request("r-1")
    assert hash_request("") == 0x2D06800538D394C2


def test_a_sample_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        HashSample(0)
