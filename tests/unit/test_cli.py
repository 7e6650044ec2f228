"""The command line without a broker: texts, exit codes, settings, schemas, checks of events."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import tidegauge as tidegauge_package
from tidegauge import __version__
from tidegauge.cli.main import app
from tidegauge.contract.json_schema import MODELS
from tidegauge.settings import Settings, load
from tidegauge.wire.plain import plain

SOON = "2026-01-02T00:00:00Z"
GOOD = (
    '{"request_id":"a","model":"m","version":"1","timestamp":"2013-01-01T10:00:00Z","prediction":1}'
)
COMMANDS = [
    "worker",
    "topics create",
    "topics describe",
    "publish",
    "advise",
    "alerts",
    "notify",
    "dead-letters",
    "reference build",
    "reference put",
    "reference pin",
    "reference list",
    "reference show",
    "reference diff",
    "config show",
    "config check",
    "schema",
]


def tidegauge(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def test_the_version():
    assert tidegauge("--version").output == f"tidegauge {__version__}\n"


def test_no_command_but_the_worker_waits_for_its_imports():
    slow = {"faust", "nicegui", "river", "textual"}
    code = f"import sys, tidegauge.cli.main; print(sorted({slow} & set(sys.modules)))"
    source = str(Path(tidegauge_package.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert run.stdout == "[]\n"


def test_help_lists_all_commands_and_the_exit_codes():
    text = tidegauge("--help").output
    assert all(command.split()[0] in text for command in COMMANDS)
    assert all(code in text for code in ("0  done", "64  wrong", "69  no broker", "130  ended"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_explains_itself(command: str):
    result = tidegauge(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"tidegauge {command}" in result.output.replace("root", "tidegauge")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["--set", "x", "config", "check"], "'x' is not SECTION.FIELD=VALUE"),
        (["alerts", "--since", "5"], "'5' must be numbers with units"),
        (["alerts", "-l", "feature"], "'feature' is not LABEL=VALUE"),
        (["alerts", "-l", "feature=~("], "'(' is no regular expression"),
        (["alerts", "--firing", "--follow"], "can't be used with --follow"),
        (["dead-letters", "--reason", "ugly"], "'ugly' is not one of 'empty'"),
        (["schema", "nothing"], "no event is called 'nothing'; there are prediction, feedback"),
        (["publish", "predictions", "/no/such"], "/no/such can't be read: No such file"),
        (["-s", "kafka.grp=1", "config", "check"], "kafka.grp: unknown setting; did you mean"),
        (["-c", "/no/such", "config", "show"], "/no/such: can't be read: No such file"),
        (["-b", "nowhere", "config", "check"], "kafka.bootstrap is 'nowhere': must be host:port"),
    ],
)
def test_wrong_arguments_and_settings_end_with_64(arguments: list[str], said: str):
    result = tidegauge(*arguments)
    assert result.exit_code == 64
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_config_show_prints_a_file_that_gives_the_same_settings(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("models: {fraud: {join: {label_horizon: 2d}}}\ntime: {lateness: 1h}")
    shown = tidegauge("-c", file, "-s", "topics.partitions=3", "config", "show")
    assert shown.stdout.startswith(f"# file {file}\nkafka:\n")
    copy = tmp_path / "copy.yaml"
    copy.write_text(shown.stdout)
    assert load(copy, environment={}) == load(
        file, flags={"topics.partitions": "3"}, environment={}
    )
    assert yaml.safe_load(shown.stdout)["models"] == {"fraud": {"join": {"label_horizon": "2d"}}}


def test_config_show_keeps_secrets(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEGAUGE_KAFKA__SASL_PASSWORD", "hunter2")
    login = ("security_protocol=SASL_SSL", "sasl_mechanism=PLAIN", "sasl_username=u")
    flags = [part for setting in login for part in ("-s", f"kafka.{setting}")]
    result = tidegauge(*flags, "config", "show")
    assert result.exit_code == 0
    assert "hunter2" not in result.output
    assert "sasl_username: u" in result.output


def test_config_check_says_what_it_has_checked(tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text("models: {fraud: {}}")
    assert tidegauge("-c", file, "config", "check").stdout == (
        f"The settings can be used (file {file}, overrides for fraud).\n"
    )


def test_schemas_and_examples_are_printed_as_json():
    assert [line.split()[0] for line in tidegauge("schema").stdout.splitlines()] == list(MODELS)
    schema = json.loads(tidegauge("schema", "prediction").stdout)
    assert "request_id" in schema["properties"]
    example = tidegauge("schema", "feedback", "--example").stdout
    one_line = json.dumps(json.loads(example))
    assert tidegauge("publish", "feedback", "--dry-run", stdin=one_line).exit_code == 0


def test_publish_names_each_line_that_is_wrong(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    file.write_text(f'{GOOD}\n\n{{"request_id":"b"\n{GOOD}\n{GOOD.replace("Z", "")}\n')
    first = tidegauge("publish", "predictions", file, "--dry-run")
    assert (first.exit_code, first.stdout) == (1, "predictions: 1 valid, 1 refused\n")
    assert first.stderr.startswith("tidegauge: line 3: invalid_json: ")
    every = tidegauge("publish", "predictions", file, "--dry-run", "--keep-going")
    assert (every.exit_code, every.stdout) == (1, "predictions: 2 valid, 2 refused\n")
    assert [line.split(": ")[1:3] for line in every.stderr.splitlines()] == [
        ["line 3", "invalid_json"],
        ["line 5", "bad_timestamp"],
    ]


def test_publish_refuses_times_further_ahead_than_allowed():
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    line = GOOD.replace("2013-01-01T10:00:00Z", ahead)
    refused = tidegauge("publish", "predictions", "--dry-run", stdin=line)
    assert refused.exit_code == 1
    assert refused.stderr.startswith("tidegauge: line 1: future_timestamp: the timestamp is 3")
    allowed = ("-s", "models.m.time.max_future=2h", "publish", "predictions", "--dry-run")
    assert tidegauge(*allowed, stdin=line).exit_code == 0


@pytest.mark.parametrize(
    "command",
    [
        ["topics", "describe"],
        ["alerts"],
        ["dead-letters"],
        ["publish", "predictions"],
        ["reference", "list"],
        ["reference", "show", "m"],
        ["reference", "pin", "m", "--from", "2026-01-01T00:00:00Z", "--until", SOON],
    ],
)
def test_without_a_broker_one_line_says_so(command: list[str]):
    result = tidegauge("-b", "127.0.0.1:1", *command, stdin=GOOD)
    assert result.exit_code == 69
    assert result.stdout == ""
    assert "127.0.0.1:1: [Errno" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_text_from_a_topic_cannot_steer_the_terminal():
    assert plain("a\x1b[2Jb\rc\u202ed é") == "a\\x1b[2Jb\\rc\\u202ed é"


def test_the_default_settings_need_no_file_or_environment():
    assert load(environment={}) == Settings()
