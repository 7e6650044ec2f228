"""What targets are sent, what their answers mean, and that secrets stay secret."""

import json
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from receiver import Receiver
from samplerecords import T, alert_at

from tidegauge.core.alertrecords import (
    AlertRecord,
    AlertStatus,
    Cause,
    CauseKind,
    Effect,
    Incident,
    Role,
    Severity,
)
from tidegauge.notify.alertmanager import Alertmanager
from tidegauge.notify.channel import Delivered, Event, Failed, Refused
from tidegauge.notify.chat import Chat
from tidegauge.notify.errors import NotifyError
from tidegauge.notify.message import message_of
from tidegauge.notify.secrets import Address, address_of
from tidegauge.notify.webhook import Webhook
from tidegauge.settings.notify import TargetSettings
from tidegauge.wire.alerts import cloud_event, encode_alert

NOW = 1_800_000_000.0
ALERT = alert_at(
    T,
    id="5f0c",
    starts_at_ms=T - 3_600_000,
    labels={"alertname": "FeatureDrift", "model": "delay", "subject": "feature", "feature": "wind"},
    annotations={"summary": "Model delay: mean of feature wind: 1 before, 9 now"},
    causes=(
        Cause(
            kind=CauseKind.FEATURE,
            effect=Effect.DATA_DRIFT,
            name="wind",
            contribution=1.0,
            summary="mean of feature wind: 1 before, 9 now",
        ),
    ),
)
ENDED = replace(ALERT, status=AlertStatus.RESOLVED, ends_at_ms=T + 60_000, revision=1)
TAKEN_BACK = replace(ENDED, status=AlertStatus.RETRACTED)
INCIDENT = Incident(
    id="00aa", role=Role.SYMPTOM, root="f" * 16, summary="Model delay: gust is missing"
)
SYMPTOM = replace(ALERT, incident=INCIDENT)
LINK = "http://grafana:3000/d/model?var-model={model}"


def event(alert: AlertRecord, before: AlertRecord | None = None) -> Event:
    message = encode_alert(alert)
    return Event(alert, cloud_event(message.value, message.headers), before)


def test_a_webhook_is_sent_the_cloud_event_and_its_id() -> None:
    with Receiver() as receiver:
        address = Address(receiver.url, "Bearer abcdef")
        assert Webhook(address, 5.0).send(event(ALERT)) == Delivered()
    (request,) = receiver.requests
    assert request.headers["idempotency-key"] == ALERT.id
    assert request.headers["authorization"] == "Bearer abcdef"
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert request.json["type"] == "tidegauge.alert.firing"
    assert request.json["data"]["labels"] == ALERT.labels


@pytest.mark.parametrize("status", [301, 401, 404, 408, 429, 500, 503])
def test_an_answer_that_may_change_is_a_failure(status: int) -> None:
    with Receiver(answers=[status], more={"Location": "/other"}) as receiver:
        outcome = Webhook(Address(receiver.url), 5.0).send(event(ALERT))
    assert isinstance(outcome, Failed)
    assert f"HTTP {status}" in outcome.reason
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_answer_about_the_message_is_a_refusal(status: int) -> None:
    with Receiver(answers=[status], said=b"what is\nthis?") as receiver:
        outcome = Webhook(Address(receiver.url), 5.0).send(event(ALERT))
    assert isinstance(outcome, Refused)
    assert outcome.reason.endswith("what is this?")


def test_a_target_says_how_long_it_wants_to_be_left_alone() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    for header, least, most in (("7", 7.0, 7.0), (later, 60.0, 90.0), ("soon", 0.0, 0.0)):
        with Receiver(answers=[429], more={"Retry-After": header}) as receiver:
            outcome = Webhook(Address(receiver.url), 5.0).send(event(ALERT))
        assert isinstance(outcome, Failed)
        assert least <= outcome.after <= most


def test_a_target_that_hangs_or_is_not_there_is_a_failure() -> None:
    with Receiver(answers=[0]) as receiver:
        hung = Webhook(Address(receiver.url), 0.2).send(event(ALERT))
    gone = Webhook(Address(receiver.url), 0.2).send(event(ALERT))
    assert isinstance(hung, Failed)
    assert isinstance(gone, Failed)
    assert "timed out" in hung.reason
    assert "refused" in gone.reason


def test_errors_and_addresses_keep_secrets() -> None:
    with Receiver(answers=[500], said=b"token s3cr3t-token of /hook?key=k3yk3y") as receiver:
        url = f"{receiver.url}?key=k3yk3y"
        channel = Webhook(Address(url, "Bearer s3cr3t-token"), 5.0)
        outcome = channel.send(event(ALERT))
        shown = channel.shown
    assert isinstance(outcome, Failed)
    for text in (outcome.reason, shown, repr(channel), repr(Address(url, "Bearer s3cr3t-token"))):
        assert "s3cr3t" not in text
        assert "k3yk3y" not in text
    login = Address("https://user:pa55word@example.org/x")
    assert "pa55word" not in login.redacted(
        "no way to https://user:pa55word@example.org/x: pa55word"
    )


def target(**values: object) -> TargetSettings:
    return TargetSettings.model_validate({"type": "webhook", **values})


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("Bearer t0ken\n")
    settings = target(url_env="HOOK", authorization_file=file)
    address = address_of("hook", settings, {"HOOK": "http://h/k3yk3y"})
    assert (address.url, address.authorization) == ("http://h/k3yk3y", "Bearer t0ken")
    public = address_of("hook", target(url="http://host/place"))
    assert public.shown == "http://host/place"


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotifyError, match="variable HOOK is not set"):
        address_of("hook", target(url_env="HOOK"), {})
    with pytest.raises(NotifyError, match=r"can't read .*nothing: No such file"):
        address_of("hook", target(url_file=tmp_path / "nothing"))
    (tmp_path / "two").write_text("a\nb")
    with pytest.raises(NotifyError, match="must hold one line"):
        address_of("hook", target(url_file=tmp_path / "two"))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"url": "http://h", "url_env": "H"},
        {"url": "http://user:pa55word@h/"},
        {"url": "ftp://h"},
        {"type": "apprise", "url": "http://h"},
        {"type": "apprise", "url_env": "H", "authorization_env": "A"},
        {"url": "http://h", "authorization_env": "A", "authorization_file": "/f"},
    ],
)
def test_a_target_that_contradicts_itself_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        target(**values)


def manager(url: str, link: str | None = LINK) -> Alertmanager:
    return Alertmanager(Address(url), 5.0, 60.0, link, lambda: NOW)


def test_alertmanager_is_told_in_times_of_the_clock() -> None:
    with Receiver() as receiver:
        channel = manager(receiver.url)
        channel.send(event(ALERT))
        channel.send(event(ENDED, ALERT))
        channel.send(event(TAKEN_BACK, ENDED))
        channel.repeat([ALERT] * 501)
    assert {request.path for request in receiver.requests} == {"/hook/api/v2/alerts"}
    (fires,), (ended,), (taken_back,), first, rest = (r.json for r in receiver.requests)
    own = {"severity": "warning", "fingerprint": ALERT.fingerprint}
    assert fires["labels"] == {**ALERT.labels, **own}
    assert fires["startsAt"] == "2013-01-01T09:00:00.000Z"
    assert fires["endsAt"] == "2027-01-15T08:04:00.000Z"  # four repetitions from now
    assert fires["generatorURL"] == "http://grafana:3000/d/model?var-model=delay"
    assert fires["annotations"]["tidegauge_id"] == ALERT.id
    assert ended["endsAt"] == taken_back["endsAt"] == "2027-01-15T08:00:00.000Z"
    assert ended["annotations"]["ended"] == "2013-01-01T10:01:00.000Z"
    assert taken_back["annotations"]["retracted"] == "true"
    assert (len(first), len(rest)) == (500, 1)


def test_an_alert_that_becomes_worse_ends_what_it_was() -> None:
    worse = replace(ALERT, severity=Severity.CRITICAL, revision=1)
    before, now = json.loads(manager("http://am:9093/").preview(event(worse, ALERT)))
    assert (before["labels"]["severity"], now["labels"]["severity"]) == ("warning", "critical")
    assert before["endsAt"] < now["endsAt"]


def test_alertmanager_can_group_by_incident_and_names_its_root() -> None:
    (symptom,) = json.loads(manager("http://am:9093/").preview(event(SYMPTOM)))
    assert symptom["labels"]["incident"] == INCIDENT.id
    assert symptom["annotations"]["role"] == "symptom"
    assert symptom["annotations"]["root_cause"] == INCIDENT.summary
    before, now = json.loads(manager("http://am:9093/").preview(event(SYMPTOM, ALERT)))
    assert ("incident" in before["labels"], "incident" in now["labels"]) == (False, True)
    assert before["endsAt"] < now["endsAt"]


def test_messages_name_the_incident_and_its_root() -> None:
    def second_line(alert: AlertRecord) -> str:
        return message_of(alert, None).body.splitlines()[1]

    assert second_line(SYMPTOM) == f"Symptom of incident 00aa: {INCIDENT.summary}"
    root = replace(INCIDENT, role=Role.ROOT, summary=ALERT.annotations["summary"])
    assert second_line(replace(ALERT, incident=root)) == "Root of incident 00aa"
    deployed = replace(root, summary=f"version 2 was deployed; {root.summary}")
    assert second_line(replace(ALERT, incident=deployed)) == (
        f"Root of incident 00aa: version 2 was deployed; {root.summary}"
    )


def test_messages_say_what_why_since_when_and_where() -> None:
    message = message_of(ALERT, LINK)
    assert message.subject == "[WARNING] delay: FeatureDrift feature=wind"
    assert message.body == (
        "Model delay: mean of feature wind: 1 before, 9 now\n"
        "- mean of feature wind: 1 before, 9 now (100% of the change)\n"
        "Since 2013-01-01 09:00 UTC\n"
        "http://grafana:3000/d/model?var-model=delay"
    )
    assert message_of(ENDED, None).body.endswith("until 2013-01-01 10:01 UTC")
    assert message_of(TAKEN_BACK, None).subject.startswith("[RETRACTED] delay")
    nasty = replace(ALERT, model="a\x1b[2J\nb", labels={})
    assert message_of(nasty, None).subject == r"[WARNING] a\x1b[2J\nb: alert"


def test_apprise_reaches_a_receiver_and_hides_its_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Receiver(answers=[200, 500]) as receiver:
        address = Address(f"json://127.0.0.1:{receiver.port}/s3cr3t")
        channel = Chat("chat", address, LINK)
        assert channel.send(event(ALERT)) == Delivered()
        failed = channel.send(event(ENDED))
    assert receiver.requests[0].json["title"] == "[WARNING] delay: FeatureDrift feature=wind"
    assert isinstance(failed, Failed)
    assert "s3cr3t" not in failed.reason + channel.shown + caplog.text


def test_apprise_says_what_it_can_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotifyError, match="does not know such an address") as refused:
        Chat("chat", Address("nonsense://s3cr3t"), None)
    assert "s3cr3t" not in str(refused.value)
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(NotifyError, match=r"pip install 'tidegauge\[notify\]'"):
        Chat("chat", Address("json://h"), None)
