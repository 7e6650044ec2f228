import numpy as np
import pytest

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.features import (
    UNBINNED_CATEGORY,
    UNBINNED_NUMBER,
    FeatureCounts,
    bin_features,
    fold_columns,
    fold_features,
)
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import MISSING, WRONG_TYPE, ReferenceProfile

ROWS = [{"speed": float(x), "carrier": "AA" if x < 6 else "UA"} for x in range(10)]
ONE = 1 << exactsum.FRACTION_BITS


@pytest.fixture
def profile() -> ReferenceProfile:
    return build_reference(
        ROWS,
        np.full(10, np.nan),
        np.zeros(10, dtype=np.int64),
        names=["speed", "carrier"],
        config=ReferenceConfig(bins=2),
        model="delays",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=0,
    )


def fold_one(rows: list, profile: ReferenceProfile | None) -> dict[str, FeatureCounts]:
    groups = np.zeros(len(rows), dtype=np.intp)
    return fold_features(rows, groups, 1, ["speed", "carrier"], profile)[0]


def test_numbers_have_exact_moments_and_bins(profile: ReferenceProfile) -> None:
    counts = fold_one([{"speed": 1.0}, {"speed": 6}, {"speed": 20.0}], profile)["speed"]
    assert counts == FeatureCounts(3, 0, 0, 3, 27 * ONE, 437 * ONE, {1: 1, 2: 1, 3: 1})


def test_categories_have_bins_and_no_moments(profile: ReferenceProfile) -> None:
    rows = [{"carrier": "AA"}, {"carrier": "DL"}, {}]
    counts = fold_one(rows, profile)["carrier"]
    assert counts == FeatureCounts(rows=3, missing=1, bins={0: 1, 3: 1})


def test_a_wrong_type_is_counted_and_nothing_else(profile: ReferenceProfile) -> None:
    rows = [{"speed": "fast", "carrier": 7.0}, {"speed": True, "carrier": True}]
    counts = fold_one(rows, profile)
    assert counts["speed"] == FeatureCounts(rows=2, wrong_type=2)
    assert counts["carrier"] == FeatureCounts(rows=2, wrong_type=1, bins={3: 1})


def test_without_a_reference_moments_are_kept_and_bins_are_not() -> None:
    counts = fold_one([{"speed": 2.0, "carrier": "AA"}, {"speed": "x", "carrier": None}], None)
    assert counts["speed"] == FeatureCounts(2, 0, 0, 1, 2 * ONE, 4 * ONE)
    assert counts["carrier"] == FeatureCounts(rows=2, missing=1)


def test_codes_tell_every_case_apart(profile: ReferenceProfile) -> None:
    rows = [{"speed": 1.0, "new": 1.0}, {"speed": None, "new": None}, {"speed": "x", "new": "x"}]
    columns = bin_features(rows, ["speed", "new"], profile)
    assert columns["speed"].codes.tolist() == [1, MISSING, WRONG_TYPE]
    assert columns["new"].codes.tolist() == [UNBINNED_NUMBER, MISSING, UNBINNED_CATEGORY]


def test_one_reading_can_be_folded_by_several_groupings(profile: ReferenceProfile) -> None:
    columns = bin_features(ROWS, ["speed"], profile)
    whole = fold_columns(columns, np.zeros(10, dtype=np.intp), 1)[0]["speed"]
    halves = fold_columns(columns, np.arange(10) % 2, 2)
    total = FeatureCounts()
    for half in halves:
        total.add(half["speed"])
    assert total == whole


def test_an_empty_batch_and_an_empty_group_count_nothing(profile: ReferenceProfile) -> None:
    assert fold_one([], profile)["speed"] == FeatureCounts()
    folded = fold_features(ROWS, np.full(10, 2), 3, ["speed"], profile)
    assert [group["speed"].rows for group in folded] == [0, 0, 10]
