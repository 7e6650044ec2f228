"""Profiles side by side: exact where bins agree, close where they do not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.core.config import ReferenceConfig
from tidegauge.core.events import FeatureValue
from tidegauge.core.stats.columns import read_column
from tidegauge.core.stats.compare import FeatureDifference, compare
from tidegauge.core.stats.drift import class_drift, js_distance, psi, value_drift
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.outcomes import Known
from tidegauge.core.stats.reference import ReferenceProfile

VALUES = st.lists(
    st.none() | st.floats(-1e6, 1e6) | st.sampled_from(["a", "b", True]), min_size=1, max_size=60
)


def learn(values: list[FeatureValue], score: float = 0.5, **config: int) -> ReferenceProfile:
    return build_reference(
        [{"x": value} for value in values],
        np.full(len(values), score),
        np.ones(len(values), np.int64),
        names=["x"],
        config=ReferenceConfig(**config),
        model="m",
        version="1",
        effective_from=0,
        learned_from=None,
        learned_until=None,
    )


def difference(before: list[FeatureValue], after: list[FeatureValue]) -> FeatureDifference:
    (feature,) = compare(learn(before), learn(after)).features
    return feature


@given(VALUES)
def test_a_profile_does_not_differ_from_itself(values: list[FeatureValue]) -> None:
    profile = learn(values)
    compared = compare(profile, profile)
    assert (compared.score_psi, compared.score_js) == (0, 0)
    for feature in compared.features:
        assert (feature.psi, feature.js) == (0, 0)
        assert [b.before for b in feature.bins] == [b.after for b in feature.bins]


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60),
)
def test_no_value_is_lost_between_bins(before: list[float], after: list[float]) -> None:
    feature = difference([*before], [*after])
    parts = [b.after for b in feature.bins if b.after is not None]
    assert min(parts) >= -1e-12
    assert sum(parts) == pytest.approx(1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("normal", 0, 1), ("normal", 0, 1)),
        (("normal", 0, 1), ("normal", 0.7, 1.2)),
        (("lognormal", 3, 1), ("lognormal", 3.3, 1.1)),
        (("exponential", 1), ("exponential", 2)),
        (("standard_cauchy",), ("standard_cauchy",)),
        (("uniform", 0, 1), ("uniform", 0, 1.3)),
        (("poisson", 3), ("poisson", 4)),
    ],
)
def test_other_bins_are_close_to_what_the_values_give(
    before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    rng = np.random.default_rng(3)
    one, two = (getattr(rng, x[0])(*x[1:], 20_000).astype(float).tolist() for x in (before, after))
    (known,) = learn(one).features
    bins = known.bin_column(read_column([{"x": value} for value in two], "x"))
    counts = np.bincount(bins, minlength=len(known.counts)).tolist()
    feature = difference(one, two)
    assert feature.psi == pytest.approx(psi(known.counts, counts), rel=0.2, abs=0.01)
    assert feature.js == pytest.approx(js_distance(known.counts, counts), rel=0.1, abs=0.01)


def test_values_at_an_edge_stay_on_its_side() -> None:
    assert difference([0.0] * 60 + [1.0] * 40, [0.0] * 30 + [1.0] * 70).bins[1].after == 0.3
    assert [b.after for b in difference([7.0], [7.0]).bins] == [0, 1, 0]
    assert [b.after for b in difference([7.0], [5.0, 9.0]).bins] == [0.25, 0, 0.75]


def test_categories_that_the_first_does_not_have_are_unseen() -> None:
    feature = difference(["a", "a", "b", "c"], ["a", "new"])
    assert [(b.label, b.after) for b in feature.bins] == [
        ("a", 0.5),
        ("b", 0),
        ("c", 0),
        ("other", 0),
        ("unseen", 0.5),
    ]


def test_rare_categories_are_spread_and_unlisted_ones_are_other() -> None:
    few, many = learn(["a", "a", "b", "c"], max_categories=1), learn(["a", "b", "c", "d"])
    (there,) = compare(few, many).features
    assert [b.after for b in there.bins] == [0.25, 0.5, 0.25]
    (back,) = compare(many, few).features
    assert [b.after for b in back.bins] == [0.5, 0.25, 0.25, 0, 0, 0]
    unlisted = learn([str(n) for n in range(2_000)], max_categories=1)
    (other,) = compare(unlisted, many).features
    assert [b.label for b in other.bins if b.after] == ["other"]
    (other,) = compare(many, unlisted).features
    assert [b.label for b in other.bins if b.after] == ["other", "unseen"]


def test_features_of_one_profile_or_of_another_type_have_no_index_and_come_first() -> None:
    feature = difference([1.0], ["a"])
    assert (feature.type_before, feature.type_after, feature.psi) == (
        "numeric",
        "categorical",
        None,
    )
    compared = compare(learn([1.0]), learn([None]))
    assert [(f.type_before, f.type_after) for f in compared.features] == [("numeric", None)]


def test_scores_are_compared_over_their_own_bins() -> None:
    compared = compare(learn([1.0] * 50, score=0.2), learn([1.0] * 50, score=0.8))
    assert compared.score_js == 1


def learn_answers(answers: list[Known], **config: int) -> ReferenceProfile:
    return build_reference(
        [{"x": 1.0}] * len(answers),
        np.full(len(answers), np.nan),
        np.empty(0, np.int64),
        answers=answers,
        names=["x"],
        config=ReferenceConfig(**config),
        model="m",
        version="1",
        effective_from=0,
        learned_from=None,
        learned_until=None,
    )


ANSWERS = st.lists(st.sampled_from(["a", "b", "2", "17"]) | st.floats(-1e6, 1e6), min_size=1)


@given(ANSWERS, ANSWERS)
def test_answers_differ_as_drift_says(before: list[Known], after: list[Known]) -> None:
    one, two = learn_answers(before), learn_answers(after)
    compared = compare(one, two)
    by_class = class_drift(two.class_counts, one)
    by_number = value_drift(two.value_counts, one)
    assert (compared.class_answers.psi, compared.class_answers.js) == (by_class.psi, by_class.js)
    told = (compared.number_answers.psi, compared.number_answers.js)
    assert told == (by_number.psi, by_number.js)


@given(ANSWERS)
def test_answers_do_not_differ_from_themselves(answers: list[Known]) -> None:
    profile = learn_answers(answers)
    for told in (compare(profile, profile).class_answers, compare(profile, profile).number_answers):
        assert told.psi in {0, None}
        assert [b.before for b in told.bins] == [b.after for b in told.bins]
        assert told.median_before == told.median_after


def test_classes_that_only_one_profile_tells_apart_are_compared_as_other() -> None:
    few, many = learn_answers(["a", "a", "b", "c"], max_categories=1), learn_answers(["a", "b"])
    told = compare(few, many).class_answers
    assert [(b.label, b.before, b.after) for b in told.bins] == [
        ("__other__", 0.5, 0.5),
        ("a", 0.5, 0.5),
    ]


def test_without_answers_nothing_is_told() -> None:
    told = compare(learn_answers([]), learn_answers(["a"]))
    assert (told.class_answers.psi, told.class_answers.bins[0].before) == (None, None)
    assert (told.number_answers.psi, told.number_answers.bins) == (None, ())
