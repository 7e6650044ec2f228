"""The whole way of an alert: worker and notifier, Prometheus with the rules, Alertmanager, a hook.

Prometheus and Alertmanager have the configuration that is shipped, but for addresses, the receiver,
and waits, which are none here: how long a rule waits is tested by ``promtool``.
"""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from alertmanagerserver import Manager, free_address
from kafka import KafkaProducer
from msgspec.structs import replace
from notifiers import OPENED, Notifiers, until
from prometheusserver import prometheus
from receiver import Receiver

import tidegauge
from tidegauge.core.alertrecords import Incident, Role
from tidegauge.export.http import MetricsServer
from tidegauge.export.view import View, WorkerView

pytestmark = [
    pytest.mark.broker,
    pytest.mark.prometheus,
    pytest.mark.alertmanager,
    pytest.mark.timeout(400),
]

GRAFANA = Path(tidegauge.__file__).parents[2] / "grafana"
RUNBOOKS = "https://docs.example.org/runbooks"
ALERT = replace(
    OPENED,
    incident=Incident(id="00aa", role=Role.ROOT, root=OPENED.fingerprint, summary="wind moved"),
)
VIEW = View(worker=WorkerView(ready=True, phase="running"), alerts=(ALERT,))


def shipped(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((GRAFANA / name).read_text())
    return found


def prometheus_config(
    folder: Path, manager: str, workers: list[str], notifier: str
) -> dict[str, Any]:
    rules = folder / "rules"
    rules.mkdir()
    for file in (GRAFANA / "rules").glob("*.yml"):
        (rules / file.name).write_text(re.sub(r"\bfor: \w+", "for: 0s", file.read_text()))
    config = shipped("prometheus.yml")
    every = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config["global"] |= every | {"external_labels": {"runbooks": RUNBOOKS}}
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [manager]}]}]
    jobs = [job["job_name"] for job in config["scrape_configs"]]
    config["scrape_configs"] = [
        {"job_name": name, "static_configs": [{"targets": targets}]}
        for name, targets in zip(jobs, (workers, [notifier]), strict=True)
    ]
    return config


def alertmanager_config() -> dict[str, Any]:
    config = shipped("alertmanager.yml")
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    return config


@contextmanager
def worker(folder: Path, config: Path, address: str) -> Iterator["subprocess.Popen[bytes]"]:
    host, port = address.split(":")
    with (
        (folder / "worker.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tidegauge", "-c", str(config), "worker"],
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(tidegauge.__file__).parents[1]),
                "TIDEGAUGE_HTTP__HOST": host,
                "TIDEGAUGE_HTTP__PORT": port,
            },
        ) as process,
    ):
        try:
            until(lambda: answers(f"http://{address}/ready"), "a worker that is ready")
            yield process
        finally:
            process.kill()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - ours
            return True
    except OSError:
        return False


def messages(receiver: Receiver, name: str) -> list[dict[str, Any]]:
    """The messages in which an alert was told to fire."""
    return [
        request.json
        for request in receiver.requests
        if any(
            alert["labels"]["alertname"] == name and alert["status"] == "firing"
            for alert in request.json["alerts"]
        )
    ]


def test_an_alert_goes_all_the_way(broker: Any, topic_prefix: str, tmp_path: Path) -> None:
    made = Notifiers(broker.bootstrap, topic_prefix, tmp_path)
    notifier, working, showing = free_address(), free_address(), free_address()
    with ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        manager = Manager(tmp_path, receiver, free_address(), alertmanager_config())
        stack.enter_context(manager.running())

        def told(name: str) -> list[dict[str, Any]]:
            until(lambda: bool(messages(receiver, name)), name)
            return messages(receiver, name)

        made.targets = {"manager": {"type": "alertmanager", "url": f"http://{manager.address}"}}
        made.rules = {"port": int(notifier.split(":")[1]), "repeat": "1s"}
        made.kafka = {"group": f"{topic_prefix}workers"}
        made.topics = {"partitions": 1, "partials_partitions": 1}
        assert made.run("topics", "create").exit_code == 0
        process = stack.enter_context(worker(tmp_path, made.config(), working))
        shown_port = int(showing.split(":")[1])
        page = MetricsServer(lambda: VIEW, "127.0.0.1", shown_port, 1_000)
        config = prometheus_config(tmp_path, manager.address, [working, showing], notifier)
        stack.enter_context(prometheus(tmp_path, config))

        # the pipeline
        refuse_one(broker.bootstrap, f"{topic_prefix}predictions")
        message = told("TidegaugeDeadLetters")[0]
        (alert,) = message["alerts"]
        assert alert["labels"] == {
            "alertname": "TidegaugeDeadLetters",
            "severity": "info",
            "topic": f"{topic_prefix}predictions",
            "reason": "invalid_json",
        }
        assert alert["annotations"]["runbook_url"] == f"{RUNBOOKS}#tidegaugedeadletters"

        # a model, without a notifier and then with one: told once by each, and by one at a time
        message = told("TidegaugeModelAlert")[0]
        assert message["groupLabels"] == {"model": "delay", "incident": "00aa"}
        assert message["commonLabels"]["kind"] == "FeatureDrift"
        made.send(ALERT)
        process_of_notifier = stack.enter_context(made.started_one())
        message = told("FeatureDrift")[0]
        assert message["groupLabels"] == {"model": "delay", "incident": "00aa"}
        assert message["commonLabels"]["fingerprint"] == ALERT.fingerprint
        until(lambda: "TidegaugeModelAlert" not in alertnames(manager), "silent")
        assert "FeatureDrift" in alertnames(manager, "active")

        # the notifier goes: Prometheus tells again, but not what Alertmanager has from the notifier
        process_of_notifier.process.kill()
        told("TidegaugeNotifierDown")
        until(lambda: "TidegaugeModelAlert" in alertnames(manager), "told by Prometheus again")

        # the workers go, one by one
        process.kill()
        (alert,) = told("TidegaugeWorkerDown")[0]["alerts"]
        assert alert["labels"]["instance"] == working
        page.close()
        told("TidegaugeNoWorker")
        until(lambda: "TidegaugeWorkerDown" not in alertnames(manager, "active"), "inhibited")


def test_what_the_notifier_tells_is_not_told_by_prometheus_as_well(tmp_path: Path) -> None:
    by_prometheus = {"alertname": "TidegaugeModelAlert", "kind": "FeatureDrift", "model": "delay"}
    with Receiver() as receiver:
        manager = Manager(tmp_path, receiver, free_address(), alertmanager_config())
        with manager.running():
            for labels in (
                {"alertname": "FeatureDrift", "model": "delay", "fingerprint": "f1"},
                {**by_prometheus, "fingerprint": "f1"},
                {**by_prometheus, "fingerprint": "f2"},
                {"alertname": "TidegaugeDeadLetters", "topic": "t", "severity": "warning"},
                {"alertname": "TidegaugeDeadLetters", "topic": "t", "severity": "info"},
                {"alertname": "TidegaugeDeadLetters", "topic": "u", "severity": "info"},
            ):
                manager.post({"labels": labels})
            until(lambda: len(manager.listed()) == 6, "all of them")
            until(lambda: states(manager) == {"f1": "suppressed", "f2": "active"}, "one of them")
            infos = {
                alert["labels"]["topic"]: alert["status"]["state"]
                for alert in manager.listed()
                if alert["labels"].get("severity") == "info"
            }
            assert infos == {"t": "suppressed", "u": "active"}


def states(manager: Manager) -> dict[str, str]:
    return {
        alert["labels"]["fingerprint"]: alert["status"]["state"]
        for alert in manager.listed()
        if alert["labels"]["alertname"] == "TidegaugeModelAlert"
    }


def alertnames(manager: Manager, *wanted: str) -> set[str]:
    return {
        alert["labels"]["alertname"]
        for alert in manager.listed()
        if not wanted or alert["status"]["state"] in wanted
    }


def refuse_one(bootstrap: str, topic: str) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topic, key=b"r", value=b"no event").get(timeout=30)
    producer.close()
