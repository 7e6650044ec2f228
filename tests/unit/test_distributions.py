"""How the present is spread over the bins of the reference."""

import numpy as np
import pytest

from tidegauge.core.config import ModelKind
from tidegauge.core.monitor.distributions import Distribution, distributions
from tidegauge.core.monitor.streams import Subject
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.features import fold_features
from tidegauge.core.stats.logbins import bin_numbers
from tidegauge.core.stats.reference import (
    CategoricalReference,
    NumericReference,
    ReferenceProfile,
)
from tidegauge.core.stats.scorebins import bin_scores
from tidegauge.core.sums import SlotSums, TrafficCounts

DELAY = NumericReference(
    name="delay",
    edges=(5.0,),
    counts=(0, 6, 4, 0),
    low=0.0,
    high=10.0,
    mean=4.0,
    deviation=1.0,
    missing_share=0.0,
)
CARRIER = CategoricalReference(
    name="carrier", categories=("AA",), counts=(10, 0, 0), rare=(), missing_share=0.0
)


def bins_of(*numbers: float) -> dict[int, int]:
    values, counts = np.unique(bin_numbers(np.array(numbers)), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def scores_of(*scores: float) -> dict[int, int]:
    values, counts = np.unique(bin_scores(np.array(scores)), return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


PROFILE = ReferenceProfile(
    id="r1",
    model="m",
    version="1",
    effective_from=0,
    learned_from=0,
    learned_until=1,
    sample_count=10,
    features=(CARRIER, DELAY),
    score_counts=scores_of(0.05, 0.95),
    positive_rate=0.5,
    class_counts={"early": 3, "late": 1},
    value_counts=bins_of(1.0, 1.0, 8.0, 8.0),
)


def found(sums: SlotSums, kind: ModelKind) -> dict[tuple[Subject, str], Distribution]:
    return {(d.subject, d.feature): d for d in distributions("m", "1", sums, PROFILE, kind)}


def rows(distribution: Distribution) -> list[tuple[str, float | None, float | None]]:
    return [(b.label, b.before, b.after) for b in distribution.bins]


def test_features_are_in_the_bins_of_the_reference() -> None:
    values = [{"delay": -1.0}, {"delay": 2.0}, {"delay": 9.0}, {"delay": 50.0, "carrier": "ZZ"}]
    (counts,) = fold_features(values, np.zeros(4, int), 1, ["delay", "carrier"], PROFILE)
    spread = found(SlotSums(features={"r1": counts}), ModelKind.BINARY)
    assert rows(spread[Subject.FEATURE, "delay"]) == [
        ("below 0", 0.0, 0.25),
        ("0 to 5", 0.6, 0.25),
        ("5 to 10", 0.4, 0.25),
        ("above 10", 0.0, 0.25),
    ]
    assert rows(spread[Subject.FEATURE, "carrier"])[-1] == ("unseen", 0.0, 1.0)


def test_a_feature_that_no_longer_comes_has_no_shares() -> None:
    spread = found(SlotSums(), ModelKind.BINARY)
    assert {b.after for b in spread[Subject.FEATURE, "delay"].bins} == {None}


def test_scores_are_in_tenths_without_those_that_have_none() -> None:
    traffic = TrafficCounts(predictions=3, scores=scores_of(0.07, 0.1, float("nan")))
    spread = found(SlotSums(traffic), ModelKind.BINARY)
    tenths = rows(spread[Subject.SCORE, ""])
    assert len(tenths) == 10
    assert tenths[0] == ("0 to 0.1", 0.5, 0.5)
    assert tenths[1] == ("0.1 to 0.2", 0.0, 0.5)
    assert tenths[-1] == ("0.9 to 1", 0.5, 0.0)


@pytest.mark.parametrize("kind", list(ModelKind))
def test_answers_are_classes_or_numbers_as_the_kind_has_them(kind: ModelKind) -> None:
    answers = AnswerCounts(classes={"late": 1}, numbers=1, bins=bins_of(8.0))
    spread = found(SlotSums(answers=answers), kind)
    assert ((Subject.CLASS, "") in spread) == (kind is ModelKind.MULTICLASS)
    assert ((Subject.PREDICTION, "") in spread) == (kind is ModelKind.REGRESSION)
    if kind is ModelKind.MULTICLASS:
        assert rows(spread[Subject.CLASS, ""]) == [("early", 0.75, 0.0), ("late", 0.25, 1.0)]
    if kind is ModelKind.REGRESSION:
        few, many = spread[Subject.PREDICTION, ""].bins
        assert (few.before, few.after) == (0.5, 0.0)
        assert (many.before, many.after) == (0.5, 1.0)
