"""How the demo looks and what it says about wrong arguments, without running it."""

import sys
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console
from typer.testing import CliRunner

from tidegauge.cli.demo_screen import DemoScreen, program_of, told
from tidegauge.cli.main import app
from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Cause, CauseKind, Effect, Severity
from tidegauge.demo.alerts import AlertLog
from tidegauge.demo.configuration import Configuration
from tidegauge.demo.faults import parse_fault
from tidegauge.demo.gauges import Detector, Figures, Ledger, ModelFigures, VersionFigures
from tidegauge.demo.plan import Plan
from tidegauge.demo.progress import Progress
from tidegauge.demo.screen import Phase, Places, Status
from tidegauge.demo.tasks import ModelName

NOON_MS = 1_360_497_600_000
PLAN = Plan(
    start=date(2013, 1, 1),
    end=date(2013, 3, 1),
    speed=6 * 3600.0,
    models=(ModelName.FLIGHT_DELAY, ModelName.ARRIVAL_DELAY),
    faults=(parse_fault("broken-feature@2013-02-10"),),
    workers=1,
    folder=Path("demo"),
    stay=False,
)
ALERT = AlertRecord(
    id="a",
    fingerprint="0123456789abcdef",
    status=AlertStatus.FIRING,
    severity=Severity.CRITICAL,
    model="m",
    time_ms=NOON_MS,
    starts_at_ms=NOON_MS - 3_600_000,
    labels={"alertname": "FeatureDrift", "feature": "delay\x1b[2J"},
    annotations={"summary": "delay moved"},
    detector="adwin",
    window_start_ms=0,
    window_end_ms=NOON_MS,
    predictions=100,
    labelled=0,
    causes=(
        Cause(
            kind=CauseKind.FEATURE,
            effect=Effect.DATA_DRIFT,
            name="delay",
            summary="mean of delay: 12 before, 640 now",
        ),
    ),
)
FIGURES = Figures(
    models={
        "flight-delay": ModelFigures(
            watermark_ms=NOON_MS,
            detectors={"delay": Detector(0.31, 0.5), "score": Detector(0.1, 0.2), "x": Detector()},
            versions={"1": VersionFigures(900, 0.95, {"tidegauge_accuracy_ratio": 0.84})},
            predictions=Ledger(10, {"labelled": 9, "open": 1, "late": 0}),
            feedback=Ledger(9, {"joined": 8}),
        ),
        "arrival-delay": ModelFigures(
            watermark_ms=NOON_MS + 60_000,
            versions={
                "1-lite": VersionFigures(89),
                "1": VersionFigures(890, 0.5, {"tidegauge_mean_absolute_error": 12.08}),
            },
            predictions=Ledger(20, {"open": 20}),
        ),
    },
    dead_letters=2,
)

SHADOW = "1-lite, last : MAE unknown, R2 unknown, 89 predictions, unknown labelled"


TROUBLE = "m since 2013-02-10 11:00 UTC: mean of delay: 12 before, 640 now"


def status(phase: Phase = Phase.REPLAYING, figures: Figures | None = FIGURES) -> Status:
    log = AlertLog()
    log.add(ALERT)
    return Status(phase, Progress(NOON_MS, 38_412, 38_010), figures, log, 241.0)


@pytest.fixture
def screen() -> DemoScreen:
    screen = DemoScreen(PLAN)
    screen.console.width = 200
    return screen


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--speed", "fast"], "the speed 'fast' was not understood"),
        (["--fault", "gremlins@2013-02-01"], "KIND is one of broken-feature, bad-version"),
        (["--fault", "bad-version@2013-04-01"], "would never be seen"),
        (["--from", "2012-12-31"], "no flights from 2012-12-31"),
        (["--from", "yesterday"], "does not match the format"),
        (["--model", "fraud"], "is not one of 'flight-delay', 'arrival-delay', 'flight-status'"),
        (
            ["--model", "flight-status", "--fault", "bad-version@2013-02-01"],
            "which is not among the models chosen",
        ),
        (["--publish-only"], "--publish-only needs a cluster with topics and workers"),
        (["--workers", "0"], "should be greater than or equal to 1"),
    ],
)
def test_wrong_arguments_end_with_64_before_anything_starts(arguments: list[str], said: str):
    result = CliRunner().invoke(app, ["demo", *arguments])
    assert result.exit_code == 64
    assert said in " ".join(result.stderr.replace("│", " ").split())
    assert result.stdout == ""


def test_help_names_the_faults_the_exit_codes_and_the_settings_file():
    said = CliRunner().invoke(app, ["demo", "--help"]).output
    for word in (
        "broken-feature",
        "concept-change",
        "demo.yaml",
        "130  stopped",
        "--until",
        "shadows",
    ):
        assert word in said


def test_it_says_where_to_look(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "argv", [str(Path.cwd() / "some where" / "tidegauge"), "demo"])
    configuration = Configuration({"kafka.bootstrap": "127.0.0.1:5"})
    logs = [Path.cwd() / "demo" / "worker-1.log"]
    screen.places(Places(PLAN, configuration, ["http://127.0.0.1:7/metrics"], logs))
    lines = capsys.readouterr().out.splitlines()
    pace = "as fast as possible up to 2013-02-10 16:00 UTC, then 6h in a second for 1 min 14 s"
    assert f"Flights       2013-01-01 up to 2013-03-01, {pace}" in lines
    assert "Fault         broken-feature from 2013-02-10" in lines
    assert "Gauges        http://127.0.0.1:7/metrics" in lines
    follow = "'some where/tidegauge' --bootstrap 127.0.0.1:5 alerts --follow"
    assert f"Alerts        {follow}" in lines
    assert "Log           demo/worker-1.log" in lines


def test_a_second_terminal_needs_the_prefix_and_the_settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "argv", ["/somewhere/tidegauge/__main__.py"])
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mine.yaml"
    file.touch()
    flags = {"kafka.bootstrap": "k:1", "kafka.topic_prefix": "demo-1."}
    assert program_of(Configuration(flags, file)) == (
        f"{sys.executable} -m tidegauge --config {file} --bootstrap k:1"
        " --set kafka.topic_prefix=demo-1."
    )
    flags |= {"kafka.group": "tidegauge-demo-1"}
    assert program_of(Configuration(flags, file)).endswith(" --set kafka.group=tidegauge-demo-1")


def test_without_a_terminal_the_first_figures_are_told_at_once(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str]
):
    screen.status(status(figures=None))
    screen.status(status(figures=None))
    screen.status(status())
    screen.status(status())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("watermark not begun · 1 alerts firing")
    assert lines[1] == lines[3] == f"    in trouble: {TROUBLE}"
    assert lines[2].endswith("labels · watermark 2013-02-10 12:00 UTC · 1 alerts firing")
    assert lines[4:] == [
        "    flight-delay 1, last : accuracy 84.0%, AUC unknown, 900 predictions, 95.0% labelled",
        "    arrival-delay 1, last : MAE 12.1, R2 unknown, 890 predictions, 50.0% labelled",
        f"    arrival-delay {SHADOW}",
    ]


def test_on_a_terminal_the_status_has_a_line_for_each_concern(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str]
):
    screen.console = Console(force_terminal=True, width=120, color_system=None)
    with screen.live():
        screen.status(status())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert f"In trouble {TROUBLE}" in lines
    assert "Published 38,412 predictions, 38,010 labels" in lines
    assert "Watermark 2013-02-10 12:00 UTC" in lines
    begin = lines.index(
        "flight-delay 1, last : accuracy 84.0%, AUC unknown, 900 predictions, 95.0% labelled"
    )
    assert lines[begin + 1 : begin + 5] == [
        "10 predictions, 9 labels read; largest change: delay +0.31, worth an alert from 0.5",
        "arrival-delay 1, last : MAE 12.1, R2 unknown, 890 predictions, 50.0% labelled",
        SHADOW,
        "20 predictions, 0 labels read; learning what is usual",
    ]
    assert "Dead letters 2" in lines
    assert any(line.startswith("Alerts 1 firing: m FeatureDrift delay\\x1b[2J") for line in lines)


def test_a_narrow_terminal_cuts_lines_and_no_titles(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str]
):
    screen.console = Console(force_terminal=True, width=50, color_system=None)
    with screen.live():
        screen.status(status())
    lines = capsys.readouterr().out.splitlines()
    for title in ("Flight time", "Published", "flight-delay", "arrival-delay", "Alerts"):
        assert any(line.startswith(f"{title}  ") for line in lines)
    assert any(line.startswith("flight-delay") and line.endswith("…") for line in lines)
    assert max(map(len, lines)) <= 50


def test_a_model_is_said_to_be_in_trouble_once_in_one_line_with_the_consoles_address(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str]
):
    configuration = Configuration({"kafka.bootstrap": "127.0.0.1:5"})
    screen.places(Places(PLAN, configuration, [], [], "http://127.0.0.1:9/"))
    screen.alert(ALERT)
    screen.alert(replace(ALERT, revision=1))
    lines = capsys.readouterr().out.splitlines()
    said = [line for line in lines if line.startswith("IN TROUBLE")]
    assert said == [f"IN TROUBLE  {TROUBLE}  http://127.0.0.1:9/"]


def test_an_alert_is_told_with_its_cause_and_cannot_steer_the_terminal():
    assert told(ALERT).plain == (
        "2013-02-10 12:00  FIRING    m FeatureDrift delay\\x1b[2J  since 2013-02-10 11:00\n"
        "    delay moved\n"
        "    because mean of delay: 12 before, 640 now"
    )
    resolved = told(replace(ALERT, status=AlertStatus.RESOLVED)).plain
    assert "RESOLVED" in resolved
    assert "because" not in resolved


def test_the_summary_shows_the_ledgers_and_whether_they_balance(
    screen: DemoScreen, capsys: pytest.CaptureFixture[str]
):
    screen.summary(status(Phase.DONE))
    lines = capsys.readouterr().out.splitlines()
    assert "Replayed the flights from 2013-01-01 up to 2013-03-01 in 4 min 1 s." in lines
    begin = lines.index("flight-delay")
    assert lines[begin + 1 : begin + 6] == [
        "  Predictions  10 read: 9 labelled, 1 open",
        "  Feedback     9 read: 8 joined; THE LEDGER DOES NOT BALANCE",
        "  1, last : accuracy 84.0%, AUC unknown, 900 predictions, 95.0% labelled",
        "arrival-delay",
        "  Predictions  20 read: 20 open",
    ]
    assert "Alerts       1 opened, 1 still firing" in lines
