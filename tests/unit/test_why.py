"""What was deployed as a change began is named first, for as long as the alert fires."""

from tidegauge.core.alertrecords import Cause, CauseKind, Effect
from tidegauge.core.config import HOUR
from tidegauge.core.monitor.incidents import Onset
from tidegauge.core.monitor.why import Why
from tidegauge.core.records import DeploymentKind, DeploymentRecord

ONSET = Onset(100 * HOUR, 104 * HOUR)
SEGMENT = Cause(kind=CauseKind.SEGMENT, effect=Effect.CONCEPT_SHIFT, name="origin", value="EWR")
VERSION = Cause(kind=CauseKind.VERSION, effect=Effect.NEW_VERSION, name="2", contribution=0.4)


def mark(value: str, hour: int) -> DeploymentRecord:
    return DeploymentRecord(
        model="m", kind=DeploymentKind.VERSION, value=value, version=value, time_ms=hour * HOUR
    )


def names(why: Why) -> list[str]:
    return [cause.name for cause in why.causes]


def test_a_version_that_came_with_the_change_is_named_first() -> None:
    why = Why(ONSET, (SEGMENT, VERSION)).with_marks([mark("1", 0), mark("2", 101)])
    assert names(why) == ["2", "origin"]
    assert why.causes[0] is VERSION  # with its part of the change
    assert why.deployed == "version 2 came in with the change"


def test_what_came_with_the_change_stays_first_when_causes_are_told_anew() -> None:
    told = Why(ONSET, (SEGMENT,)).with_marks([mark("1", 0), mark("2", 101)])
    again = Why(Onset(200 * HOUR, 204 * HOUR), (SEGMENT,)).after(told.causes)
    assert names(again) == ["2", "origin"]
    assert again.deployed == told.deployed


def test_nothing_is_kept_where_nothing_came_with_the_change() -> None:
    assert names(Why(ONSET, (SEGMENT,)).after([SEGMENT, VERSION])) == ["origin"]
