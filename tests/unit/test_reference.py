import msgspec
import numpy as np
import pytest

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.events import FeatureValue
from tidegauge.core.stats.columns import read_column
from tidegauge.core.stats.learn import MAX_RARE, build_reference
from tidegauge.core.stats.reference import (
    MISSING,
    WRONG_TYPE,
    CategoricalReference,
    NumericReference,
    ReferenceProfile,
)


def learn(values: list[FeatureValue], **config: int) -> ReferenceProfile:
    rows = [{"x": value} for value in values]
    return build_reference(
        rows,
        np.full(len(rows), 0.5),
        np.arange(len(rows)) % 2,
        names=["x"],
        config=ReferenceConfig(**config),
        model="delays",
        version="1",
        effective_from=2000,
        learned_from=0,
        learned_until=1000,
    )


def numeric(values: list[FeatureValue], **config: int) -> NumericReference:
    feature = learn(values, **config).feature("x")
    assert isinstance(feature, NumericReference)
    return feature


def categorical(values: list[FeatureValue], **config: int) -> CategoricalReference:
    feature = learn(values, **config).feature("x")
    assert isinstance(feature, CategoricalReference)
    return feature


def codes(feature: NumericReference | CategoricalReference, values: list) -> list[int]:
    return feature.bin_column(read_column([{"x": value} for value in values], "x")).tolist()


def test_numbers_fall_into_quantile_bins_of_equal_counts() -> None:
    feature = numeric([float(x) for x in range(100)], bins=4)
    assert feature.edges == (25.0, 50.0, 75.0)
    assert feature.counts == (0, 25, 25, 25, 25, 0)
    assert codes(feature, [-0.1, 0.0, 24.9, 25.0, 99.0, 99.1]) == [0, 1, 1, 2, 4, feature.above]


def test_a_value_that_fills_several_quantiles_makes_one_edge() -> None:
    feature = numeric([0.0] * 60 + [1.0] * 40)
    assert (feature.edges, feature.counts) == ((1.0,), (0, 60, 40, 0))
    assert codes(feature, [-1.0, 0.0, 0.5, 1.0, 2.0]) == [0, 1, 1, 2, 3]


def test_a_constant_has_one_inner_bin() -> None:
    feature = numeric([7.0])
    assert (feature.edges, feature.counts, feature.deviation) == ((), (0, 1, 0), None)
    assert codes(feature, [6.0, 7.0, 8.0]) == [0, 1, 2]


def test_rare_categories_are_folded_and_new_ones_are_unseen() -> None:
    feature = categorical(["a"] * 3 + ["b"] * 2 + ["c", "d"], max_categories=2)
    assert (feature.categories, feature.rare) == (("a", "b"), ("c", "d"))
    assert feature.counts == (3, 2, 2, 0)
    assert codes(feature, ["a", "c", "new"]) == [0, feature.other, feature.unseen]


def test_with_too_many_categories_to_list_none_is_unseen() -> None:
    feature = categorical([str(i) for i in range(MAX_RARE + 3)], max_categories=2)
    assert feature.rare is None
    assert codes(feature, ["new"]) == [feature.other]


def test_bools_are_the_categories_true_and_false() -> None:
    feature = categorical([True, True, False])
    assert feature.categories == ("true", "false")
    assert codes(feature, [False, "true", 1.0]) == [1, 0, WRONG_TYPE]


def test_missing_and_wrong_types_have_codes_of_their_own() -> None:
    assert codes(numeric([1.0]), [None, "1", 1, True, np.nan]) == [
        MISSING,
        WRONG_TYPE,
        1,
        WRONG_TYPE,
        MISSING,
    ]
    assert codes(categorical(["a"]), [None, 1.0]) == [MISSING, WRONG_TYPE]
    assert codes(categorical(["a"]), [2.0, None]) == [WRONG_TYPE, MISSING]
    assert codes(numeric([1.0]), ["a", None]) == [WRONG_TYPE, MISSING]


def test_the_more_frequent_kind_decides_and_missing_rows_are_a_share() -> None:
    feature = numeric([1.0, 2.0, "x", None])
    assert (feature.missing_share, feature.mean) == (0.25, 1.5)


def test_a_feature_without_values_is_left_out() -> None:
    profile = learn([None, None])
    assert profile.features == ()
    assert profile.feature("x") is None


def test_a_profile_of_nothing_has_no_positive_rate() -> None:
    assert learn([]).positive_rate is None
    assert learn([1.0, 2.0]).positive_rate == 0.5


def test_a_profile_round_trips_as_bytes_and_as_builtins() -> None:
    profile = learn([1.0, 2.0, 3.0])
    assert ReferenceProfile.decode(profile.encode()) == profile
    plain = msgspec.to_builtins(profile, str_keys=True)
    assert msgspec.convert(plain, ReferenceProfile, strict=False) == profile


def test_an_altered_profile_is_refused() -> None:
    altered = msgspec.structs.replace(learn([1.0]), effective_from=1)
    with pytest.raises(ValueError, match=r"'delays' version '1'.*altered"):
        ReferenceProfile.decode(altered.encode())


def test_bins_that_do_not_match_their_edges_are_refused() -> None:
    plain = msgspec.to_builtins(numeric([1.0, 2.0]))
    with pytest.raises(msgspec.ValidationError, match="'x'"):
        msgspec.convert(plain | {"counts": [1]}, NumericReference)
    with pytest.raises(msgspec.ValidationError, match="ascend"):
        msgspec.convert(plain | {"edges": [9.0]}, NumericReference)
    with pytest.raises(ValueError, match="at most 250"):
        categorical([str(i) for i in range(300)], max_categories=300)
