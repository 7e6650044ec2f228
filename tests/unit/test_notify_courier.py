"""What a target is told, when again, and what is remembered: with a clock that is set."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from samplerecords import alert_at

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.notify import courier as courier_module
from tidegauge.notify.channel import Delivered, Event, Failed, Outcome, Refused
from tidegauge.notify.courier import REFUSALS, Courier, Pauses, Wants
from tidegauge.notify.status import TargetStatus

ALERT = alert_at(0, id="1", starts_at_ms=0, labels={"alertname": "FeatureDrift"}, annotations={})
WORSE = replace(ALERT, id="2", severity=Severity.CRITICAL, revision=1)
ENDED = replace(WORSE, id="3", status=AlertStatus.RESOLVED, ends_at_ms=1, revision=2)
APPENDED = 5.0


class Target:
    """A channel that answers as it is told to, and then takes everything."""

    shown = "somewhere"

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []
        self.before: list[str | None] = []
        self.repeated: list[list[str]] = []

    def send(self, event: Event) -> Outcome:
        self.sent.append(event.alert.id)
        self.before.append(None if event.before is None else event.before.id)
        return self.answers.pop(0) if self.answers else Delivered()

    def repeat(self, firing: Sequence[AlertRecord]) -> Outcome:
        self.repeated.append([alert.id for alert in firing])
        return self.answers.pop(0) if self.answers else Delivered()

    def preview(self, event: Event) -> str:
        return event.alert.id


class Desk:
    """A courier, its target, and the time."""

    def __init__(self, *answers: Outcome, wants: Wants = Wants()) -> None:  # noqa: B008 - a constant
        self.now = 100.0
        self.lines: list[str] = []
        self.target = Target(*answers)
        self.courier = Courier(
            self.target,
            wants,
            Pauses(shortest=1.0, longest=8.0, repeat=60.0),
            clock=lambda: self.now,
            status=TargetStatus("there"),
            log=lambda event, **_: self.lines.append(event),
        )

    def offer(self, *alerts: AlertRecord) -> None:
        for alert in alerts:
            assert not self.courier.busy
            self.courier.offer(alert, b"{}", APPENDED)
            self.courier.work()

    def until_done(self) -> list[float]:
        """The pauses until what was offered is done."""
        pauses = []
        while self.courier.busy:
            pauses.append(self.courier.work())
            self.now += pauses[-1]
        return [pause for pause in pauses if pause]


def test_an_event_is_told_once() -> None:
    desk = Desk()
    desk.offer(ALERT, ALERT, WORSE)  # sent again, since it still fires, in between
    assert desk.target.sent == ["1", "2"]
    assert desk.target.before == [None, "1"]
    assert desk.courier.status.sent == 2
    assert desk.lines == ["told", "told"]


def test_it_is_tried_until_it_works_with_pauses_that_double() -> None:
    desk = Desk(*[Failed("down")] * 6)
    desk.offer(ALERT)
    status = desk.courier.status
    assert (status.retrying, status.undelivered_since) == (True, APPENDED)
    assert status.last_error == "down"
    assert desk.until_done() == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert desk.target.sent == ["1"] * 7
    assert (status.sent, status.failed, status.retrying) == (1, 6, False)
    assert status.undelivered_since is None


@pytest.mark.parametrize(("asked", "pause"), [(5.0, 5.0), (0.5, 1.0), (1e6, 8.0)])
def test_a_target_may_ask_for_a_longer_pause_within_bounds(asked: float, pause: float) -> None:
    desk = Desk(Failed("slowly", after=asked))
    desk.offer(ALERT)
    assert desk.until_done() == [pause]


def test_a_message_that_is_refused_for_good_holds_up_nothing() -> None:
    desk = Desk(*[Refused("no")] * REFUSALS)
    desk.offer(ALERT)
    desk.until_done()
    assert desk.target.sent == ["1"] * REFUSALS
    assert desk.courier.status.refused == 1
    assert desk.lines[-1] == "refused"
    desk.offer(WORSE)
    assert desk.target.sent[-1] == "2"


def test_what_was_told_before_is_neither_told_nor_forgotten() -> None:
    desk = Desk()
    desk.courier.recall(ALERT)
    desk.offer(ALERT)
    assert desk.target.sent == []
    desk.offer(WORSE)
    assert desk.target.before == ["1"]


def test_what_fires_is_repeated() -> None:
    desk = Desk()
    other = replace(ALERT, id="9", fingerprint="f" * 16)
    desk.offer(ALERT, other)
    for _ in range(3):
        desk.now += desk.courier.work()
    desk.offer(WORSE, ENDED)
    desk.now += 60.0
    desk.courier.work()
    assert desk.target.repeated[0] == ["1", "9"]
    assert desk.target.repeated[-1] == ["9"]


def test_a_repetition_that_fails_is_tried_again_and_holds_up_no_event() -> None:
    desk = Desk()
    desk.offer(ALERT)
    desk.target.answers = [Failed("down")]
    desk.now += 60.0
    assert desk.courier.work() == 1.0
    assert desk.courier.status.retrying
    desk.offer(WORSE)
    assert desk.target.sent == ["1", "2"]
    assert not desk.courier.status.retrying


def test_a_target_is_told_what_it_wants() -> None:
    desk = Desk(wants=Wants(Severity.CRITICAL, ("de*", "fraud")))
    desk.offer(ALERT, WORSE, ENDED, replace(WORSE, id="7", model="churn", fingerprint="e" * 16))
    assert desk.target.sent == ["2", "3"]
    assert desk.target.before == [None, "2"]  # what it was not told is nothing to it


def test_what_somebody_else_tells_now_is_let_go() -> None:
    desk = Desk(Failed("down"))
    desk.offer(ALERT)
    desk.courier.forget()
    assert not desk.courier.busy
    desk.now += 120.0
    desk.courier.work()
    assert desk.target.repeated == []
    assert desk.courier.status.undelivered_since is None


def test_of_too_many_alerts_the_oldest_that_ended_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier_module, "MAX_KNOWN", 2)
    desk = Desk()
    ended = replace(ENDED, fingerprint="a" * 16)
    desk.offer(ALERT, ended, replace(ALERT, id="8", fingerprint="b" * 16))
    desk.offer(ALERT)
    assert desk.target.sent == ["1", "3", "8"]
    desk.offer(ended)
    assert desk.target.sent[-1] == "3"
