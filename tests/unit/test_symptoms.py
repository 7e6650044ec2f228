"""Faults of single features as figures of a pane, and panes in which nothing came."""

from collections.abc import Sequence

import numpy as np
import pytest

from tidegauge.core.config import DAY, SECOND, ReferenceConfig
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.events import FeatureValue
from tidegauge.core.monitor.inputs import compared_inputs
from tidegauge.core.monitor.quiet import empty_panes
from tidegauge.core.monitor.streams import Subject
from tidegauge.core.monitor.symptoms import compared, constant, likeness
from tidegauge.core.stats.features import FeatureCounts, fold_features
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import SlotSums, TrafficCounts

Rows = list[dict[str, FeatureValue]]
NORMAL: Rows = [{"x": float(n), "c": "aab"[n % 3]} for n in range(99)]


def counts(
    rows: Rows, profile: ReferenceProfile | None, names: Sequence[str] = ("x", "c")
) -> dict[str, FeatureCounts]:
    return fold_features(rows, np.zeros(len(rows), np.int64), 1, list(names), profile)[0]


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    return learned(NORMAL, ["x", "c"])


def learned(rows: Rows, names: list[str]) -> ReferenceProfile:
    return build_reference(
        rows,
        np.full(len(rows), np.nan),
        np.array([], np.int64),
        answers=[],
        names=names,
        config=ReferenceConfig(),
        model="m",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


def pane(
    rows: Rows, profile: ReferenceProfile, names: Sequence[str] = ("x", "c")
) -> dict[str, SlotSums]:
    sums = SlotSums(TrafficCounts(len(rows)), features={profile.id: counts(rows, profile, names)})
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


def test_only_common_categories_have_a_share_of_their_own() -> None:
    usual: Rows = [{"c": "a" if n % 20 < 17 else "b" if n % 20 < 19 else "r"} for n in range(200)]
    profile = learned(usual, ["c"])
    rows: Rows = [{"c": "b"}, {"c": "b"}, {"c": "z"}, {"c": "r"}]
    found = compared(pane(rows, profile, ["c"]), {"1": [profile]})
    shares = {
        key.value: (inputs.count, inputs.total)
        for key, inputs in compared_inputs(found, 0, 10)
        if key.subject is Subject.CATEGORY_SHARE
    }
    assert shares == {"a": (4, 0), "b": (4, 2)}


def test_categories_common_in_any_reference_are_counted_over_all_versions(
    profile: ReferenceProfile,
) -> None:
    other = learned([{"x": 1.0, "c": "ac"[n % 2]} for n in range(50)], ["x", "c"])
    panes = {
        **pane([{"c": "a"}, {"c": "b"}], profile),
        "2": pane([{"c": "a"}, {"c": "c"}, {"c": "b"}], other)["1"],
    }
    found = compared(panes, {"1": [profile], "2": [other]})["c"]
    assert (found.rows, found.common) == (5, {"a": 2, "b": 1, "c": 1})


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
