"""The metrics page: what a view becomes, what is left out, and the rules of Prometheus."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import msgspec
import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import CollectorRegistry

from tidegauge.core.config import ModelKind
from tidegauge.core.records import DeploymentKind, FeatureStats, MetricRecord, Traffic, WindowState
from tidegauge.export.collector import METRICS, ViewCollector, registry
from tidegauge.export.deployments import SHOWN
from tidegauge.export.view import DetectorView, View

WindowMaker: TypeAlias = Callable[..., MetricRecord]
END = 1_357_034_400_000
WHOLE = {"model": "delay", "version": "1", "segment_field": "", "segment_value": "", "window": "1h"}
PAIR = {"model": "delay", "version": "1", "other_version": "1-lite", "window": "1h"}
VERSION = {"model": "delay", "version": "1"}
DELAYS = {"feature": "dep_delay"}
ALERT = {
    "alertname": "FeatureDrift",
    "model": "delay",
    **DELAYS,
    "fingerprint": "0123456789abcdef",
}
OUT_OF_RANGE = {
    "kind": "feature",
    "name": "dep_delay",
    "value": "above 300",
    "effect": "out_of_range",
}
ATTRIBUTED = {**VERSION, "window": "1h", "feature": "dep_delay"}
ORIGIN = {"segment_field": "origin", "segment_value": "JFK"}
JFK = {**WHOLE, "segment_field": "origin", "segment_value": "JFK"}


def rendered(view: View, max_series: int = 10_000) -> CollectorRegistry:
    page = CollectorRegistry()
    page.register(ViewCollector(lambda: view, max_series, clock=lambda: END / 1000 + 30))
    return page


def names(page: CollectorRegistry) -> set[str]:
    return {sample.name for family in page.collect() for sample in family.samples}


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("tidegauge_accuracy_ratio", WHOLE, 0.75),
        (
            "tidegauge_accuracy_ratio",
            JFK,
            0.75,
        ),
        ("tidegauge_specificity_ratio", WHOLE, 0.9),
        ("tidegauge_balanced_accuracy_ratio", WHOLE, 0.575),
        ("tidegauge_matthews_correlation", WHOLE, -0.1),
        ("tidegauge_average_precision", WHOLE, 0.6),
        ("tidegauge_lift_top_decile", JFK, 2.5),
        ("tidegauge_predicted_positive_ratio_change", WHOLE, -0.05),
        ("tidegauge_macro_recall_ratio", WHOLE, 0.42),
        ("tidegauge_mean_absolute_error", JFK, 4.0),
        ("tidegauge_r2_score", WHOLE, -0.5),
        ("tidegauge_prediction_mean", WHOLE, -2.0),
        ("tidegauge_class_labels", {**WHOLE, "class": "late"}, 20),
        (
            "tidegauge_confusion_predictions",
            {**WHOLE, "predicted": "late", "label": "early"},
            20,
        ),
        ("tidegauge_paired_predictions", PAIR, 40),
        ("tidegauge_paired_accuracy_difference_low", PAIR, -0.05),
        ("tidegauge_paired_nearer_ratio", PAIR, 0.6),
        ("tidegauge_threshold_best", VERSION, 0.35),
        ("tidegauge_threshold_gain_low", VERSION, 0.01),
        ("tidegauge_threshold_cost", {**VERSION, "threshold": "0.5"}, 0.25),
        ("tidegauge_recalibration_brier_gain", VERSION, 0.02),
        ("tidegauge_recalibration_log_loss_gain_high", VERSION, 0.15),
        ("tidegauge_segment_gain", {**VERSION, **ORIGIN}, 3.0),
        ("tidegauge_segment_gain_ratio", {**VERSION, **ORIGIN}, 0.24),
        ("tidegauge_window_end_timestamp_seconds", WHOLE, END / 1000),
        ("tidegauge_window_final", WHOLE, 0),
        ("tidegauge_latency_p99_seconds", WHOLE, 0.2),
        ("tidegauge_feature_missing_ratio", {**WHOLE, "feature": "dep_delay"}, 0.2),
        ("tidegauge_feature_unseen_ratio", {**WHOLE, "feature": "carrier"}, 0.02),
        ("tidegauge_attributed_predictions", {**VERSION, "window": "1h"}, 70),
        ("tidegauge_attribution_drift_ratio", {**VERSION, "window": "1h"}, 0.25),
        ("tidegauge_feature_attribution_share_ratio", ATTRIBUTED, 0.75),
        ("tidegauge_feature_attribution_error_difference", ATTRIBUTED, 0.5),
        ("tidegauge_predictions_read_total", {"model": "delay"}, 10),
        ("tidegauge_predictions", {"model": "delay", "state": "open"}, 4),
        ("tidegauge_feedback", {"model": "delay", "state": "orphan_open"}, 1),
        ("tidegauge_watermark_delay_seconds", {"model": "delay"}, 30),
        ("tidegauge_model_info", {"model": "delay", "kind": "binary"}, 1),
        ("tidegauge_lag_records", {"topic": "predictions", "partition": "3"}, 2),
        ("tidegauge_worker_stalled_seconds", {}, 1.5),
        ("tidegauge_partitions", {"stage": "monitor"}, 4),
        ("tidegauge_restore_ratio", {"stage": "collect", "partition": "3"}, 0.5),
        ("tidegauge_commit_duration_seconds_count", {"stage": "collect", "partition": "3"}, 2),
        ("tidegauge_commit_duration_seconds_sum", {"stage": "collect", "partition": "3"}, 0.5),
        (
            "tidegauge_deployment_timestamp_seconds",
            {"model": "delay", "kind": "code_version", "value": "9f2c1ab", "version": "1"},
            END / 1000,
        ),
        ("tidegauge_dead_letters_total", {"topic": "predictions", "reason": "invalid_json"}, 2),
        ("tidegauge_recalibration_ratio", {**VERSION, "score": "0.5"}, 0.4),
        ("tidegauge_calibration_positive_ratio", {**WHOLE, "bin": "0.4"}, 0.2),
        ("tidegauge_final_accuracy_ratio", {**VERSION, "window": "1h"}, 0.75),
        (
            "tidegauge_distribution_ratio",
            {**VERSION, "stream": "feature", **DELAYS, "place": "001", "bin": "0 to 5"},
            0.75,
        ),
        (
            "tidegauge_reference_predictions",
            {**VERSION, "reference": "001122334455", "origin": "learned"},
            500,
        ),
        ("tidegauge_alert_cause_rank", {**OUT_OF_RANGE, **ALERT}, 1),
        ("tidegauge_alert_cause_contribution_ratio", {**OUT_OF_RANGE, **ALERT}, 0.7),
        (
            "tidegauge_alert_split_ratio",
            {**ALERT, "kind": "feature", "name": "dep_delay", "part": "mix"},
            0.75,
        ),
        (
            "tidegauge_alert_events_total",
            {"model": "delay", "alertname": "FeatureDrift", "event": "opened"},
            2,
        ),
    ],
)
def test_a_view_becomes_series(name: str, labels: dict[str, str], value: float, full_view: View):
    assert rendered(full_view).get_sample_value(name, labels) == pytest.approx(value)


def test_the_states_of_a_ledger_add_up_to_what_was_read(full_view: View):
    page = rendered(full_view)
    for ledger in ("predictions", "feedback"):
        states = [
            sample.value
            for family in page.collect()
            for sample in family.samples
            if sample.name == f"tidegauge_{ledger}"
        ]
        read = page.get_sample_value(f"tidegauge_{ledger}_read_total", {"model": "delay"})
        assert sum(states) == read


def test_an_empty_window_has_no_series(window: WindowMaker):
    windows = (window(predictions=0),)
    assert not [name for name in names(rendered(View(windows=windows))) if "window" in name]


def test_a_model_is_of_the_kind_that_its_newest_window_has(window: WindowMaker):
    old = window()
    new = msgspec.structs.replace(old, end_ms=old.end_ms + 1, kind=ModelKind.REGRESSION)
    page = rendered(View(windows=(new, old, window(segment=("origin", "EWR")))))
    for kind, value in ((ModelKind.REGRESSION, 1), (ModelKind.BINARY, None)):
        labels = {"model": "delay", "kind": kind.value}
        assert page.get_sample_value("tidegauge_model_info", labels) == value


def test_a_figure_that_is_undefined_has_no_series():
    bare = MetricRecord(
        model="m",
        version="1",
        start_ms=0,
        end_ms=60_000,
        state=WindowState.FINAL,
        revision=0,
        predictions=3,
        labelled=0,
        traffic=Traffic(predictions=3),
        features={"never_seen": FeatureStats()},
    )
    windows = {
        name
        for name in names(rendered(View(windows=(bare,))))
        if not name.startswith(("tidegauge_export", "tidegauge_worker", "tidegauge_build"))
    }
    assert windows == {
        "tidegauge_window_end_timestamp_seconds",
        "tidegauge_model_info",
        "tidegauge_window_final",
        "tidegauge_window_predictions",
        "tidegauge_window_labelled_predictions",
        "tidegauge_rebalances_total",
    }


def test_of_a_stream_that_warms_up_nothing_is_told_but_how_far_it_is(full_view: View):
    warming = DetectorView("delay", "", "learning", "score", learned=0.25)
    page = rendered(replace(full_view, detectors=(warming,)))
    told = {
        sample.name: sample.value
        for family in page.collect()
        for sample in family.samples
        if sample.name.startswith("tidegauge_detector_")
    }
    assert told == {"tidegauge_detector_learned_ratio": 0.25}


def test_what_is_no_longer_in_the_view_is_no_longer_exported(full_view: View):
    views = [full_view]
    page = CollectorRegistry()
    page.register(ViewCollector(lambda: views[-1], 10_000))
    assert page.get_sample_value("tidegauge_accuracy_ratio", WHOLE) == 0.75
    views.append(replace(full_view, windows=()))
    assert page.get_sample_value("tidegauge_accuracy_ratio", WHOLE) is None


def test_the_number_of_series_is_bounded_and_what_is_left_out_is_counted(
    full_view: View, window: WindowMaker
):
    busy = tuple(window(100 + i, segment=("origin", f"s{i}")) for i in range(50))
    view = replace(full_view, windows=(window(), *busy))
    complete = rendered(view)
    total = complete.get_sample_value("tidegauge_export_series")
    assert complete.get_sample_value("tidegauge_export_series_dropped") == 0

    limited = rendered(view, max_series=270)
    kept = limited.get_sample_value("tidegauge_export_series")
    assert kept is not None
    assert kept <= 270
    assert limited.get_sample_value("tidegauge_export_series_dropped") == total - kept
    assert limited.get_sample_value("tidegauge_accuracy_ratio", WHOLE) == 0.75
    segments = {
        sample.labels["segment_value"]
        for family in limited.collect()
        for sample in family.samples
        if sample.name == "tidegauge_accuracy_ratio"
    }
    assert "s49" in segments, "the busiest segment is kept"
    assert "s0" not in segments, "the least busy is not"


def test_a_flood_of_models_does_not_push_out_the_busiest(
    full_view: View, window: WindowMaker, caplog: pytest.LogCaptureFixture
):
    (ledger,) = full_view.ledgers
    names = [f"a{n}" for n in range(300)]
    few = msgspec.structs.replace(ledger.predictions, read=1)
    junk = [msgspec.structs.replace(ledger, model=name, predictions=few) for name in names]
    windows = [msgspec.structs.replace(window(), model=name) for name in names]
    flooded = replace(
        full_view,
        worker=replace(full_view.worker, folded={(name, "versions"): 1 for name in names}),
        watermarks=full_view.watermarks | dict.fromkeys(names, 1_000),
        windows=(*windows, window()),
        ledgers=(*junk, ledger),
    )
    page = CollectorRegistry()
    page.register(ViewCollector(lambda: flooded, 8_000, lambda: 1e9))
    assert page.get_sample_value("tidegauge_worker_ready") is not None
    assert page.get_sample_value("tidegauge_accuracy_ratio", WHOLE) == 0.75
    assert page.get_sample_value("tidegauge_watermark_delay_seconds", {"model": "delay"})
    assert page.get_sample_value("tidegauge_export_series") <= 8_000
    assert page.get_sample_value("tidegauge_export_series_dropped") > 300
    (warning,) = [r.getMessage() for r in caplog.records]
    assert "setting=limits.series value=8000" in warning


def test_of_many_deployments_the_latest_of_each_kind_have_a_series(full_view: View):
    (mark,) = full_view.deployments
    code = [msgspec.structs.replace(mark, value=f"c{n}", time_ms=n) for n in range(SHOWN + 5)]
    data = [msgspec.structs.replace(c, kind=DeploymentKind.DATA_VERSION) for c in code[:3]]
    page = rendered(View(deployments=[*code, *data]))
    shown = {
        (sample.labels["kind"], sample.labels["value"])
        for family in page.collect()
        for sample in family.samples
        if sample.name == "tidegauge_deployment_timestamp_seconds"
    }
    assert shown == {
        *(("code_version", f"c{n}") for n in range(5, SHOWN + 5)),
        *(("data_version", f"c{n}") for n in range(3)),
    }


def test_every_metric_has_a_series_in_a_full_view(full_view: View):
    families = {metric.name.removesuffix("_total") for metric in METRICS}
    assert {family.name for family in rendered(full_view).collect()} == families


def test_names_follow_the_conventions():
    for metric in METRICS:
        assert re.fullmatch(r"tidegauge_[a-z0-9_]+", metric.name)
        assert metric.help.endswith(".")
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert not re.search(r"milli|_ms\b|percent|minutes|hours", metric.name)
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_label_values_of_any_kind_survive():
    odd = 'a"b\\c\nd é'
    page = rendered(View(watermarks={odd: END}))
    text = generate_latest(page).decode()
    found = [
        sample.labels["model"]
        for family in parse_text(text)
        for sample in family.samples
        if sample.name == "tidegauge_watermark_timestamp_seconds"
    ]
    assert found == [odd]


def test_both_formats_can_be_parsed(full_view: View):
    page = registry(lambda: full_view, 10_000)
    text = {family.name for family in parse_text(generate_latest(page).decode())}
    open_ = {family.name for family in parse_openmetrics(generate_openmetrics(page).decode())}
    assert "tidegauge_accuracy_ratio" in text & open_
    assert "process_resident_memory_bytes" in text & open_
    assert "python_gc_objects_collected" in text & open_


@pytest.fixture
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None:
        pytest.fail("promtool is not on the PATH; it comes with Prometheus (Debian: prometheus)")
    return path


@pytest.mark.promtool
def test_promtool_finds_nothing_to_complain_about(promtool: str, full_view: View):
    page = generate_latest(registry(lambda: full_view, 10_000))
    run = subprocess.run(
        [promtool, "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert (run.returncode, run.stdout.decode(), run.stderr.decode()) == (0, "", "")
