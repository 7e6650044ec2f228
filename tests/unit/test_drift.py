import math

import numpy as np
import pytest

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.stats import drift
from tidegauge.core.stats.features import FeatureCounts, fold_features
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import NO_SCORE, bin_scores

NAMES = ["speed", "carrier"]
ROWS = [{"speed": float(x), "carrier": "AA" if x % 2 else "UA"} for x in range(100)]


def learn(scores: np.ndarray, max_categories: int = 50) -> ReferenceProfile:
    return build_reference(
        ROWS,
        scores,
        np.zeros(100, dtype=np.int64),
        names=NAMES,
        config=ReferenceConfig(bins=4, max_categories=max_categories),
        model="delays",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=0,
    )


@pytest.fixture
def profile() -> ReferenceProfile:
    return learn(np.arange(100) / 100)


def figures(profile: ReferenceProfile, name: str, rows: list) -> drift.FeatureFigures:
    groups = np.zeros(len(rows), dtype=np.intp)
    counts = fold_features(rows, groups, 1, NAMES, profile)[0][name]
    return drift.feature_figures(counts, profile.feature(name))


def test_no_rows_have_no_figures(profile: ReferenceProfile) -> None:
    nothing = drift.feature_figures(FeatureCounts(), profile.feature("speed"))
    assert nothing.count == 0
    shares = [nothing.missing_share, nothing.wrong_type_share, nothing.out_of_range_share]
    assert [nothing.mean, nothing.deviation, nothing.psi, nothing.js, *shares] == [None] * 7


def test_the_reference_itself_has_not_drifted(profile: ReferenceProfile) -> None:
    for name in NAMES:
        found = figures(profile, name, ROWS)
        assert (found.count, found.psi, found.js) == (100, 0.0, 0.0)
    assert figures(profile, "speed", ROWS).deviation == pytest.approx(np.std(range(100), ddof=1))


def test_numbers_outside_the_range_are_a_share_of_the_numbers(profile: ReferenceProfile) -> None:
    rows = [{"speed": -1.0}, {"speed": 200.0}, {"speed": 5.0}, {"speed": 6.0}, {}, {"speed": "x"}]
    found = figures(profile, "speed", rows)
    assert (found.count, found.out_of_range_share, found.unseen_share) == (4, 0.5, None)
    assert (found.missing_share, found.wrong_type_share) == (1 / 6, 1 / 6)


def test_new_categories_are_a_share_of_the_categories(profile: ReferenceProfile) -> None:
    found = figures(profile, "carrier", [{"carrier": "AA"}, {"carrier": "DL"}, {"carrier": None}])
    assert (found.count, found.unseen_share, found.out_of_range_share) == (2, 0.5, None)
    assert (found.mean, found.deviation) == (None, None)


def test_a_feature_without_reference_has_moments_only() -> None:
    counts = fold_features(ROWS, np.zeros(100, dtype=np.intp), 1, NAMES, None)[0]["speed"]
    found = drift.feature_figures(counts, None)
    assert (found.count, found.mean, found.psi, found.out_of_range_share) == (100, 49.5, None, None)


def test_psi_of_counts_worked_by_hand() -> None:
    p, q = [20.5 / 41, 20.5 / 41], [10.5 / 41, 30.5 / 41]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    assert drift.psi([20, 20], [10, 30]) == pytest.approx(expected, rel=1e-12)
    assert drift.psi([0, 20, 20, 0], [0, 10, 30, 0]) == drift.psi([20, 20], [10, 30])


def test_an_empty_histogram_has_no_distance() -> None:
    assert drift.psi([1, 2], [0, 0]) is None
    assert drift.js_distance([0, 0], [1, 2]) is None
    assert drift.psi([], []) is None


def test_disjoint_histograms_are_as_far_as_can_be() -> None:
    assert drift.js_distance([3, 0], [0, 9]) == 1.0


def counted(scores: np.ndarray) -> dict[int, int]:
    bins, counts = np.unique(bin_scores(scores), return_counts=True)
    return dict(zip(bins.tolist(), counts.tolist(), strict=True))


def test_score_psi_compares_ten_groups_of_equal_counts(profile: ReferenceProfile) -> None:
    rng = np.random.default_rng(1)
    scores = rng.beta(2, 3, 5000)
    expected = drift.psi([10] * 10, np.histogram(scores, np.arange(11) / 10)[0].tolist())
    assert drift.score_psi(counted(scores), profile) == pytest.approx(expected, rel=1e-12)
    assert drift.score_psi(profile.score_counts, profile) == 0.0


def test_scores_that_crowd_in_one_bin_make_one_group_of_it() -> None:
    profile = learn(np.where(np.arange(100) < 70, 0.005, 0.5))
    moved = drift.score_psi(counted(np.full(100, 0.5)), profile)
    assert moved == pytest.approx(drift.psi([70, 30], [0, 100]))


def test_score_js_compares_the_same_groups(profile: ReferenceProfile) -> None:
    scores = np.random.default_rng(2).beta(3, 2, 5000)
    expected = drift.js_distance([10] * 10, np.histogram(scores, np.arange(11) / 10)[0].tolist())
    assert drift.score_js(counted(scores), profile) == pytest.approx(expected, rel=1e-12)
    assert drift.score_js({NO_SCORE: 5}, profile) is None


def test_scores_that_are_missing_have_no_psi(profile: ReferenceProfile) -> None:
    assert drift.score_psi({NO_SCORE: 5}, profile) is None
    assert drift.score_psi({1: 5}, learn(np.full(100, np.nan))) is None
