"""The pieces that the demo is put together from, without processes."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from tidegauge.core.alertrecords import AlertRecord, AlertStatus, Severity
from tidegauge.demo.alerts import AlertLog
from tidegauge.demo.behind import Behind
from tidegauge.demo.cluster import existing
from tidegauge.demo.configuration import DEMO_FILE, Configuration
from tidegauge.demo.errors import DemoError
from tidegauge.demo.faults import parse_fault
from tidegauge.demo.flights import HOUR_MS, new_york_midnight_ms
from tidegauge.demo.folder import claimed, claimed_or_beside
from tidegauge.demo.gauges import (
    Detector,
    Figures,
    Ledger,
    ModelFigures,
    VersionFigures,
    read_figures,
)
from tidegauge.demo.plan import Plan, usual_faults
from tidegauge.demo.producer import parse_speed
from tidegauge.demo.run import nearest_to_a_day
from tidegauge.demo.tasks import ModelName
from tidegauge.demo.workers import last_words
from tidegauge.kafka.admin import ClusterError
from tidegauge.settings import Settings, SettingsError, load

ALERT = AlertRecord(
    id="a",
    fingerprint="0123456789abcdef",
    status=AlertStatus.FIRING,
    severity=Severity.WARNING,
    model="m",
    time_ms=0,
    starts_at_ms=0,
    labels={},
    annotations={},
    detector="adwin",
    window_start_ms=0,
    window_end_ms=0,
    predictions=1,
    labelled=1,
)

WHOLE = 'model="m",segment_field="",segment_value="",version="1"'
PAGE = f"""\
# HELP tidegauge_watermark_timestamp_seconds Event time is complete up to here.
# TYPE tidegauge_watermark_timestamp_seconds gauge
tidegauge_watermark_timestamp_seconds{{model="m"}} 1.35763686e+09
tidegauge_watermark_timestamp_seconds{{model="other"}} 5
tidegauge_predictions_read_total{{model="m"}} 10
tidegauge_predictions{{model="m",state="labelled"}} 7
tidegauge_predictions{{model="m",state="open"}} 3
tidegauge_feedback_read_total{{model="m"}} 8
tidegauge_feedback{{model="m",state="joined"}} 7
tidegauge_window_predictions{{{WHOLE},window="1d"}} 9
tidegauge_window_predictions{{{WHOLE},window="1h"}} 2
tidegauge_window_predictions{{{WHOLE.replace('""', '"o"')},window="1d"}} 4
tidegauge_accuracy_ratio{{{WHOLE},window="1d"}} 0.5
tidegauge_detector_statistic{{feature="f",model="m",stream="feature"}} -0.25
tidegauge_detector_threshold{{feature="f",model="m",stream="feature"}} 0.5
tidegauge_detector_threshold{{feature="f",model="m",stream="missing"}} 0
tidegauge_detector_threshold{{feature="",model="m",stream="error_rate"}} 0.2
tidegauge_dead_letters_total{{reason="empty",topic="feedback"}} 2
"""


def plan(**changes: object) -> Plan:
    choices = {
        "start": date(2013, 1, 1),
        "end": date(2013, 3, 1),
        "speed": parse_speed("6h"),
        "models": tuple(ModelName),
        "faults": (),
        "workers": 1,
        "folder": Path("demo"),
        "stay": False,
    }
    return Plan(**(choices | changes))  # type: ignore[arg-type]


def test_two_months_take_four_minutes_at_the_default_speed():
    assert plan().seconds == pytest.approx(236)
    assert plan(speed=parse_speed("max")).seconds is None


def test_what_comes_before_a_fault_takes_no_time():
    faults = (parse_fault("concept-change@2013-02-20"), parse_fault("broken-feature@2013-01-31"))
    assert (
        plan(faults=faults).paced_from_ms == new_york_midnight_ms(date(2013, 1, 31)) + 11 * HOUR_MS
    )
    assert plan(faults=faults).seconds == pytest.approx((29 * 24 - 11) / 6)
    assert plan().paced_from_ms == new_york_midnight_ms(date(2013, 1, 1))


def test_a_bad_version_is_deployed_where_nothing_else_is_wanted_and_it_can_be_seen():
    start, end = date(2013, 1, 1), date(2013, 3, 1)
    assert usual_faults(start, end, tuple(ModelName)) == (parse_fault("bad-version@2013-01-05"),)
    assert usual_faults(start, end, (ModelName.ARRIVAL_DELAY,)) == ()
    assert usual_faults(date(2013, 1, 6), end, tuple(ModelName)) == ()


def test_a_plan_that_shows_nothing_is_refused():
    with pytest.raises(DemoError, match="no flights from 2013-03-01 up to 2013-03-01"):
        plan(start=date(2013, 3, 1))
    with pytest.raises(DemoError, match="bad-version@2013-03-01 would never be seen"):
        plan(faults=(parse_fault("bad-version@2013-03-01"),))
    with pytest.raises(DemoError, match="flight-delay, which is not among the models"):
        plan(
            models=(ModelName.FLIGHT_STATUS,),
            faults=(parse_fault("bad-version@2013-02-01"),),
        )


def test_the_settings_file_of_the_demo_can_be_used_and_names_no_cluster():
    configuration = Configuration({})
    assert configuration.settings != Settings()
    assert not configuration.names_cluster
    assert nearest_to_a_day(configuration.settings) == "1d"


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
def test_a_cluster_can_be_named_wherever_settings_come_from(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = DEMO_FILE
    if source == "environment":
        monkeypatch.setenv("TIDEGAUGE_KAFKA__BOOTSTRAP", "k1:9092")
    elif source == "file":
        file = tmp_path / "mine.yaml"
        file.write_text("kafka: {bootstrap: 'k1:9092'}")
    flags = {"kafka.bootstrap": "k1:9092"} if source == "flag" else {}
    configuration = Configuration(flags, file)
    assert configuration.names_cluster
    assert source in configuration.cluster_source or str(file) in configuration.cluster_source


def test_a_cluster_that_is_gone_is_told_with_who_named_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TIDEGAUGE_KAFKA__BOOTSTRAP", "127.0.0.1:1")
    said = r"127\.0\.0\.1:1: .* unset TIDEGAUGE_KAFKA__BOOTSTRAP\)\.$"
    with pytest.raises(ClusterError, match=said), existing(Configuration({})):
        pass


def test_a_settings_file_that_was_not_named_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "tidegauge.yaml").write_text("kafka: {bootstrap: 'production:9092'}")
    monkeypatch.chdir(tmp_path)
    assert load().kafka.bootstrap == "production:9092"
    assert not Configuration({}).names_cluster


def test_a_worker_is_told_the_same_settings_and_what_the_run_adds():
    configuration = Configuration({"kafka.group": "g"}).adding({"http.port": "1"})
    assert configuration.settings.kafka.group == "g"
    command = configuration.command("worker")
    assert command[-7:-1] == [
        "--config",
        str(DEMO_FILE),
        "--set",
        "kafka.group=g",
        "--set",
        "http.port=1",
    ]
    with pytest.raises(SettingsError, match=r"http\.prt"):
        _ = configuration.adding({"http.prt": "1"}).settings


def test_the_password_is_handed_over_where_no_other_user_sees_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("tidegauge_kafka__sasl_password", "of the environment")
    configuration = Configuration({"kafka.sasl_password": "hunter2", "kafka.group": "g"})
    assert "hunter2" not in " ".join(configuration.command("worker"))
    given = {k: v for k, v in configuration.environment().items() if k.upper().endswith("WORD")}
    assert given == {"TIDEGAUGE_KAFKA__SASL_PASSWORD": "hunter2"}


def test_a_folder_serves_one_demo_at_a_time_and_begins_without_old_worker_logs(tmp_path: Path):
    path = tmp_path / "a" / "demo"
    with claimed(path) as folder:
        folder.worker_log(1).touch()
        folder.topics_exist.touch()
        with pytest.raises(DemoError, match=r"running in .* already"), claimed(path):
            pass
        assert folder.worker_log(1).exists()
    with claimed(path) as folder:
        assert not folder.worker_log(1).exists()
        assert not folder.topics_exist.exists()


def test_while_a_demo_runs_in_the_usual_folder_others_take_one_beside_it(tmp_path: Path):
    said: list[str] = []
    path = tmp_path / "demo"
    with claimed_or_beside(path, said.append) as first:
        with claimed_or_beside(path, said.append) as second:
            assert (first.path, second.path) == (path, tmp_path / "demo-2")
        assert said == [f"a demo is running in {path}: this one keeps its data in {path}-2"]
    with claimed_or_beside(path, said.append) as first:
        assert first.path == path


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match="name another folder"), claimed(tmp_path / "file" / "demo"):
        pass


def test_of_a_worker_that_died_one_error_is_shown_and_no_traceback(tmp_path: Path):
    log = tmp_path / "worker-1.log"
    lines = ["t level=info logger=l event=opened partition=1"]
    log.write_text("\n".join(lines))
    assert last_words(log) == f"The end of its log {log}:\n\n{lines[0]}"
    lines += ["t level=critical logger=l event=worker_dies exit_code=1 error='bad'"]
    trace = 'traceback="Traceback\\n ..."'
    rest = f't level=error logger=mode msg="crashed" {trace}'
    log.write_text("\n".join([lines[0], f"{lines[1]} {trace}", rest]))
    assert last_words(log) == f"What it died of, from its log {log}:\n\n{lines[1]}"


def test_figures_are_those_of_the_model_and_the_window():
    figures = read_figures([PAGE, PAGE.replace('model="m"', 'model="n"')], ["m"], "1d")
    assert figures.models.keys() == {"m"}
    model = figures.models["m"]
    assert model.watermark_ms == 1_357_636_860_000
    assert model.versions == {
        "1": VersionFigures(predictions=9, quality={"tidegauge_accuracy_ratio": 0.5}),
    }
    assert model.detectors == {
        "f": Detector(-0.25, 0.5),
        "missing f": Detector(None, 0.0),
        "error_rate": Detector(None, 0.2),
    }
    assert [d.severity for d in model.detectors.values()] == [0.5, 0.0, 0.0]
    assert model.predictions == Ledger(10, {"labelled": 7, "open": 3})
    assert model.predictions.balanced
    assert not model.feedback.balanced
    assert figures.dead_letters == 4


def test_what_was_read_is_that_of_all_models_and_the_watermark_of_the_last():
    figures = read_figures([PAGE, PAGE.replace('model="m"', 'model="n"')], ["m", "n", "o"], "1d")
    assert (figures.predictions_read, figures.feedback_read) == (20, 16)
    assert figures.watermark_ms is None  # of one model nothing is known yet
    figures.models["o"].watermark_ms = 5
    assert figures.watermark_ms == 5
    assert Figures({"m": ModelFigures()}).watermark_ms is None


def test_workers_are_behind_when_they_have_not_read_what_was_published_seconds_ago():
    behind = Behind()
    looks = [(second, 100 * second, max(0, 100 * (second - 4))) for second in range(20)]
    assert not any(behind.look(*look) for look in looks)
    held = [behind.look(now, 1_900, 1_500) for now in range(20, 30)]
    assert held == [False] * 4 + [True] * 6
    assert not behind.look(30.0, 1_900, 1_900)


def test_what_fires_is_the_newest_event_of_each_alert_that_has_not_ended():
    log = AlertLog()
    worse = replace(ALERT, id="b", severity=Severity.CRITICAL)
    other = replace(ALERT, id="c", fingerprint="f")
    for event in (ALERT, other, worse, replace(other, id="d", status=AlertStatus.RESOLVED)):
        log.add(event)
    assert log.firing == {ALERT.fingerprint: worse}
    assert [event.id for event in log.events] == ["a", "c", "b", "d"]
