"""What kind of change of a feature it is: another unit, or two categories that changed places."""

import pytest

from tidegauge.core.explain.swapped import swapped
from tidegauge.core.explain.units import Moments, unit_change
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.reference import CategoricalReference

KM = Moments(5.2, 3.1)
CARRIER = CategoricalReference(
    name="carrier",
    categories=("A", "B", "C", "D"),
    counts=(500, 300, 150, 50, 0, 0),
    rare=(),
    missing_share=0.0,
)


def times(factor: float, offset: float = 0.0, blur: float = 1.0) -> Moments:
    return Moments(KM.mean * factor * blur + offset, KM.deviation * factor / blur)


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (times(1_000.0, blur=1.1), "multiplied by 1000"),
        (times(0.001), "divided by 1000"),
        (times(60.0, blur=0.95), "multiplied by 60"),
        (times(3.6), "multiplied by 3.6"),
        (times(1 / 2.54), "divided by 2.54"),
        (times(1.8, 32.0), "turned from Celsius into Fahrenheit"),
    ],
)
def test_another_unit_is_named(now: Moments, words: str) -> None:
    assert unit_change(KM, now) == words


@pytest.mark.parametrize(
    "now",
    [
        KM,
        Moments(5_200.0, 3.1),
        Moments(5.2, 3_100.0),
        Moments(9.0, 4.0),
        Moments(-1.0, 0.0),
        times(1.3),
    ],
)
def test_what_is_no_other_unit_is_not(now: Moments) -> None:
    assert unit_change(KM, now) is None


def test_two_categories_that_changed_places_are_named() -> None:
    assert swapped(CARRIER, FeatureCounts(rows=1_000, bins={0: 310, 1: 490, 2: 145, 3: 55})) == (
        "A",
        "B",
    )
    assert swapped(CARRIER, FeatureCounts(rows=1_000, bins={0: 495, 1: 52, 2: 150, 3: 303})) == (
        "B",
        "D",
    )


@pytest.mark.parametrize(
    "bins",
    [
        {0: 500, 1: 300, 2: 150, 3: 50},
        {0: 300, 1: 300, 2: 350, 3: 50},
        {0: 0, 1: 300, 2: 150, 3: 50, 5: 500},
        {},
    ],
    ids=["calm", "one grew", "unseen", "nothing"],
)
def test_what_did_not_change_places_is_not(bins: dict[int, int]) -> None:
    assert swapped(CARRIER, FeatureCounts(rows=1_000, bins=bins)) is None
