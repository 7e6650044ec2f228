"""Incidents are the same however far the axis of prediction time is ahead of that of labels."""

from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Incident,
    Severity,
    Split,
)
from tidegauge.core.config import HOUR, MINUTE
from tidegauge.core.monitor.alerts import fingerprint
from tidegauge.core.monitor.incidents import Incidents, Onset
from tidegauge.core.monitor.streams import StreamKey, Subject

T = 1_000 * HOUR
EARLY = (
    *(StreamKey(Subject.FEATURE, "wind"), StreamKey(Subject.MISSING, "wind")),
    *(StreamKey(Subject.FEATURE, "rain"), StreamKey(Subject.SCORE), StreamKey(Subject.TRAFFIC)),
)
LATE = (
    *(StreamKey(Subject.ERROR_RATE), StreamKey(Subject.ACCURACY_TARGET)),
    StreamKey(Subject.LABELS),
)


class Step(NamedTuple):
    """An alert opens, is looked at again, or ends."""

    time: int
    key: StreamKey
    began: int
    """How long before its time the change was seen to begin."""
    blamed: str
    ends: bool


steps = st.lists(
    st.builds(
        Step,
        st.integers(0, 40).map(lambda n: T + 15 * n * MINUTE),
        st.sampled_from((*EARLY, *LATE)),
        st.integers(1, 12).map(lambda n: 15 * n * MINUTE),
        st.sampled_from(("", "wind", "rain")),
        st.sampled_from((False, False, True)),
    ),
    max_size=14,
    unique_by=lambda step: (step.time, step.key),
)


def told(order: list[Step]) -> dict[tuple[int, StreamKey], Incident]:
    """What is said of each step, in an order of processing."""
    incidents, said = Incidents("m"), {}
    for step in order:
        print_ = fingerprint("m", step.key)
        if step.ends:
            incidents.end(print_, step.time)
            continue
        cause = Cause(kind=CauseKind.FEATURE, effect=Effect.MIX_SHIFT, name=step.blamed)
        split = Split(kind=CauseKind.FEATURE, name="wind", mix=1.0, concept=0.0, remainder=0.0)
        blames = step.blamed and step.key in LATE
        record = AlertRecord(
            id="",
            fingerprint=print_,
            status=AlertStatus.FIRING,
            severity=Severity.WARNING,
            model="m",
            time_ms=step.time,
            starts_at_ms=step.time - step.began,
            labels={},
            annotations={"summary": step.key.subject.value},
            detector="adwin",
            window_start_ms=step.time - step.began,
            window_end_ms=step.time,
            predictions=1,
            labelled=0,
            causes=(cause,) if blames else (),
            splits=(split,) if blames else (),
        )
        onset = Onset(step.time - step.began, step.time)
        said[step.time, step.key] = incidents.join(step.key, record, onset, "")
    return said


QUARTER = 15 * MINUTE
RAIN = StreamKey(Subject.FEATURE, "rain")
AGAIN = [
    Step(T, RAIN, QUARTER, "", ends=False),
    Step(T, StreamKey(Subject.ERROR_RATE), QUARTER, "", ends=False),
    Step(T + QUARTER, RAIN, QUARTER, "", ends=True),
    Step(T + 2 * QUARTER, RAIN, QUARTER, "", ends=False),
]
"""What opens again while labels are read that saw it the first time."""


@settings(max_examples=60)
@example(AGAIN, [True] * 14)
@given(steps, st.lists(st.booleans(), min_size=14, max_size=14))
def test_how_far_predictions_are_ahead_changes_no_incident(
    made: list[Step], ahead: list[bool]
) -> None:
    made.sort(key=lambda step: (step.time, step.key in LATE, step.key))
    early, late = ([s for s in made if (s.key in LATE) is side] for side in (False, True))
    order: list[Step] = []
    for step in late:
        while early and (early[0].time <= step.time or ahead[len(order) % len(ahead)]):
            order.append(early.pop(0))
        order.append(step)
    assert told(order + early) == told(made)


@settings(max_examples=60)
@given(steps)
def test_an_alert_changes_its_incident_once_and_is_a_symptom_from_then_on(made: list[Step]) -> None:
    made.sort(key=lambda step: (step.time, step.key in LATE, step.key))
    lives: dict[StreamKey, list[Incident]] = {}
    said = told(made)
    for step in made:
        if step.ends:
            lives.pop(step.key, None)
            continue
        life = lives.setdefault(step.key, [])
        life.append(said[step.time, step.key])
        ids = list(dict.fromkeys(i.id for i in life))
        assert len(ids) <= 1 + (step.key in LATE)
        roles = [i.role for i in life]
        assert roles == sorted(roles)
        for one in life:
            assert (one.root == fingerprint("m", step.key)) is (one.role == "root")
