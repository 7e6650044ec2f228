"""The notifier and a real Alertmanager."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alertmanagerserver import Manager, free_address
from msgspec.structs import replace
from notifiers import ENDED, OPENED, OTHER, WORSE, Notifiers, until
from receiver import Receiver

from tidegauge.core.alertrecords import AlertStatus

pytestmark = [pytest.mark.broker, pytest.mark.alertmanager]

TAKEN_BACK = replace(
    OTHER, id="taken back", status=AlertStatus.RETRACTED, ends_at_ms=OTHER.time_ms, revision=1
)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Receiver() as receiver:
        yield Manager(tmp_path, receiver, free_address())


@pytest.fixture
def notifiers(broker: Any, topic_prefix: str, tmp_path: Path, manager: Manager) -> Notifiers:
    made = Notifiers(broker.bootstrap, topic_prefix, tmp_path)
    made.targets = {"manager": {"type": "alertmanager", "url": f"http://{manager.address}"}}
    made.rules = {"repeat": "1s", "link": "http://grafana:3000/{model}"}
    assert made.run("topics", "create").exit_code == 0
    return made


def test_alertmanager_has_what_fires_until_it_ends(notifiers: Notifiers, manager: Manager) -> None:
    with manager.running(), notifiers.started_one() as process:
        notifiers.send(OPENED, OTHER)
        until(lambda: len(manager.alerts()) == 2, "both alerts")
        alert = manager.alerts()["delay", "warning"]
        assert alert["annotations"]["tidegauge_id"] == "opened"
        assert alert["startsAt"] == "2013-01-01T09:59:00.000Z"
        assert alert["generatorURL"] == "http://grafana:3000/delay"

        notifiers.send(WORSE, TAKEN_BACK)
        until(lambda: manager.alerts().keys() == {("delay", "critical")}, "the worse one alone")
        until(lambda: ("resolved", "fraud", "warning") in manager.told(), "the one taken back")

        # each post has an end four seconds ahead: it is still there since it is posted again
        first = manager.ends_at("delay", "critical")
        much_later = first + timedelta(seconds=6)
        until(lambda: manager.ends_at("delay", "critical") > much_later, "a later end")

        notifiers.send(ENDED)
        until(lambda: not manager.alerts(), "no alert")
        until(lambda: ("resolved", "delay", "critical") in manager.told(), "told its end")
        process.stop()
    assert manager.told().count(("firing", "delay", "critical")) == 1


def test_alertmanager_and_notifier_are_restarted(notifiers: Notifiers, manager: Manager) -> None:
    notifiers.send(OPENED, OTHER)
    with notifiers.started_one() as process:
        until(lambda: process.target("manager")["retrying"], "trying")
        with manager.running():
            until(lambda: len(manager.alerts()) == 2, "what was to be told")
            until(lambda: notifiers.position("manager") == 2, "both behind it")
        shutil.rmtree(manager.folder / "store")
        with manager.running():
            until(lambda: len(manager.alerts()) == 2, "what fires, told again")
        process.stop()
    shutil.rmtree(manager.folder / "store")
    with manager.running(), notifiers.started_one() as process:
        until(lambda: len(manager.alerts()) == 2, "what fires, by another notifier")
        assert process.target("manager")["sent"] == 0
        assert notifiers.run("notify", "--test").exit_code == 0
        until(lambda: ("tidegauge", "info") in manager.alerts(), "the test message")
        process.stop()
