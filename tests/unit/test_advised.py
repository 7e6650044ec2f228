"""What alerts about errors advise, and when that is told anew."""

import pytest

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Severity,
    Split,
)
from tidegauge.core.config import DAY, HOUR
from tidegauge.core.improvement import Retrain
from tidegauge.core.monitor.advised import judged, urgent, with_advice

T = 1_000 * HOUR


def alert(mix: float = 0.0) -> AlertRecord:
    return AlertRecord(
        id="",
        fingerprint="f",
        status=AlertStatus.FIRING,
        severity=Severity.WARNING,
        model="m",
        time_ms=T,
        starts_at_ms=T,
        labels={},
        annotations={"summary": "more errors"},
        detector="adwin",
        window_start_ms=T,
        window_end_ms=T,
        predictions=1,
        labelled=1,
        causes=(
            Cause(kind=CauseKind.SEGMENT, effect=Effect.CONCEPT_SHIFT, name="carrier", value="UA"),
        ),
        splits=(
            Split(kind=CauseKind.SEGMENT, name="carrier", mix=0.1, concept=0.9, remainder=0.0),
            Split(kind=CauseKind.FEATURE, name="wind", mix=mix, concept=1 - mix, remainder=0.0),
        ),
    )


@pytest.mark.parametrize(
    ("mix", "faults", "after", "advised"),
    [
        (0.2, [], HOUR, Retrain.WAIT),
        (0.2, [], DAY, Retrain.RETRAIN),
        (0.7, [], DAY, Retrain.HARDER_CASES),
        (0.7, ["wind"], DAY, Retrain.FIX_DATA),
        (0.2, ["wind"], HOUR, Retrain.FIX_DATA),
    ],
)
def test_what_is_advised(mix: float, faults: list[str], after: int, advised: Retrain) -> None:
    assert judged(alert(mix), faults, T + after) is advised
    told = with_advice(alert(mix), advised, faults)
    assert told.retraining is advised
    said = told.annotations["advice"]
    assert ("wind" in said) is bool(faults)
    assert ("most of carrier UA" in said) is (advised is Retrain.RETRAIN)
    assert told.annotations["summary"] == "more errors"


def test_it_is_told_anew_only_when_it_becomes_more_urgent() -> None:
    order = [None, Retrain.WAIT, Retrain.RETRAIN, Retrain.FIX_DATA]
    for place, before in enumerate(order):
        for later, now in enumerate(order):
            assert urgent(before, now) is (later > max(place, 1))
    assert not urgent(Retrain.WAIT, Retrain.HARDER_CASES)
