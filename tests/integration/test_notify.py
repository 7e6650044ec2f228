"""The notifier as a process, on a real broker: targets fail, and it is stopped and killed."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from notifiers import ENDED, OPENED, OTHER, WORSE, Notifiers, until
from receiver import Receiver

from tidegauge.broker.embedded import EmbeddedBroker

pytestmark = pytest.mark.broker


@pytest.fixture
def notifiers(broker: Any, topic_prefix: str, tmp_path: Path) -> Notifiers:
    made = Notifiers(broker.bootstrap, topic_prefix, tmp_path)
    assert made.run("topics", "create").exit_code == 0
    return made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


def webhook(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {"type": "webhook", "url": receiver.url, **more}


def test_a_target_that_fails_is_told_in_the_end_and_holds_up_no_other(
    notifiers: Notifiers, receiver: Receiver
) -> None:
    with Receiver(answers=[500, 429, 0, 503]) as failing:
        notifiers.targets = {
            "good": webhook(receiver),
            "failing": webhook(failing),
            "gone": {"type": "webhook", "url": "http://127.0.0.1:9/hook"},
            "critical": webhook(receiver, min_severity="critical", models="fr*, de*"),
        }
        notifiers.send(OPENED, OPENED, WORSE, ENDED)
        with notifiers.started_one() as process:
            process.ready()
            until(lambda: process.target("critical")["sent"] == 2, "told to critical")
            until(lambda: process.target("failing")["sent"] == 3, "told to failing")
            until(lambda: process.target("good")["sent"] == 3, "told to good")
            metrics = process.page("/metrics")
            gone = process.target("gone")
            process.stop()
    assert sorted(receiver.ids) == sorted(["opened", "worse", "ended", "worse", "ended"])
    assert failing.ids == ["opened"] * 5 + ["worse", "ended"]
    assert (gone["sent"], gone["retrying"], gone["waiting_records"]) == (0, True, 4)
    assert gone["oldest_undelivered_seconds"] > 0
    assert 'tidegauge_notify_sent_total{target="good"} 3.0' in metrics
    assert 'tidegauge_notify_failed_total{target="failing"} 4.0' in metrics
    assert 'tidegauge_notify_retrying{target="gone"} 1.0' in metrics
    assert 'tidegauge_notify_oldest_undelivered_seconds{target="gone"}' in metrics
    assert notifiers.position("good") == notifiers.position("failing") == 4
    assert notifiers.position("gone") == 0


@pytest.mark.chaos
def test_after_a_kill_only_what_was_not_acknowledged_is_told(
    notifiers: Notifiers, receiver: Receiver
) -> None:
    notifiers.targets = {"hook": webhook(receiver)}
    with notifiers.started_one() as process:
        notifiers.send(OPENED)
        until(lambda: notifiers.position("hook") == 1, "told the first")
        receiver.answers = [0]
        notifiers.send(WORSE)
        until(lambda: receiver.ids == ["opened", "worse"], "being told the second")
        process.process.kill()
        process.process.wait()
    notifiers.send(OPENED, ENDED)
    with notifiers.started_one() as process:
        until(lambda: notifiers.position("hook") == 4, "told the rest")
        process.stop()
    assert receiver.ids == ["opened", "worse", "worse", "opened", "ended"]


def test_a_target_that_restarts_gets_all_in_order(notifiers: Notifiers) -> None:
    with ExitStack() as stack:
        receiver = Receiver()
        with receiver:
            notifiers.targets = {"hook": webhook(receiver)}
            process = stack.enter_context(notifiers.started_one())
            notifiers.send(OPENED)
            until(lambda: receiver.ids == ["opened"], "told the first")
        notifiers.send(WORSE, ENDED)
        until(lambda: process.target("hook")["retrying"], "trying the second")
        with receiver:
            until(lambda: notifiers.position("hook") == 3, "told the rest")
            process.stop()
    assert receiver.ids == ["opened", "worse", "ended"]


def test_two_notifiers_share_the_alerts_and_one_takes_over(
    notifiers: Notifiers, receiver: Receiver
) -> None:
    notifiers.targets = {"hook": webhook(receiver)}
    with notifiers.started_one() as one, notifiers.started_one() as other:
        one.ready()
        other.ready()
        notifiers.send(OPENED, OTHER)
        until(lambda: sorted(receiver.ids) == ["opened", "other"], "both told once")
        one.stop()
        notifiers.send(WORSE, ENDED, replace(OTHER, id="other ended", revision=1))
        until(lambda: len(receiver.ids) >= 5, "the rest told by the other")
        other.stop()
    assert sorted(receiver.ids) == sorted(["opened", "other", "worse", "ended", "other ended"])


def test_a_dry_run_says_what_would_be_sent(notifiers: Notifiers, receiver: Receiver) -> None:
    notifiers.targets = {
        "hook": webhook(receiver, min_severity="critical"),
        "manager": {"type": "alertmanager", "url": "http://127.0.0.1:9"},
    }
    notifiers.send(OPENED, WORSE, ENDED)
    result = notifiers.run("notify", "--dry-run")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("hook (") == 2
    assert result.stdout.count("manager (http://127.0.0.1:9/api/v2/alerts)") == 3
    assert "5 messages; nothing was sent" in result.stderr
    assert receiver.requests == []
    assert notifiers.position("hook") == 0


def test_a_test_message_says_who_can_be_reached(notifiers: Notifiers, receiver: Receiver) -> None:
    notifiers.targets = {"hook": webhook(receiver)}
    good = notifiers.run("notify", "--test")
    assert (good.exit_code, good.stdout) == (0, f"hook: sent to {receiver.url}\n")
    assert receiver.requests[0].json["data"]["labels"]["alertname"] == "TidegaugeTest"
    notifiers.targets["gone"] = {"type": "webhook", "url": "http://127.0.0.1:9/x"}
    bad = notifiers.run("notify", "--test")
    assert bad.exit_code == 1
    assert "gone: http://127.0.0.1:9/x: " in bad.stderr


def test_without_targets_and_with_contradictions_nothing_is_done(notifiers: Notifiers) -> None:
    none = notifiers.run("notify")
    assert none.exit_code == 64
    assert "docs/notify.md" in none.stderr
    notifiers.targets = {"chat": {"type": "apprise", "url_env": "NO_SUCH_VARIABLE"}}
    assert notifiers.run("notify", "--test").exit_code == 64
    assert notifiers.run("notify", "--test", "--dry-run").exit_code == 64
    assert notifiers.run("notify", "--since", "1h").exit_code == 64
    notifiers.targets = {"hook": {"type": "webhook", "url": "http://me:pa55word@h/"}}
    refused = notifiers.run("notify")
    assert refused.exit_code == 64
    assert "pa55word" not in refused.stderr


@pytest.mark.chaos
def test_a_broker_that_goes_away_and_returns_costs_no_event(
    tmp_path: Path, receiver: Receiver
) -> None:
    with EmbeddedBroker(tmp_path / "broker", quick_start=True) as first:
        port = int(first.bootstrap.rpartition(":")[2])
        notifiers = Notifiers(first.bootstrap, "", tmp_path)
        notifiers.targets = {"hook": webhook(receiver)}
        assert notifiers.run("topics", "create").exit_code == 0
        with ExitStack() as stack:
            process = stack.enter_context(notifiers.started_one())
            notifiers.send(OPENED)
            until(lambda: receiver.ids == ["opened"], "told the first")
            until(lambda: notifiers.position("hook") == 1, "behind the first")
            first.stop()
            with EmbeddedBroker(tmp_path / "broker", port=port, quick_start=True):
                notifiers.send(WORSE, ENDED)
                until(lambda: "ended" in receiver.ids, "told the rest")
                process.stop()
    assert receiver.ids == ["opened", "worse", "ended"]
