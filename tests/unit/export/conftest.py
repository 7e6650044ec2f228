"""A view with something of everything, for the tests of the export."""

from collections.abc import Callable

import pytest
from samplerecords import T as END
from samplerecords import alert_at

from tidegauge.core.alertrecords import (
    AlertRecord,
    Cause,
    CauseKind,
    Effect,
    Incident,
    Role,
    Split,
)
from tidegauge.core.config import HOUR, MINUTE
from tidegauge.core.improvement import (
    CalibrationStep,
    CostPoint,
    Gain,
    ImprovementStats,
    RecalibrationStats,
    Retrain,
    SegmentGain,
    ThresholdStats,
)
from tidegauge.core.monitor.distributions import Distribution
from tidegauge.core.monitor.finals import FinalWindow
from tidegauge.core.monitor.streams import Subject
from tidegauge.core.records import (
    AttributionStats,
    CalibrationPoint,
    ClassStats,
    ConfusionCell,
    DeploymentKind,
    DeploymentRecord,
    FeatureAttribution,
    FeatureStats,
    FeedbackLedger,
    LabelDelay,
    Latency,
    LedgerRecord,
    MetricRecord,
    PairedStats,
    PredictionLedger,
    PredictionStats,
    Quality,
    RegressionStats,
    RocPoint,
    ScoreStats,
    Traffic,
    WindowState,
)
from tidegauge.core.stats.compare import Bin
from tidegauge.export.view import (
    DetectorView,
    FinalView,
    PartitionView,
    ReferenceView,
    TopicView,
    View,
    WorkerView,
)

IMPROVEMENT = ImprovementStats(
    threshold=ThresholdStats(
        labelled=50,
        in_use=0.5,
        agreement=1.0,
        best=0.35,
        cost=0.25,
        best_cost=0.2,
        gain=Gain(0.04, 0.01, 0.07),
        costs=(CostPoint(0.35, 0.2), CostPoint(0.5, 0.25)),
    ),
    recalibration=RecalibrationStats(
        labelled=50,
        brier_gain=Gain(0.02, 0.01, 0.03),
        log_loss_gain=Gain(0.1, 0.05, 0.15),
        steps=(CalibrationStep(0.0, 0.1, 30), CalibrationStep(0.5, 0.4, 20)),
    ),
    segments=(
        SegmentGain(
            field="origin",
            value="JFK",
            labelled=30,
            mean=0.4,
            average=0.25,
            excess=4.5,
            gain=Gain(3.0, 1.0, 5.0),
            share=0.24,
        ),
    ),
)
ATTRIBUTIONS = AttributionStats(
    count=70,
    drift=0.25,
    labelled=50,
    features={
        "dep_delay": FeatureAttribution(
            mean_absolute=0.3, share=0.75, learned_share=0.5, right_share=0.4, wrong_share=0.9
        ),
        "carrier": FeatureAttribution(mean_absolute=0.1, share=0.25, learned_share=0.5),
    },
)


def make_window(
    predictions: int = 100, size_ms: int = HOUR, segment: tuple[str, str] | None = None
) -> MetricRecord:
    """A window whose figures are all there."""
    return MetricRecord(
        model="delay",
        version="1",
        segment_field=segment[0] if segment else None,
        segment_value=segment[1] if segment else None,
        start_ms=END - size_ms,
        end_ms=END,
        state=WindowState.PROVISIONAL,
        revision=3,
        predictions=predictions,
        labelled=50,
        label_coverage=0.5,
        quality=Quality(
            accuracy=0.75,
            precision=0.5,
            recall=0.25,
            specificity=0.9,
            f1=1 / 3,
            macro_precision=0.41,
            macro_recall=0.42,
            macro_f1=0.43,
            balanced_accuracy=0.575,
            matthews_correlation=-0.1,
            auc=0.8,
            average_precision=0.6,
            lift_top_decile=2.5,
            log_loss=0.3,
            brier=0.2,
            expected_calibration_error=0.05,
            roc_curve=(RocPoint(None, 0.0, 0.0), RocPoint(0.0, 1.0, 1.0)),
            calibration_curve=(CalibrationPoint(0.4, 0.2, 50),),
            positive_rate=0.2,
            true_positives=5,
            false_positives=5,
            true_negatives=25,
            false_negatives=15,
        ),
        traffic=Traffic(
            predictions=predictions,
            per_second=0.1,
            predicted_positive_rate=0.3,
            predicted_positive_rate_change=-0.05,
        ),
        classes={
            "late": ClassStats(
                predictions=60,
                predicted=30,
                support=20,
                true_positives=10,
                precision=1 / 3,
                recall=0.5,
                f1=0.4,
            )
        },
        confusion=(ConfusionCell("late", "early", 20),),
        regression=RegressionStats(
            mean_absolute_error=4.0,
            root_mean_squared_error=5.0,
            bias=-1.0,
            r2=-0.5,
            median_error=-0.25,
            absolute_error_p50=3.0,
            absolute_error_p90=7.0,
            absolute_error_p99=9.0,
        ),
        paired={
            "1-lite": PairedStats(
                pairs=40,
                agreement=0.9,
                accuracy=0.8,
                other_accuracy=0.7,
                accuracy_difference=0.1,
                accuracy_difference_low=-0.05,
                accuracy_difference_high=0.25,
                p_value=0.2,
                mean_absolute_error=3.0,
                other_mean_absolute_error=3.5,
                error_difference=-0.5,
                error_difference_low=-1.0,
                error_difference_high=0.0,
                nearer=0.6,
                other_nearer=0.3,
            )
        }
        if segment is None
        else {},
        improvement=IMPROVEMENT if segment is None and size_ms == HOUR else None,
        prediction=PredictionStats(
            count=100, mean=-2.0, deviation=1.5, p10=-4.0, p50=-2.5, p90=0.0, psi=0.4, js=0.3
        ),
        label_delay=LabelDelay(count=50, p50=60.0, p90=600.0, p99=3600.0),
        latency=Latency(count=100, mean=0.02, p50=0.01, p90=0.03, p99=0.2),
        score=ScoreStats(count=100, mean=0.4, deviation=0.1, psi=0.02, js=0.01),
        features={
            "dep_delay": FeatureStats(
                count=80,
                missing=20,
                mean=5.0,
                deviation=2.0,
                psi=0.3,
                js=0.1,
                out_of_range_share=0.01,
            ),
            "carrier": FeatureStats(count=100, psi=0.1, js=0.05, unseen_share=0.02),
        },
        attributions=ATTRIBUTIONS if segment is None else None,
    )


def make_alert() -> AlertRecord:
    """An alert that fires."""
    return alert_at(
        END,
        id="a1",
        labels={"alertname": "FeatureDrift", "model": "delay", "feature": "dep_delay"},
        annotations={"summary": "dep_delay moved"},
        detector="page_hinkley",
        statistic=31.5,
        threshold=25.0,
        predictions=100,
        labelled=50,
        label_coverage=0.5,
        causes=(
            Cause(
                kind=CauseKind.FEATURE,
                effect=Effect.OUT_OF_RANGE,
                name="dep_delay",
                value="above 300",
                contribution=0.7,
                before=0.01,
                after=0.4,
            ),
            Cause(kind=CauseKind.CODE_VERSION, effect=Effect.NEW_VERSION, name="9f2c1ab"),
        ),
        splits=(
            Split(kind=CauseKind.FEATURE, name="dep_delay", mix=0.75, concept=0.2, remainder=0.05),
        ),
        incident=Incident(
            id="fedcba9876543210", role=Role.ROOT, root="0123456789abcdef", summary="dep_delay"
        ),
        retraining=Retrain.WAIT,
    )


@pytest.fixture
def full_view() -> View:
    """A view in which every metric has a series."""
    return View(
        worker=WorkerView(
            phase="running",
            ready=True,
            stalled_seconds=1.5,
            stage_partitions={"collect": 8, "monitor": 4},
            rebalances=2,
            partitions=(
                PartitionView(
                    stage="collect",
                    partition=3,
                    state="restoring",
                    restored=5,
                    restore_total=10,
                    topics={"predictions": TopicView(position=7, end=9, records=6, lost=1)},
                    batches=4,
                    batch_records=6,
                    commits=2,
                    commit_seconds=0.5,
                    last_commit_seconds=0.2,
                    uncommitted=1,
                    repairs={"gap": 1},
                ),
            ),
            dead_letters={("predictions", "invalid_json"): 2},
            folded={("delay", "versions"): 1},
        ),
        watermarks={"delay": END},
        windows=(
            make_window(),
            make_window(segment=("origin", "JFK")),
            make_window(size_ms=MINUTE, predictions=0),
        ),
        detectors=(
            DetectorView(
                model="delay",
                version="1",
                detector="page_hinkley",
                stream="feature",
                feature="dep_delay",
                statistic=31.5,
                threshold=25.0,
                baseline=5.0,
                current=9.0,
            ),
        ),
        alerts=(make_alert(),),
        ledgers=(
            LedgerRecord(
                model="delay",
                time_ms=END,
                predictions=PredictionLedger(read=10, labelled=5, open=4, late=1, lost=3),
                feedback=FeedbackLedger(read=6, joined=5, orphan_open=1),
                labels=5,
            ),
        ),
        deployments=(
            DeploymentRecord(
                model="delay",
                kind=DeploymentKind.CODE_VERSION,
                value="9f2c1ab",
                version="1",
                time_ms=END,
            ),
        ),
        distributions=(
            Distribution(
                model="delay",
                version="1",
                subject=Subject.FEATURE,
                feature="dep_delay",
                bins=(Bin("below 0", 0.0, 0.25), Bin("0 to 5", 0.6, 0.75)),
            ),
        ),
        references=(
            ReferenceView(
                model="delay",
                version="1",
                id="00112233445566778899aabbccddeeff",
                origin="learned",
                since_ms=END,
                predictions=500,
            ),
        ),
        final=(FinalView("delay", FinalWindow("1", HOUR, END, 0.5, 0.75, 12.5)),),
        alert_events={("delay", "FeatureDrift", "opened"): 2},
    )


@pytest.fixture
def window() -> Callable[..., MetricRecord]:
    """Makes a window whose figures are all there: `make_window`."""
    return make_window
