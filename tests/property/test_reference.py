import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.stats.columns import read_column
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import MISSING, WRONG_TYPE, ReferenceProfile

VALUES = st.one_of(
    st.none(),
    st.floats(-100, 100),
    st.just(-0.0),
    st.booleans(),
    st.sampled_from(["a", "b", "c", "d", "e"]),
)
SCORES = st.one_of(st.floats(0, 1), st.just(np.nan))
SAMPLES = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("xyz"), VALUES), SCORES, st.integers(0, 1)),
    min_size=1,
    max_size=40,
)


def learn(sample: list) -> ReferenceProfile:
    rows, scores, predicted = zip(*sample, strict=True)
    return build_reference(
        rows,
        np.array(scores),
        np.array(predicted),
        names="xyz",
        config=ReferenceConfig(bins=4, max_categories=3),
        model="m",
        version="v",
        effective_from=3,
        learned_from=1,
        learned_until=2,
    )


@given(SAMPLES, st.randoms())
def test_any_order_of_the_sample_gives_the_same_profile(sample: list, random) -> None:
    profile = learn(sample)
    random.shuffle(sample)
    assert learn(sample).encode() == profile.encode()


@given(SAMPLES)
def test_the_counts_are_those_of_the_sample_in_its_own_bins(sample: list) -> None:
    profile = learn(sample)
    for feature in profile.features:
        codes = feature.bin_column(read_column([row for row, _, _ in sample], feature.name))
        binned = codes[(codes != MISSING) & (codes != WRONG_TYPE)]
        assert tuple(np.bincount(binned, minlength=len(feature.counts))) == feature.counts
        assert feature.missing_share == (codes == MISSING).mean()


@given(SAMPLES)
def test_encoding_round_trips(sample: list) -> None:
    profile = learn(sample)
    assert ReferenceProfile.decode(profile.encode()) == profile
