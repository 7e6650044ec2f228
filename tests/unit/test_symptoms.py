"""Faults of single features as figures of a pane, and panes in which nothing came."""

import numpy as np
import pytest

from tidegauge.core.config import DAY, SECOND, ReferenceConfig
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.events import FeatureValue
from tidegauge.core.monitor.quiet import empty_panes
from tidegauge.core.monitor.symptoms import compared, constant, likeness
from tidegauge.core.stats.features import FeatureCounts, fold_features
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import SlotSums, TrafficCounts

Rows = list[dict[str, FeatureValue]]
NORMAL: Rows = [{"x": float(n), "c": "aab"[n % 3]} for n in range(99)]


def counts(rows: Rows, profile: ReferenceProfile | None) -> dict[str, FeatureCounts]:
    return fold_features(rows, np.zeros(len(rows), np.int64), 1, ["x", "c"], profile)[0]


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    return build_reference(
        NORMAL,
        np.full(len(NORMAL), np.nan),
        np.array([], np.int64),
        answers=[],
        names=["x", "c"],
        config=ReferenceConfig(),
        model="m",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


def pane(rows: Rows, profile: ReferenceProfile) -> dict[str, SlotSums]:
    sums = SlotSums(TrafficCounts(len(rows)), features={profile.id: counts(rows, profile)})
    return {"1": sums}


def test_what_the_reference_does_not_have_is_outside(profile: ReferenceProfile) -> None:
    rows: Rows = [{"x": 5.0, "c": "a"}, {"x": 5_000.0, "c": "z"}, {"x": -1.0, "c": "b"}]
    found = compared(pane(rows, profile), {"1": [profile]})
    assert (found["x"].rows, found["x"].outside) == (3, 2)
    assert (found["c"].rows, found["c"].outside) == (3, 1)
    assert compared(pane(rows, profile), {}) == {}


def test_swapped_categories_are_less_like_the_reference(profile: ReferenceProfile) -> None:
    swapped: Rows = [{"c": {"a": "b", "b": "a"}[str(row["c"])]} for row in NORMAL]
    means = [
        likeness(0, 10, compared(pane(rows, profile), {"1": [profile]})["c"]).total
        for rows in (NORMAL, swapped)
    ]
    assert means == [pytest.approx(4 / 9 + 1 / 9), pytest.approx(2 * 2 / 9)]


def test_a_pane_of_equal_numbers_is_constant() -> None:
    def of(numbers: list[float]) -> PaneInput:
        return constant(0, 10, counts([{"x": number} for number in numbers], None)["x"])

    assert of([0.1, 0.1, 0.1]) == PaneInput(0, 10, 3, 3)
    assert of([0.1, 0.1, 0.2]) == PaneInput(0, 10, 3, 0)
    assert of([0.1]).count == 0


def test_silence_is_counted_for_a_day() -> None:
    width = 10 * SECOND
    assert not list(empty_panes(None, 0, DAY, width))
    fed = list(empty_panes(50 * SECOND, 50 * SECOND, 75 * SECOND, width))
    assert [(p.start_ms, p.count, p.total) for p in fed] == [
        (50 * SECOND, 1, 0),
        (60 * SECOND, 1, 0),
    ]
    long = list(empty_panes(50 * SECOND, 50 * SECOND, 10 * DAY, width))
    assert long[-1].end_ms == 50 * SECOND + DAY
