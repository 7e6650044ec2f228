"""Which alerts belong together, and which is the root."""

import msgspec
import pytest

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Incident,
    Role,
    Severity,
    Split,
)
from tidegauge.core.config import HOUR, MINUTE
from tidegauge.core.monitor.incidents import JOIN_MS, Incidents, Onset
from tidegauge.core.monitor.streams import StreamKey, Subject

T = 1_000 * HOUR
WIND = StreamKey(Subject.FEATURE, "wind")
RAIN = StreamKey(Subject.FEATURE, "rain")
GONE = StreamKey(Subject.MISSING, "wind")
SCORE = StreamKey(Subject.SCORE)
ERRORS = StreamKey(Subject.ERROR_RATE)
TRAFFIC = StreamKey(Subject.TRAFFIC)
LABELS = StreamKey(Subject.LABELS)
LATENCY = StreamKey(Subject.LATENCY)


class Book:
    """Incidents of one model, and alerts of it."""

    def __init__(self) -> None:
        self.incidents = Incidents("m")

    def opens(
        self,
        key: StreamKey,
        time: int,
        *,
        onset: Onset | None = None,
        deployed: str = "",
        blamed: str = "",
        effect: Effect = Effect.MIX_SHIFT,
    ) -> Incident:
        cause = Cause(kind=CauseKind.FEATURE, effect=effect, name=blamed)
        split = Split(kind=CauseKind.FEATURE, name=blamed, mix=1.0, concept=0.0, remainder=0.0)
        record = AlertRecord(
            id="",
            fingerprint=self.fingerprint(key),
            status=AlertStatus.FIRING,
            severity=Severity.WARNING,
            model="m",
            time_ms=time,
            starts_at_ms=time - 10 * MINUTE,
            labels={},
            annotations={"summary": f"{key.subject.value} changed"},
            detector="adwin",
            window_start_ms=time - 10 * MINUTE,
            window_end_ms=time,
            predictions=1,
            labelled=0,
            causes=(cause,) if blamed else (),
            splits=(split,) if blamed else (),
        )
        seen = onset or Onset(time - 10 * MINUTE, time)
        return self.incidents.join(key, record, seen, deployed)

    def ends(self, key: StreamKey, time: int) -> None:
        self.incidents.end(self.fingerprint(key), time)

    def fingerprint(self, key: StreamKey) -> str:
        return f"{key.subject.value} {key.feature}"


def test_a_broken_feature_its_answers_and_errors_are_one_incident() -> None:
    book = Book()
    first = book.opens(WIND, T)
    fault = book.opens(GONE, T + MINUTE)
    score = book.opens(SCORE, T + 5 * MINUTE)
    late = Onset(T + 2 * MINUTE, T + 8 * MINUTE)
    errors = book.opens(ERRORS, T + 6 * HOUR, onset=late)
    assert len({i.id for i in (first, fault, score, errors)}) == 1
    assert [i.role for i in (first, fault, score, errors)] == [
        Role.ROOT,
        Role.ROOT,
        Role.SYMPTOM,
        Role.SYMPTOM,
    ]
    assert errors.root == book.fingerprint(GONE)
    assert errors.summary == "missing changed"


@pytest.mark.parametrize(
    ("key", "effect", "broken"),
    [
        (GONE, Effect.MIX_SHIFT, True),
        (WIND, Effect.UNIT_CHANGE, True),
        (WIND, Effect.OUT_OF_RANGE, True),
        (WIND, Effect.DATA_DRIFT, False),
    ],
)
def test_data_is_broken_by_the_kind_of_an_alert_or_by_its_first_cause(
    key: StreamKey, effect: Effect, broken: bool
) -> None:
    book = Book()
    book.opens(key, T, blamed="wind", effect=effect)
    book.opens(ERRORS, T + 6 * HOUR, onset=Onset(T, T + MINUTE), blamed="wind")
    told = book.incidents.faults(book.fingerprint(ERRORS), T + 6 * HOUR)
    assert told == (["wind"] if broken else [])
    book.ends(key, T + 7 * HOUR)
    assert book.incidents.faults(book.fingerprint(ERRORS), T + 8 * HOUR) == []


def test_what_begins_long_after_is_another_incident() -> None:
    book = Book()
    first = book.opens(WIND, T)
    other = book.opens(RAIN, T + JOIN_MS + 30 * MINUTE)
    assert first.id != other.id
    assert other.role is Role.ROOT


def test_a_long_window_joins_what_is_further_away() -> None:
    book = Book()
    first = book.opens(WIND, T)
    onset = Onset(T + 2 * HOUR, T + 6 * HOUR)
    assert book.opens(RAIN, T + 6 * HOUR, onset=onset).id == first.id


def test_an_effect_that_is_seen_late_joins_its_cause_and_not_the_other_way_round() -> None:
    book = Book()
    cause = book.opens(WIND, T)
    assert book.opens(SCORE, T + 24 * HOUR).id == cause.id
    book = Book()
    effect = book.opens(SCORE, T)
    assert book.opens(WIND, T + 24 * HOUR).id != effect.id


@pytest.mark.parametrize(("ended", "joins"), [(HOUR, False), (30 * HOUR, True)])
def test_errors_of_predictions_made_while_an_alert_fired_join_it(ended: int, joins: bool) -> None:
    book = Book()
    first = book.opens(WIND, T)
    book.ends(WIND, T + ended)
    onset = Onset(T + 24 * HOUR, T + 25 * HOUR)
    errors = book.opens(ERRORS, T + 26 * HOUR, onset=onset, blamed="wind")
    assert (errors.id == first.id) is joins


def test_errors_do_not_join_a_feature_that_they_are_not_laid_to() -> None:
    book = Book()
    drift = book.opens(WIND, T)
    onset = Onset(T - MINUTE, T + HOUR)
    errors = book.opens(ERRORS, T + 2 * HOUR, onset=onset, blamed="rain")
    assert errors.id != drift.id
    assert errors.role is Role.ROOT


def test_errors_with_a_cause_of_their_own_do_not_join_answers_that_drift_all_the_while() -> None:
    book = Book()
    drift = book.opens(WIND, T)
    assert book.opens(SCORE, T + MINUTE).id == drift.id
    onset = Onset(T + 12 * HOUR, T + 13 * HOUR)
    assert book.opens(ERRORS, T + 14 * HOUR, onset=onset, blamed="rain").id != drift.id


@pytest.mark.parametrize(("drifting", "joins"), [(WIND, True), (RAIN, False)])
def test_a_fault_of_one_feature_makes_no_other_drift(drifting: StreamKey, joins: bool) -> None:
    book = Book()
    fault = book.opens(GONE, T)
    later = Onset(T + 12 * HOUR, T + 13 * HOUR)
    assert (book.opens(drifting, T + 13 * HOUR, onset=later).id == fault.id) is joins


def test_lost_predictions_labels_and_latency_have_nothing_to_do_with_features() -> None:
    book = Book()
    drift = book.opens(WIND, T)
    slow = book.opens(LATENCY, T)
    traffic = book.opens(TRAFFIC, T)
    labels = book.opens(LABELS, T + 3 * HOUR, onset=Onset(T, T + 3 * HOUR))
    assert len({drift.id, slow.id, traffic.id}) == 3
    assert labels.id == traffic.id
    assert labels.root == book.fingerprint(TRAFFIC)


def test_how_far_an_axis_is_ahead_changes_nothing() -> None:
    errors, drift = (ERRORS, T), (WIND, T + MINUTE)
    told = []
    for order in ((errors, drift), (drift, errors)):
        book = Book()
        told.append({key: book.opens(key, time) for key, time in order})
    assert told[0] == told[1]


@pytest.mark.parametrize("axes", ["labels last", "labels first"])
def test_an_alert_about_errors_finds_the_cause_that_opened_after_it(axes: str) -> None:
    """Both are seen to begin together; the cause is sure an hour later than the errors are."""
    book, onset = Book(), Onset(T - HOUR, T)
    target = StreamKey(Subject.ACCURACY_TARGET)
    alone = book.opens(ERRORS, T, onset=onset, blamed="wind")
    assert book.opens(target, T + MINUTE, onset=onset, blamed="wind").id == alone.id
    if axes == "labels last":
        cause = book.opens(WIND, T + HOUR, onset=Onset(T, T + HOUR))
        before = book.opens(ERRORS, T + 30 * MINUTE, onset=onset, blamed="wind")
    else:
        before = book.opens(ERRORS, T + 30 * MINUTE, onset=onset, blamed="wind")
        cause = book.opens(WIND, T + HOUR, onset=Onset(T, T + HOUR))
    assert (before.id, before.role) == (alone.id, Role.ROOT)
    assert (cause.role, cause.id == alone.id) == (Role.ROOT, False)
    again = book.opens(ERRORS, T + 2 * HOUR, onset=onset, blamed="wind")
    assert (again.id, again.role, again.root) == (cause.id, Role.SYMPTOM, cause.root)
    assert book.opens(target, T + 2 * HOUR, onset=onset, blamed="wind") == again


@pytest.mark.parametrize("blamed", ["rain", "wind"])
def test_what_began_long_after_the_errors_is_no_cause_of_theirs(blamed: str) -> None:
    book = Book()
    alone = book.opens(ERRORS, T, onset=Onset(T - HOUR, T), blamed=blamed)
    late = Onset(T + 5 * HOUR, T + 6 * HOUR) if blamed == "wind" else Onset(T - HOUR, T)
    book.opens(WIND, T + 6 * HOUR, onset=late)
    now = Onset(T + 5 * HOUR, T + 6 * HOUR)
    assert book.opens(ERRORS, T + 7 * HOUR, onset=now, blamed=blamed).id == alone.id


def test_what_was_deployed_is_named_with_the_root() -> None:
    book = Book()
    book.opens(WIND, T, deployed="code version b came in with the change")
    told = book.opens(SCORE, T + MINUTE)
    assert told.summary == "code version b came in with the change; feature changed"


def test_an_alert_that_is_told_anew_keeps_its_incident_and_learns_its_root() -> None:
    book = Book()
    first = book.opens(WIND, T)
    book.opens(GONE, T + MINUTE)
    again = book.opens(WIND, T + 2 * HOUR)
    assert (again.id, again.role) == (first.id, Role.SYMPTOM)


def test_the_features_that_moved_are_known_while_their_alerts_fire() -> None:
    book = Book()
    book.opens(WIND, T)
    assert book.incidents.moved(Onset(T, T + HOUR), T + HOUR) == {"wind"}
    assert book.incidents.moved(Onset(T, T + HOUR), T - 1) == frozenset()
    book.ends(WIND, T + HOUR)
    assert book.incidents.moved(Onset(T + 2 * HOUR, T + 3 * HOUR), T + 3 * HOUR) == frozenset()


def test_restored_incidents_go_on_and_old_ones_are_forgotten() -> None:
    book, other = Book(), Book()
    first = book.opens(WIND, T)
    assert book.incidents.changed
    other.incidents.restore(msgspec.msgpack.encode(book.incidents.to_state()))
    assert not book.incidents.changed
    assert other.opens(SCORE, T + MINUTE).id == first.id
    for key in (WIND, SCORE):
        other.ends(key, T + HOUR)
    other.incidents.forget(T + 2 * HOUR)
    assert other.incidents.to_state() == []


def test_an_alert_that_opened_again_and_joins_its_old_incident_ends_there() -> None:
    book = Book()
    cause = book.opens(WIND, T)
    assert book.opens(ERRORS, T, blamed="wind").id == cause.id
    book.ends(ERRORS, T + HOUR)
    late = Onset(T + 30 * HOUR, T + 31 * HOUR)
    assert book.opens(ERRORS, T + 31 * HOUR, onset=late, blamed="rain").id != cause.id
    assert book.opens(ERRORS, T + 32 * HOUR, onset=late, blamed="wind").id == cause.id
    book.ends(ERRORS, T + 33 * HOUR)
    last = Onset(T + 60 * HOUR, T + 61 * HOUR)
    assert book.opens(ERRORS, T + 61 * HOUR, onset=last, blamed="rain").id != cause.id


def test_an_alert_that_opens_often_leaves_its_first_and_its_latest() -> None:
    book = Book()
    incident = book.opens(RAIN, T)
    for hour in range(100):
        assert book.opens(WIND, T + hour * HOUR, onset=Onset(T, T)).id == incident.id
        book.ends(WIND, T + hour * HOUR + MINUTE)
    book.incidents.forget(T + 98 * HOUR)
    (group,) = book.incidents.to_state()
    assert [m.opened - T for m in group.members] == [0, 0, 98 * HOUR, 99 * HOUR]
