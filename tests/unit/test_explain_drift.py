"""The bins of a feature that moved, and what was deployed with a change."""

import pytest

from tidegauge.core.alertrecords import CauseKind, Effect
from tidegauge.core.config import DAY, HOUR
from tidegauge.core.explain.deployed import came_with
from tidegauge.core.explain.drift import moved_bins
from tidegauge.core.records import DeploymentKind, DeploymentRecord
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.reference import CategoricalReference, NumericReference

WIND = NumericReference(
    name="wind",
    edges=(5.0, 10.0),
    counts=(0, 50, 30, 20, 0),
    low=0.0,
    high=15.0,
    mean=6.0,
    deviation=4.0,
    missing_share=0.0,
)
CARRIER = CategoricalReference(
    name="carrier", categories=("A", "B"), counts=(60, 40, 0, 0), rare=(), missing_share=0.0
)


def test_shares_of_bins_add_up_and_name_what_came_from_outside() -> None:
    causes = moved_bins(WIND, FeatureCounts(rows=100, n=100, bins={1: 10, 2: 10, 3: 20, 4: 60}))
    assert sum(cause.contribution or 0.0 for cause in causes) == pytest.approx(1.0, abs=1e-12)
    assert (causes[0].value, causes[0].effect) == ("above 15", Effect.OUT_OF_RANGE)
    assert causes[0].samples == 60


def test_unseen_categories_are_named() -> None:
    first, *_ = moved_bins(CARRIER, FeatureCounts(rows=100, bins={0: 10, 1: 10, 3: 80}))
    assert (first.value, first.effect) == ("unseen", Effect.UNSEEN)


def test_a_feature_without_values_has_no_bins() -> None:
    assert moved_bins(WIND, FeatureCounts(rows=100, missing=100)) == ()


def mark(time: int, value: str, kind: DeploymentKind = DeploymentKind.VERSION) -> DeploymentRecord:
    return DeploymentRecord(model="m", kind=kind, value=value, version="1", time_ms=time)


def test_a_version_that_came_with_a_change_tells_something() -> None:
    marks = [mark(0, "1"), mark(30 * DAY, "2")]
    telling, named = came_with(marks, 30 * DAY - HOUR, 30 * DAY + HOUR)
    assert [(cause.kind, cause.name) for cause in telling] == [(CauseKind.VERSION, "2")]
    assert named == []


def test_a_version_that_came_before_or_after_is_not_named() -> None:
    marks = [mark(0, "1"), mark(20 * DAY, "2"), mark(40 * DAY, "3")]
    assert came_with(marks, 30 * DAY, 31 * DAY) == ([], [])


def test_what_was_there_at_the_first_event_came_with_nothing() -> None:
    assert came_with([mark(0, "1")], 0, HOUR) == ([], [])


def test_a_data_version_that_is_new_every_day_tells_nothing() -> None:
    marks = [mark(day * DAY, f"d{day}", DeploymentKind.DATA_VERSION) for day in range(31)]
    telling, named = came_with(marks, 30 * DAY - 12 * HOUR, 30 * DAY + 12 * HOUR)
    assert telling == []
    assert [cause.name for cause in named] == ["d30"]
