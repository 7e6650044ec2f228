"""What is advised, in which order, in which words; and when it is advised not to."""

from typing import Any

import pytest
from msgspec.structs import astuple, replace
from samplerecords import alert_at, window_from

from tidegauge.cli.advise import lines
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, CauseKind, Effect
from tidegauge.core.config import DAY, HOUR
from tidegauge.core.improve.advice import Advice, Change, advise
from tidegauge.core.improve.known import Known
from tidegauge.core.improvement import (
    CalibrationStep,
    Gain,
    ImprovementStats,
    RecalibrationStats,
    SegmentGain,
    ThresholdStats,
)
from tidegauge.core.records import (
    DeploymentKind,
    DeploymentRecord,
    MetricRecord,
    PairedStats,
    Quality,
    WindowState,
)

T = 1_360_281_600_000
"""2013-02-08T00:00Z."""


def window(
    day: int, errors: int = 200, segment: tuple[str, str] | None = None, **changes: Any
) -> MetricRecord:
    record = window_from(
        T + day * DAY,
        DAY,
        segment_field=segment[0] if segment else None,
        segment_value=segment[1] if segment else None,
        state=WindowState.PROVISIONAL,
        predictions=1_000,
        quality=Quality(errors=errors, brier=0.2),
    )
    return replace(record, **changes)


def alert(day: float, name: str = "ErrorRateChanged", effect: Effect | None = None) -> AlertRecord:
    start = T + int(day * DAY)
    causes = (
        (Cause(kind=CauseKind.FEATURE, effect=effect, name="wind"),) if effect is not None else ()
    )
    return alert_at(
        start + HOUR,
        fingerprint=f"{name:0>16}"[:16],
        starts_at_ms=start,
        labels={"alertname": name, "model": "delay"} | ({"feature": "wind"} if causes else {}),
        causes=causes,
    )


def improved(low: float = 0.02) -> ImprovementStats:
    return ImprovementStats(
        threshold=ThresholdStats(
            labelled=1_000,
            in_use=0.5,
            agreement=1.0,
            best=0.62,
            cost=0.2,
            best_cost=0.15,
            gain=Gain(0.04, low, 0.06),
            costs=(),
        ),
        recalibration=RecalibrationStats(
            labelled=1_000,
            brier_gain=Gain(0.001, -0.001, 0.003),
            log_loss_gain=Gain(0.01, -0.01, 0.03),
            steps=(CalibrationStep(0.0, 0.2, 1_000),),
        ),
        segments=(
            SegmentGain(
                field="origin",
                value="LGA",
                labelled=300,
                mean=0.4,
                average=0.2,
                excess=60.0,
                gain=Gain(50.0, 30.0, 70.0),
                share=0.25,
            ),
        ),
    )


def known(*windows: MetricRecord, **changes: Any) -> Known:
    return Known(windows, (), (), T + 10 * DAY)._replace(**changes)


def days(rates: dict[str, tuple[int, int]], split: int = 5) -> list[MetricRecord]:
    """Ten days; per segment its errors of 500 labels before day ``split``, and from then on."""
    found = []
    for day in range(10):
        late = day >= split
        for value, errors in rates.items():
            found.append(
                window(day, errors[late], ("origin", value), predictions=500, labelled=500)
            )
        found.append(window(day, sum(errors[late] for errors in rates.values())))
    return found


def first(known: Known) -> Advice:
    return advise(known)[0]


# ---------------------------------------------------------------- one version


def test_what_surely_takes_most_away_comes_first_and_what_is_not_sure_last():
    found = advise(known(window(0, improvement=improved())))
    assert [a.change for a in found] == [Change.SEGMENT, Change.THRESHOLD, Change.CALIBRATION]
    assert [a.sure for a in found] == [True, True, False]
    segment, threshold, _ = found
    assert segment.share is not None
    assert astuple(segment.share) == pytest.approx((0.25, 0.15, 0.35))
    assert segment.gain == Gain(50.0, 30.0, 70.0)
    assert threshold.action == "version 1: raise the threshold from 0.5 to 0.62"
    assert threshold.brings == "20 % less cost (10 to 30 %): 40 (20 to 60) a day"


def test_gains_are_told_by_the_day_whatever_the_window():
    week = window(0, improvement=improved(), end_ms=T + 7 * DAY)
    (segment, *_) = advise(known(week))
    assert segment.gain is not None
    assert segment.gain.value == pytest.approx(50 / 7)


def test_the_newest_window_with_enough_labels_is_judged():
    thin = window(2, improvement=improved(-1.0), label_coverage=0.2)
    found = advise(known(window(0), window(1, improvement=improved()), thin))
    assert any(a.change is Change.THRESHOLD and a.sure for a in found)
    assert all("2013-02-09" in a.evidence for a in found)


def test_an_open_window_says_nothing():
    assert advise(known(window(0, improvement=improved(), state=WindowState.OPEN))) == []


def test_a_version_that_has_ended_is_left_out():
    old = window(0, version="0", improvement=improved())
    assert advise(known(old, window(5))) == []


# ---------------------------------------------------------------- versions


def paired(day: int, this: int, other: int) -> MetricRecord:
    stats = PairedStats(
        pairs=1_000,
        both_right=700,
        only_this_right=this,
        only_other_right=other,
        both_wrong=300 - this - other,
        accuracy_difference=(this - other) / 1_000,
    )
    return window(day, version="2", paired={"1": stats})


def deployed(version: str, day: int) -> DeploymentRecord:
    return DeploymentRecord(
        model="delay",
        kind=DeploymentKind.VERSION,
        value=version,
        version=version,
        time_ms=T + day * DAY,
    )


@pytest.mark.parametrize(
    ("this", "other", "action", "sure"),
    [
        (120, 40, "promote version 2 over 1", True),
        (40, 120, "keep version 1; do not promote 2", False),
        (81, 79, "keep version 1 until 2 is told apart from it", False),
    ],
)
def test_versions_are_compared_on_all_windows_they_share(this, other, action, sure):
    windows = [window(0), window(1), paired(0, this, other), paired(1, this, other)]
    found = first(known(*windows, deployments=(deployed("2", 0), deployed("1", -9))))
    assert (found.action, found.sure) == (action, sure)
    assert found.gain is not None
    assert found.gain.value == pytest.approx((this - other) / 1_000)
    assert "2,000 requests" in found.evidence


def test_a_challenger_that_is_worse_gets_no_advice_of_its_own():
    worse = replace(paired(0, 40, 120), improvement=improved())
    found = advise(known(window(0, improvement=improved()), worse, deployments=(deployed("2", 0),)))
    assert {a.version for a in found if a.change is not Change.VERSION} == {"1"}


# ---------------------------------------------------------------- retraining


def test_a_concept_shift_that_lasts_asks_for_retraining_and_names_the_slice():
    found = first(known(*days({"LGA": (100, 250), "JFK": (100, 100)}), alerts=(alert(5),)))
    assert (found.change, found.sure) == (Change.RETRAINING, True)
    assert found.action == "retrain, with labels from 2013-02-13 00:00 on"
    assert "100 % of the rise on the same segments" in found.evidence
    assert "most in origin=LGA (0.2 to 0.5)" in found.evidence
    assert "JFK" not in found.evidence


def test_a_concept_shift_of_hours_is_waited_for():
    windows = days({"LGA": (100, 250), "JFK": (100, 100)})
    found = first(known(*windows, alerts=(alert(5),), now_ms=T + 5 * DAY + 20 * HOUR))
    assert not found.sure
    assert "only for 20 hours" in found.action


def test_a_rise_within_chance_is_waited_for():
    found = first(known(*days({"LGA": (100, 101), "JFK": (100, 100)}), alerts=(alert(5),)))
    assert "not told from chance" in found.action


def test_more_of_the_hard_cases_are_no_reason_to_retrain():
    windows = []
    for day in range(10):
        hard = 900 if day >= 5 else 100
        for value, n, rate in (("hard", hard, 0.5), ("easy", 1_000 - hard, 0.1)):
            windows.append(window(day, int(n * rate), ("case", value), predictions=n, labelled=n))
        windows.append(window(day, int(hard * 0.5 + (1_000 - hard) * 0.1)))
    found = first(known(*windows, alerts=(alert(5),)))
    assert found.action.startswith("do not retrain: more errors since there are more")
    assert not found.sure


def test_broken_data_is_mended_first():
    windows = days({"LGA": (100, 250), "JFK": (100, 100)})
    fault = alert(5, "FeatureMissing", Effect.MISSING)
    found = first(known(*windows, alerts=(alert(5), fault)))
    assert (found.change, found.sure) == (Change.DATA, True)
    assert "FeatureMissing wind" in found.action
    assert "do not retrain before" in found.action


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("FeatureWrongType", Effect.WRONG_TYPE),
        ("FeatureStale", Effect.STALE),
        ("FeatureConstant", Effect.DATA_DRIFT),
        ("FeatureDrift", Effect.UNIT_CHANGE),
        ("FeatureCategoriesDrift", Effect.SWAPPED),
    ],
)
def test_every_fault_of_the_data_is_mended_before_retraining(name: str, effect: Effect):
    windows = days({"LGA": (100, 250), "JFK": (100, 100)})
    assert first(known(*windows, alerts=(alert(5), alert(5, name, effect)))).change is Change.DATA


def test_inputs_that_drift_are_no_fault_of_the_data():
    windows = days({"LGA": (100, 250), "JFK": (100, 100)})
    drift = alert(5, "FeatureDrift", Effect.DATA_DRIFT)
    assert first(known(*windows, alerts=(alert(5), drift))).change is Change.RETRAINING


def test_a_fault_without_more_errors_is_to_be_mended_too():
    found = first(known(window(0), alerts=(alert(5, "FeatureMissing", Effect.MISSING),)))
    assert found.change is Change.DATA


def test_an_error_alert_without_labels_since_is_waited_for():
    found = first(known(window(0), alerts=(alert(20),)))
    assert "no window since then has labels" in found.action


def test_fewer_errors_and_resolved_alerts_call_for_nothing():
    better = days({"LGA": (250, 100), "JFK": (100, 100)})
    assert advise(known(*better, alerts=(alert(5),))) == []
    ended = replace(alert(5), status=AlertStatus.RESOLVED)
    assert advise(known(*days({"LGA": (100, 250)}), alerts=(ended,))) == []


# ---------------------------------------------------------------- words


def test_it_is_readable_in_80_columns():
    windows = days({"LGA": (100, 250), "JFK": (100, 100)})
    windows.append(window(10, improvement=improved()))
    told = list(lines("delay", advise(known(*windows, alerts=(alert(5),)))))
    assert max(map(len, told)) <= 80
    assert told[0] == "delay: 3 things to do, the first one first"
    assert told[2].startswith(" 1  retrain")
    assert "Looked at as well:" in told


def test_nothing_to_do_is_said():
    assert list(lines("delay", [])) == ["delay: nothing is sure to make it do better"]
