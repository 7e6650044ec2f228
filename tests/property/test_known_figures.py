"""Figures that are kept equal those read anew, whatever came and went in between."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegauge.core.config import SECOND, ModelKind, ReferenceConfig
from tidegauge.core.monitor.figures import figures
from tidegauge.core.monitor.known import KnownFigures
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.classes import ClassCounts
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.numbers import NumberCounts
from tidegauge.core.stats.paired import PairedClasses, PairedCounts, PairedNumbers
from tidegauge.core.stats.quality import LabelCounts
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import SlotSums, TrafficCounts

MAX_CLASSES = 2
NAMES = ("0", "1", "a", "b")
UNIT = 1 << 1074


def profile(low: float, high: float) -> ReferenceProfile:
    values = np.linspace(low, high, 20)
    return build_reference(
        [{"x": x} for x in values.tolist()],
        np.clip(values, 0, 1),
        np.ones(20, np.int64),
        names=["x"],
        config=ReferenceConfig(),
        model="m",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


REFERENCES = (None, profile(0.0, 1.0), profile(-3.0, 9.0))
few = st.integers(1, 3)
bins = st.dictionaries(st.integers(0, 30), few, max_size=3)


@st.composite
def traffic(draw: st.DrawFn) -> TrafficCounts:
    scores, latencies = draw(bins), draw(bins)
    scored, timed = sum(scores.values()), sum(latencies.values())
    n = scored + timed + draw(few)
    positives = draw(st.integers(0, n))
    sums = (scored, 7 * scored, 49 * scored, timed, 5 * timed)
    return TrafficCounts(n, n, positives, *sums, scores, latencies)


@st.composite
def answers(draw: st.DrawFn) -> AnswerCounts:
    values = draw(bins)
    n = sum(values.values())
    classes = draw(st.dictionaries(st.sampled_from(NAMES), few, max_size=3))
    return AnswerCounts(classes, n, n, 2 * n * UNIT, 4 * n * UNIT, values)


@st.composite
def numbers(draw: st.DrawFn) -> NumberCounts:
    errors = draw(bins)
    n = sum(errors.values())
    return NumberCounts(n, n * UNIT, n * UNIT, n * UNIT, n * UNIT, n * UNIT, errors)


labels = st.builds(LabelCounts, st.dictionaries(st.integers(0, 40), few, max_size=3))
classes = st.builds(
    ClassCounts, st.dictionaries(st.tuples(*[st.sampled_from(NAMES)] * 2), few, max_size=3), bins
)


@st.composite
def features(draw: st.DrawFn) -> dict[str, dict[str, FeatureCounts]]:
    found = draw(st.dictionaries(st.sampled_from((0, 1, 2)), few, max_size=2))
    by_reference: dict[str, dict[str, FeatureCounts]] = {}
    for which, n in found.items():
        reference = REFERENCES[which]
        counts = FeatureCounts(n, 0, 0, n, n * UNIT, n * UNIT, {1: n} if reference else {})
        by_reference[reference.id if reference else ""] = {"x": counts}
    return by_reference


pairs = st.builds(PairedClasses, few, few, few, few, few)
distances = st.builds(PairedNumbers, few, few, few, few, few, few, few)
paired = st.dictionaries(
    st.sampled_from(("2", "3")), st.builds(PairedCounts, pairs, pairs, distances), max_size=2
)


deltas = st.builds(
    SlotSums,
    st.none() | traffic(),
    st.none() | labels,
    features(),
    answers=st.none() | answers(),
    classes=st.none() | classes,
    numbers=st.none() | numbers(),
    paired=paired,
)
asked = st.tuples(st.sampled_from(REFERENCES), st.sampled_from(ModelKind))
steps = st.tuples(deltas, st.booleans(), asked)


@settings(deadline=None)
@given(st.lists(steps, max_size=8))
def test_figures_that_are_kept_equal_those_read_anew(
    steps: Sequence[tuple[SlotSums, bool, tuple[ReferenceProfile | None, ModelKind]]],
) -> None:
    window, known = SlotSums(), KnownFigures(MAX_CLASSES)
    for delta, stays, (reference, kind) in steps:
        window.add(delta)
        found = known.of(window, SECOND, reference, kind)
        assert found == figures(window, SECOND, reference, kind, MAX_CLASSES)
        if not stays:
            window.add(delta, -1)
            found = known.of(window, SECOND, reference, kind)
            assert found == figures(window, SECOND, reference, kind, MAX_CLASSES)


@given(asked)
def test_what_did_not_change_is_not_read_again(
    one: tuple[ReferenceProfile | None, ModelKind],
) -> None:
    reference, kind = one
    window, known = SlotSums(TrafficCounts(predictions=1)), KnownFigures(MAX_CLASSES)
    before = known.of(window, SECOND, reference, kind)
    again = known.of(window, SECOND, reference, kind)
    assert again.features is before.features
    assert again.labelled is before.labelled
    window.add(SlotSums(labels=LabelCounts({1: 1})))
    labelled = known.of(window, SECOND, reference, kind)
    assert labelled.features is before.features
    assert labelled.labelled is not before.labelled
