"""What is normal for a version's attributions, and what a window shows beside it."""

import msgspec
import pytest

from tidegauge.core.alertrecords import AttributionChange
from tidegauge.core.config import HOUR, ModelKind, ReferenceConfig
from tidegauge.core.monitor.attributed import (
    UsualAttributions,
    attribution_stats,
    shift_of_answers,
    shift_of_errors,
)
from tidegauge.core.records import AttributionStats, FeatureAttribution
from tidegauge.core.stats.attributions import AttributionCounts, JudgedAttributions
from tidegauge.core.stats.exactsum import FRACTION_BITS
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.sums import SlotSums

RULES = ReferenceConfig(learn_ms=2 * HOUR, min_predictions=10)
ONE = 1 << FRACTION_BITS


def attributed(rows: int, **magnitudes: int) -> SlotSums:
    sums = {name: total * ONE for name, total in magnitudes.items()}
    return SlotSums(attributions=AttributionCounts(rows, sums))


def test_the_first_panes_of_a_version_are_what_is_normal() -> None:
    usual = UsualAttributions()
    panes = [attributed(4, a=3, b=1), SlotSums(), attributed(4, a=3, b=1), attributed(4, a=0, b=0)]
    for number, pane in enumerate(panes):
        assert usual.shares("1") == {}
        usual.close("1", number * HOUR, (number + 1) * HOUR, pane, RULES)
    assert usual.shares("1") == {"a": 0.75, "b": 0.25}
    usual.changed.clear()
    usual.close("1", 4 * HOUR, 5 * HOUR, attributed(100, b=100), RULES)
    assert usual.shares("1") == {"a": 0.75, "b": 0.25}
    assert not usual.changed
    assert usual.shares("2") == {}


def test_what_is_normal_survives_a_restart() -> None:
    usual, again = UsualAttributions(), UsualAttributions()
    usual.close("1", 0, 2 * HOUR, attributed(10, a=1), RULES)
    packed = msgspec.msgpack.encode(usual.to_state("1"))
    again.restore("1", msgspec.msgpack.decode(packed))
    assert again.shares("1") == {"a": 1.0}
    assert again.to_state("1") == usual.to_state("1")


def test_a_window_without_attributions_has_no_figures() -> None:
    assert attribution_stats(SlotSums(), ModelKind.BINARY, {}) is None
    assert attribution_stats(attributed(0), ModelKind.BINARY, {}) is None


def test_a_window_shows_means_shares_drift_and_what_moved_wrong_answers() -> None:
    sums = attributed(4, a=6, b=2)
    sums.judged = JudgedAttributions(
        classes=3, wrong=1, class_shares={"a": 500, "b": 250}, wrong_shares={"b": 250}
    )
    assert attribution_stats(sums, ModelKind.BINARY, {"a": 0.5, "c": 0.5}) == AttributionStats(
        count=4,
        drift=0.5,
        labelled=3,
        features={
            "a": FeatureAttribution(
                mean_absolute=1.5, share=0.75, learned_share=0.5, right_share=1.0, wrong_share=0.0
            ),
            "b": FeatureAttribution(
                mean_absolute=0.5, share=0.25, learned_share=0.0, right_share=0.0, wrong_share=1.0
            ),
            "c": FeatureAttribution(
                mean_absolute=0.0, share=0.0, learned_share=0.5, right_share=0.0, wrong_share=0.0
            ),
        },
    )


def test_errors_of_a_regression_model_are_weights() -> None:
    sums = attributed(2, a=1)
    sums.judged = JudgedAttributions(
        numbers=2,
        absolute=4 * ONE,
        number_shares={"a": 250, "b": 250},
        absolute_shares={"a": 750 * ONE, "b": 250 * ONE},
    )
    stats = attribution_stats(sums, ModelKind.REGRESSION, {})
    assert stats is not None
    assert (stats.drift, stats.labelled) == (None, 2)
    assert stats.features["a"].right_share == pytest.approx(0.5)
    assert stats.features["a"].wrong_share == pytest.approx(0.75)


def test_an_alert_about_errors_says_what_moved_wrong_answers() -> None:
    before = FirstLabels(judged=JudgedAttributions(classes=4, class_shares={"a": 750, "b": 250}))
    now = FirstLabels(
        judged=JudgedAttributions(
            classes=2, wrong=1, class_shares={"a": 125, "b": 375}, wrong_shares={"b": 250}
        )
    )
    shifted = shift_of_errors(before, now, ModelKind.BINARY)
    assert shifted is not None
    assert (shifted.count, shifted.drift) == (2, 0.5)
    assert shifted.features == (
        AttributionChange(name="a", before=0.75, after=0.25, right=0.5, wrong=0.0),
        AttributionChange(name="b", before=0.25, after=0.75, right=0.5, wrong=1.0),
    )
    young = shift_of_errors(FirstLabels(), now, ModelKind.BINARY)
    assert young is not None
    assert (young.drift, young.features[0].name, young.features[0].before) == (None, "a", None)
    assert shift_of_errors(before, FirstLabels(), ModelKind.BINARY) is None


def test_without_attributions_an_alert_says_nothing_of_them() -> None:
    assert shift_of_answers([("1", SlotSums()), ("1", attributed(3))], UsualAttributions()) is None


def test_a_version_that_is_too_young_leaves_what_is_usual_open() -> None:
    usual = UsualAttributions()
    usual.close("1", 0, 2 * HOUR, attributed(10, a=1), RULES)
    shifted = shift_of_answers([("1", attributed(1, a=1)), ("2", attributed(1, b=3))], usual)
    assert shifted is not None
    assert shifted.drift is None
    assert [(f.name, f.after) for f in shifted.features] == [("a", 0.25), ("b", 0.75)]
