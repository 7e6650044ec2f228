"""What the rows and lines say about the records."""

import pytest
from msgspec.structs import replace

from tidegauge.core.alertrecords import AlertStatus, AttributionChange, AttributionShift, Severity
from tidegauge.core.config import ModelKind
from tidegauge.core.records import (
    ClassStats,
    ConfusionCell,
    DeploymentKind,
    DeploymentRecord,
    FeatureStats,
    PairedStats,
    PredictionStats,
    Quality,
    RegressionStats,
    ScoreStats,
    Traffic,
    WindowState,
)
from tidegauge.live.alerts import alerts_listing, causes_listing
from tidegauge.live.board import Board, Scope
from tidegauge.live.compare import compare
from tidegauge.live.drift import psi_cell
from tidegauge.live.figures import figures_of
from tidegauge.live.listing import Arrangement, arranged
from tidegauge.live.models import model_view, models_listing
from tidegauge.live.paired import difference_of, paired_cells
from tidegauge.live.scope import (
    classes_listing,
    features_listing,
    scope_key,
    scope_of,
    segments_listing,
    versions_listing,
    windows_listing,
)
from tidegauge.top.summary import alert_lines, model_lines, quality_lines

HOUR = 3_600_000


def board_of(arrived, *records):
    board = Board()
    board.take(arrived(*records))
    return board


def cells(listing, key):
    row = next(row for row in listing.rows if row.key == key)
    titles = [column.title for column in listing.columns]
    return {title: cell.text for title, cell in zip(titles, row.cells, strict=True)}


def plain_lines(lines):
    return [line.plain for line in lines]


def test_models_in_trouble_come_first_the_worst_before_the_others(window, alert, arrived):
    names = ["calm", "fresh", "many", "grave", "one"]
    windows = [window(model=name) for name in names] + [window(1, model="calm")]
    alerts = [
        alert(model="many", severity=Severity.WARNING, fingerprint="1" * 16),
        alert(model="many", severity=Severity.WARNING, fingerprint="2" * 16),
        alert(model="grave", fingerprint="3" * 16),
        alert(model="one", severity=Severity.WARNING, fingerprint="4" * 16),
        alert(model="calm", status=AlertStatus.RESOLVED, fingerprint="5" * 16),
    ]
    listing = models_listing(board_of(arrived, *windows, *alerts), HOUR, 0)
    assert [row.key for row in listing.rows] == ["grave", "many", "one", "calm", "fresh"]
    by_state = arranged(listing, Arrangement("state", reverse=True))
    assert [row.key for row in by_state] == ["fresh", "calm", "one", "many", "grave"]
    assert cells(listing, "many")["state"] == "WARN 2"
    assert cells(listing, "calm")["state"] == "ok"
    assert cells(listing, "fresh")["state"] == "new"


def test_a_model_is_told_in_one_row(window, alert, ledger, arrived):
    board = board_of(
        arrived,
        window(0),
        window(1, quality=Quality(accuracy=0.7)),
        alert(starts_at_ms=window(1).start_ms),
        ledger(),
        ledger("__unknown__"),
    )
    listing = models_listing(board, HOUR, window(0).start_ms + 75_000)
    assert len(listing.rows) == 1, "events of no model are none"
    assert cells(listing, "delay") == {
        "state": "CRIT 1",
        "model": "delay",
        "since": "02-08 15:00",
        "quality": "accuracy 70.0%",
        "change": "-10.0",
        "labels": "90%",
        "drift": "0.31 !",
        "most drifted": "wind",
        "traffic": "1.67/min",
        "version": "3",
        "trend": "█▁",
        "p99": "9 ms",
        "event time": "02-08 19:00",
        "read": "1m ago",
    }


def test_without_figures_a_row_has_dashes(ledger, arrived):
    board = board_of(arrived, ledger())
    row = cells(models_listing(board, HOUR, 0), "delay")
    assert {row[name] for name in ("quality", "change", "labels", "drift", "since", "p99")} == {"-"}
    view = model_view(board, "delay", HOUR)
    assert view is not None
    assert plain_lines(model_lines(view, 2))[1] == "quality  no labels yet"
    assert model_view(board, "other", HOUR) is None


def test_a_model_whose_alert_fires_is_shown_without_figures_too(alert, arrived):
    board = board_of(
        arrived, alert(), alert(model="gone", fingerprint="9" * 16, status=AlertStatus.RESOLVED)
    )
    listing = models_listing(board, HOUR, 10**12)
    assert [row.key for row in listing.rows] == ["delay"]
    row = cells(listing, "delay")
    assert (row["state"], row["quality"], row["read"]) == ("CRIT 1", "-", "-")


def test_the_version_that_is_shown_is_the_one_with_most_traffic_now(window, arrived):
    gone = window(0, version="2", predictions=10_000)
    board = board_of(
        arrived,
        gone,
        window(6, version="3", predictions=900),
        window(5, version="4", predictions=90),
    )
    view = model_view(board, "delay", HOUR)
    assert view is not None
    assert view.scope == Scope("3")
    assert cells(models_listing(board, HOUR, 0), "delay")["version"] == "3 +2"


def test_the_score_counts_as_drift_too(window, arrived):
    board = board_of(arrived, window(0, score=ScoreStats(psi=0.7)))
    row = cells(models_listing(board, HOUR, 0), "delay")
    assert (row["drift"], row["most drifted"]) == ("0.7 !", "score")
    assert psi_cell(0.1).style != psi_cell(0.01).style


def test_segments_are_ordered_by_the_harm_of_their_change(window, alert, arrived):
    def segment(value, hour, accuracy, labelled):
        return window(
            hour,
            segment_field="origin",
            segment_value=value,
            quality=Quality(accuracy=accuracy),
            labelled=labelled,
        )

    board = board_of(
        arrived,
        *(segment("few", h, a, 2) for h, a in ((0, 1.0), (1, 0.0))),
        *(segment("better", h, a, 500) for h, a in ((0, 0.5), (1, 0.6))),
        *(segment("worse", h, a, 500) for h, a in ((0, 0.9), (1, 0.8))),
    )
    listing = segments_listing(board.models["delay"], "3", HOUR, [])
    assert [scope_of(row.key).value for row in listing.rows] == ["worse", "few", "better"]
    worse = cells(listing, scope_key(Scope("3", "origin", "worse")))
    assert (worse["segment"], worse["Δ accuracy"]) == ("origin=worse", "-10.0")
    since_before = segments_listing(
        board.models["delay"], "3", HOUR, [alert(starts_at_ms=window(1).start_ms)]
    )
    assert since_before.rows == listing.rows, "the window before is from before the alert"


def test_versions_are_side_by_side(window, arrived):
    board = board_of(arrived, window(0), window(0, version="4", quality=Quality(accuracy=0.9)))
    listing = versions_listing(board.models["delay"], "3", HOUR, [])
    assert [cells(listing, scope_key(Scope(v)))["accuracy"] for v in "34"] == ["80.0%", "90.0%"]


def test_versions_are_compared_on_the_requests_that_both_answered(window, arrived):
    worse = PairedStats(
        pairs=1200,
        accuracy_difference=-0.02,
        accuracy_difference_low=-0.031,
        accuracy_difference_high=-0.009,
    )
    few = PairedStats(pairs=1, error_difference=0.5)
    champion = window(0, paired={"4": few, "5": replace(few, pairs=3)})
    board = board_of(
        arrived, champion, window(0, version="4", paired={"3": worse}), window(0, version="5")
    )
    listing = versions_listing(board.models["delay"], "3", HOUR, [])
    row = cells(listing, scope_key(Scope("4")))
    assert (row["paired with 3"], row["Δ paired"], row["95 %"]) == ("1,200", "-2.0", "-3.1 to -0.9")
    assert cells(listing, scope_key(Scope("5")))["Δ paired"] == "-"
    assert paired_cells(window(0, paired={"3": worse}), "3")[1].style == "bold red"
    lines = quality_lines(compare([champion], None))
    assert lines[-1].plain == (
        "paired   MAE +0.5 (95 %: -) to version 5 on 3 requests that both answered; 1 more version"
    )
    assert quality_lines(compare([window(0)], None))[-1].plain.startswith("  ")


@pytest.mark.parametrize(
    ("stats", "told"),
    [
        (PairedStats(pairs=9, accuracy_difference=0.1, accuracy_difference_low=0.01), "better"),
        (PairedStats(pairs=9, accuracy_difference=0.1, accuracy_difference_low=-0.01), "neither"),
        (PairedStats(pairs=9, error_difference=1.0, error_difference_low=0.5), "worse"),
        (PairedStats(pairs=9, error_difference=-1.0, error_difference_high=-0.5), "better"),
        (PairedStats(pairs=9, error_difference=0.0, error_difference_low=0.0), "neither"),
    ],
)
def test_versions_are_told_apart_where_the_interval_leaves_out_zero(stats, told):
    difference = difference_of(stats)
    assert (difference.worse, difference.better) == (told == "worse", told == "better")


@pytest.mark.parametrize("kind", ModelKind)
def test_each_kind_of_model_has_its_figures(window, arrived, kind):
    regression = RegressionStats(mean_absolute_error=12.3456, bias=-1.0, r2=0.4)
    worse = replace(regression, mean_absolute_error=1512.0, bias=-900.0)
    quality = Quality(accuracy=0.8, macro_f1=0.5)
    before = window(0, kind=kind, quality=quality, regression=regression)
    after = window(1, kind=kind, quality=Quality(accuracy=0.7), regression=worse)
    board = board_of(arrived, before, after)
    row = cells(models_listing(board, HOUR, 0), "delay")
    version = cells(versions_listing(board.models["delay"], "3", HOUR, []), scope_key(Scope("3")))
    if kind is ModelKind.REGRESSION:
        assert (row["quality"], row["change"]) == ("MAE 1,512", "+1,500")
        assert (version["MAE"], version["Δ bias"], version["R2"]) == ("1,512", "-899", "0.400")
        line = quality_lines(compare([before, after], None))[0]
        assert line.plain == "quality  MAE 1,512 (+1,500), RMSE -, bias -900 (-899)"
        marked = [line.plain[s.start : s.end].strip() for s in line.spans if "red" in str(s.style)]
        assert marked == ["(+1,500)"], "a bias has no better direction"
    else:
        assert (row["quality"], row["change"]) == ("accuracy 70.0%", "-10.0")
        assert ("macro F1" in version) == (kind is ModelKind.MULTICLASS)
    titles = [column.title for column in windows_listing([before, after], [], []).columns]
    assert [figure.title for figure in figures_of(before)] == titles[4:-3]


def test_answers_drift_where_there_are_no_scores(window, arrived):
    drifted = window(0, score=ScoreStats(), prediction=PredictionStats(count=9, psi=0.9))
    row = cells(models_listing(board_of(arrived, drifted), HOUR, 0), "delay")
    assert (row["drift"], row["most drifted"]) == ("0.9 !", "answers")


def test_classes_say_what_they_are_mostly_taken_for(window):
    multiclass = window(
        0,
        kind=ModelKind.MULTICLASS,
        classes={
            "late": ClassStats(support=20, recall=0.5, precision=0.4, f1=0.44),
            "on time": ClassStats(support=80, predictions=90),
        },
        confusion=(
            ConfusionCell("on time", "on time", 80),
            ConfusionCell("on time", "late", 6),
            ConfusionCell("cancelled", "late", 4),
            ConfusionCell("late", "late", 10),
        ),
    )
    listing = classes_listing(multiclass)
    assert [row.key for row in listing.rows] == ["on time", "late"]
    assert [cells(listing, k)["mostly taken for"] for k in ("late", "on time")] == [
        "on time (6)",
        "",
    ]
    assert cells(listing, "late")["recall"] == "50.0%"
    assert classes_listing(None).rows == ()


def test_features_are_ordered_by_drift(window):
    features = {
        "calm": FeatureStats(count=90, missing=10, psi=0.01),
        "unknown": FeatureStats(count=0, missing=100),
        "moved": FeatureStats(count=100, psi=2.0, out_of_range_share=0.25, mean=1e6),
    }
    listing = features_listing(window(0, features=features))
    assert [row.key for row in listing.rows] == ["moved", "calm", "unknown"]
    assert cells(listing, "moved")["out of range"] == "25%"
    assert cells(listing, "unknown")["missing"] == "100%"
    assert features_listing(None).rows == ()


def test_windows_say_what_began_in_them(window, alert):
    windows = [window(n) for n in range(3)]
    windows.append(window(3, state=WindowState.OPEN))
    marks = [
        DeploymentRecord(model="delay", kind=kind, value="v", version="3", time_ms=w.start_ms)
        for kind, w in zip(DeploymentKind, (windows[0], windows[2], windows[2]), strict=True)
    ]
    listing = windows_listing(windows, [alert(starts_at_ms=windows[1].end_ms)], marks)
    began = [cells(listing, row.key)["what began"] for row in listing.rows]
    assert began == ["", "FeatureDrift wind, code v, data v", "", "version v"], "newest first"
    assert cells(listing, listing.rows[0].key)["state"] == "open"


def test_alerts_that_fire_come_first_by_weight_then_the_latest_ended(alert):
    mild = alert(severity=Severity.WARNING, fingerprint="1" * 16, starts_at_ms=0)
    later = alert(fingerprint="2" * 16, starts_at_ms=9)
    first = alert(fingerprint="3" * 16, starts_at_ms=5)
    over = replace(first, status=AlertStatus.RESOLVED, fingerprint="4" * 16, time_ms=50)
    void = replace(first, status=AlertStatus.RETRACTED, fingerprint="5" * 16, time_ms=60)
    listing = alerts_listing([over, mild, later, void, first])
    assert [row.key[0] for row in listing.rows] == ["3", "2", "1", "5", "4"]
    assert [row.cells[0].text for row in listing.rows] == ["CRIT", "CRIT", "WARN", "void", "over"]
    assert cells(listing, "3" * 16)["because"] == "errors of LGA rose"


def test_causes_are_told_with_their_share(alert):
    listing = causes_listing(alert())
    assert cells(listing, "0") == {
        "cause": "segment origin=LGA",
        "how": "more errors",
        "share": "███     62%",
        "before": "0.1",
        "after": "0.4",
        "samples": "300",
    }
    negative = replace(alert().causes[0], contribution=-0.3, summary="", samples=0)
    told = causes_listing(alert(causes=(negative, replace(negative, contribution=None))))
    assert [cells(told, key)["share"].strip() for key in "01"] == ["-30%", "-"]


def test_a_model_in_trouble_is_explained(window, alert, ledger, arrived):
    alerts = [
        alert(fingerprint=str(n) * 16, starts_at_ms=window(n).start_ms, causes=())
        for n in (2, 3, 4)
    ]
    board = board_of(arrived, *(window(n) for n in range(6)), *alerts, ledger())
    view = model_view(board, "delay", HOUR)
    assert view is not None
    assert plain_lines(model_lines(view, 2)) == [
        "CRIT     FeatureDrift wind since 2013-02-08 16:00 (3h)",
        "         ↳ wind moved",
        "         and 2 more",
        "quality  accuracy 80.0% (+0.0), AUC 0.900 (+0.000), F1 0.500 (+0.000)",
        "         02-08 19:00 +1h, 90% labelled, vs the median of 2 before the alert",
        (
            "traffic  100 predictions, usually 100, p99 9 ms · "
            "labels after 2.2 h, 90 % within 4.4 h · 02-08 19:00 +1h, provisional"
        ),
        "drift    farthest from the reference: wind, PSI 0.31",
        "events   500 predictions read · 17 await a label · 3 late",
    ]


def test_a_worse_figure_is_marked_whichever_direction_is_better(window):
    worse = window(1, quality=Quality(accuracy=0.7, auc=0.95))
    line = quality_lines(compare([window(0), worse], None))[0]
    marked = [line.plain[s.start : s.end].strip() for s in line.spans if "red" in str(s.style)]
    assert marked == ["(-10.0)"]


def test_the_deployment_that_may_explain_an_alert_is_told(window, alert, arrived):
    marks = [
        DeploymentRecord(
            model="delay",
            kind=DeploymentKind.CODE_VERSION,
            value=f"c{n}",
            version="3",
            time_ms=window(n).start_ms,
        )
        for n in (0, 1, 5)
    ]

    def told(*records):
        view = model_view(board_of(arrived, window(0), *marks, *records), "delay", HOUR)
        assert view is not None
        return [line for line in plain_lines(model_lines(view, 2)) if line.startswith("deployed")]

    assert told() == ["deployed code c5, first seen 2013-02-08 19:00"]
    assert told(alert()) == [
        "deployed code c1, first seen 2013-02-08 15:00 (last before the alert)"
    ]
    assert told(alert(starts_at_ms=1)) == []


def test_a_change_is_against_the_median_so_one_bad_day_is_no_baseline(window):
    accuracies = (0.9, 0.91, 0.3, 0.7)
    windows = [window(n, quality=Quality(accuracy=a)) for n, a in enumerate(accuracies)]
    lines = plain_lines(quality_lines(compare(windows, None)))
    assert lines[0].startswith("quality  accuracy 70.0% (-20.0)")
    assert lines[1].endswith("vs the median of 3 before")
    troubled = plain_lines(quality_lines(compare(windows, 0)))
    assert troubled[1].endswith("vs the oldest, 02-08 14:00")
    alone = plain_lines(quality_lines(compare(windows[:1], None)))
    assert alone[1].endswith("nothing to compare with yet")


def test_an_alert_is_told_in_full(alert):
    told = plain_lines(alert_lines(alert(ends_at_ms=alert().time_ms, status=AlertStatus.RESOLVED)))
    assert told == [
        "over  FeatureDrift wind",
        "wind moved",
        "Effect +1.3.",
        "since    2013-02-08 16:00 until 2013-02-08 17:00 UTC (resolved)",
        "evidence 2013-02-08 16:00 to 2013-02-08 17:00, 1,200 predictions, 50% labelled",
        "found by page_hinkley: 31.5 over 25",
    ]


def test_an_alert_tells_what_moved_the_answers(alert):
    moved = AttributionChange(name="wind", before=0.1, after=0.4, right=0.3, wrong=0.6)
    young = AttributionChange(name="hour", after=0.2)
    shifted = AttributionShift(count=9, drift=0.3, features=(moved, young))
    (line,) = (
        line
        for line in plain_lines(alert_lines(alert(attributions=shifted)))
        if line.startswith("moved by")
    )
    told = "30% went to other features: wind 10% → 40% (right 30%, wrong 60%); hour 20%"
    assert line.removeprefix("moved by").strip() == told
    assert not any(line.startswith("moved by") for line in plain_lines(alert_lines(alert())))


def test_drift_that_cannot_be_known_is_said_to_be_so(window, arrived):
    bare = window(
        0, reference=None, features={}, score=ScoreStats(), traffic=Traffic(predictions=1)
    )
    view = model_view(board_of(arrived, bare), "delay", HOUR)
    assert view is not None
    assert plain_lines(model_lines(view, 2))[0] == "alerts   none fires"
    assert "drift    not known before there is a reference" in plain_lines(model_lines(view, 2))
