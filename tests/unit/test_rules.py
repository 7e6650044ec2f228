"""Prometheus' rules and Alertmanager's routes: written down, tested, and with a runbook each."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import tidegauge
from tidegauge.export.collector import METRICS
from tidegauge.notify import status

ROOT = Path(tidegauge.__file__).parents[2]
GRAFANA = ROOT / "grafana"
FILES = sorted((GRAFANA / "rules").glob("*.yml"))
TESTS = sorted((ROOT / "tests" / "rules").glob("*.yml"))
HEALTHY = ROOT / "tests" / "rules" / "healthy.yml"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
RUNBOOK = '{{ or $externalLabels.runbooks "docs/runbooks.md" }}#'
OF_OTHERS = {"up", "process_start_time_seconds"}
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def rules(kind: str) -> Iterator[dict[str, Any]]:
    for path in FILES:
        for group in load(path)["groups"]:
            yield from (rule for rule in group["rules"] if kind in rule)


ALERTS = list(rules("alert"))
NAMES = sorted({rule["alert"] for rule in ALERTS})
RECORDED = {rule["record"] for rule in rules("record")}
CASES = [
    case
    for path in TESTS
    for test in load(path)["tests"]
    for case in test.get("alert_rule_test", ())
]


def sections() -> dict[str, str]:
    parts = re.split(
        r"^## (\w+)\n", (ROOT / "docs" / "runbooks.md").read_text(), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_has_a_runbook(name: str) -> None:
    found = re.findall(r"^\*\*(\w+)\.\*\*", sections()[name], flags=re.MULTILINE)
    assert found == PARTS


def test_every_runbook_has_a_rule() -> None:
    assert [name for name in sections() if name.startswith("Tidegauge")] == list(
        dict.fromkeys(name for name in sections() if name in NAMES)
    )


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_rule_says_how_bad_it_is_what_is_wrong_and_where_to_read_on(
    rule: dict[str, Any],
) -> None:
    assert rule["alert"].startswith("Tidegauge")
    severity = rule["labels"]["severity"]
    assert severity in {"info", "warning", "critical", "{{ $labels.severity }}"}
    assert rule["for"] != "0m"
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == RUNBOOK + rule["alert"].lower()


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_tested_both_ways_and_silent_when_all_is_well(name: str) -> None:
    cases = [case for case in CASES if case["alertname"] == name]
    told = {a["exp_labels"]["severity"] for case in cases for a in case.get("exp_alerts", ())}
    severities = {rule["labels"]["severity"] for rule in ALERTS if rule["alert"] == name}
    assert told >= severities or severities == {"{{ $labels.severity }}"}
    assert told
    assert any("exp_alerts" not in case for case in cases)
    for test in load(HEALTHY)["tests"]:
        silent = {case["alertname"] for case in test["alert_rule_test"]}
        assert name in silent
        assert not any("exp_alerts" in case for case in test["alert_rule_test"])


def test_rules_read_what_is_exported_or_recorded() -> None:
    exported = {metric.name for metric in METRICS} | {
        value.name for value in vars(status).values() if isinstance(value, status.Metric)
    }
    exported |= {
        name + suffix
        for name in exported
        if name.endswith("_seconds")
        for suffix in ("_sum", "_count")
    }
    names = r"[a-z_]+:tidegauge_\w+:\w+|(?<![\w:])(?:tidegauge_\w+|up|process_\w+)(?![\w:-])"
    for rule in [*ALERTS, *rules("record")]:
        read = set(re.findall(names, re.sub(r'"[^"]*"', "", rule["expr"])))
        assert read
        assert read <= exported | RECORDED | OF_OTHERS, rule
    read = {n for rule in [*ALERTS, *rules("record")] for n in re.findall(names, rule["expr"])}
    assert read >= RECORDED, "a recording rule that nobody reads"


def test_the_jobs_that_rules_name_are_scraped() -> None:
    config = load(GRAFANA / "prometheus.yml")
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    named = {job for rule in ALERTS for job in re.findall(r'job="([^"]+)"', rule["expr"])}
    assert named == jobs
    assert config["rule_files"] == ["rules/*.yml"]


def test_inhibited_and_inhibiting_rules_exist() -> None:
    for rule in load(GRAFANA / "alertmanager.yml")["inhibit_rules"]:
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]:
            label, operator, value = re.fullmatch(r'(\w+)(=~|!=|=)"(.*)"', matcher).groups()  # type: ignore[union-attr]
            if label == "alertname":
                pattern = value if operator == "=~" else re.escape(value)
                assert [name for name in NAMES if re.fullmatch(pattern, name)], matcher
                for alternative in re.findall(r"\w+", re.sub(r"^.*\((.*)\)$", r"\1", value)):
                    assert any(alternative in name for name in NAMES), matcher


def ran(program: str, *arguments: str | Path) -> None:
    path = shutil.which(program)
    assert path is not None, f"{program} is missing (Debian: prometheus, prometheus-alertmanager)"
    done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.promtool
def test_prometheus_takes_its_configuration_and_the_rules() -> None:
    ran("promtool", "check", "rules", "--lint=all", "--lint-fatal", *FILES)
    ran("promtool", "check", "config", GRAFANA / "prometheus.yml")


@pytest.mark.promtool
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_rules_fire_when_they_must_and_else_do_not(path: Path) -> None:
    ran("promtool", "test", "rules", path)


@pytest.mark.alertmanager
def test_alertmanager_takes_its_configuration() -> None:
    ran("amtool", "check-config", GRAFANA / "alertmanager.yml")


@pytest.mark.alertmanager
def test_alertmanager_takes_the_receivers_of_the_docs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "notify.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(receivers:\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    config = load(GRAFANA / "alertmanager.yml") | yaml.safe_load(block)
    path = tmp_path / "alertmanager.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    ran("amtool", "check-config", path)
