"""The overview: every model on one screen."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards import overview_time, variables
from tidegauge.dashboards.alerts import SEVERITIES, firing
from tidegauge.dashboards.board import MODEL_LINK, Board, Section
from tidegauge.dashboards.figures import (
    ACCURACY,
    DRIFT_STATE,
    ERROR_BASELINE,
    ERROR_NOW,
    FIRING,
    KNOWN,
    LABEL_COVERAGE,
    LABELLED,
    PER_SECOND,
    PREDICTIONS,
    WHOLE_WINDOW,
    shift,
)
from tidegauge.dashboards.panels import (
    BLUE,
    COVERAGE,
    GREEN,
    NONE_IS_GOOD,
    PSI,
    RED,
    SHIFT,
    YELLOW,
    value,
)
from tidegauge.dashboards.states import DRIFT_STATES
from tidegauge.dashboards.tables import Column, Key, rows
from tidegauge.dashboards.workers import workers

_REPLAY_SECONDS: Final = 30 * 86_400


def _tiles() -> Sequence[Builder[models.Panel]]:
    return (
        value(
            "Models",
            "Models with predictions in the chosen window. A model appears with its first event. "
            "Fewer than expected: look whether its publisher writes, and at the refused records.",
            f"count({PREDICTIONS})",
            unit="short",
        ),
        value(
            "Alerts",
            "Alerts that fire now, of all models. Not zero: the table below says which.",
            "count(max by (fingerprint) (tidegauge_alert_firing)) or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        value(
            "Predictions read",
            "How many predictions all workers read per second of clock time. Zero while services "
            "answer: look at the lag and whether workers are ready.",
            "sum(max by (model) (rate(tidegauge_predictions_read_total[$__rate_interval])))",
            unit="cps",
        ),
        value(
            "Labelled",
            "Share of the chosen window's predictions that have a label. Quality is only known for "
            "these. Low: labels take longer than the window (choose a longer one), or stopped.",
            f"sum({LABELLED}) / sum({PREDICTIONS})",
            unit="percentunit",
            steps=COVERAGE,
            decimals=1,
        ),
        value(
            "Lag",
            "Records in Kafka that are not processed yet, of all topics. Growing: start more "
            "workers, or see in the last section which partition stands still.",
            "sum(max by (topic, partition) (tidegauge_lag_records))",
            unit="short",
            steps=((None, GREEN), (10_000, YELLOW), (1_000_000, RED)),
        ),
        value(
            "Refused and lost",
            "Records of the last hour that could not be used, and those that Kafka's retention "
            "removed unread. Refused ones are in the dead letters: `tidegauge dead-letters` shows "
            "each with its reason and the remedy.",
            "(sum(increase(tidegauge_dead_letters_total[1h])) or vector(0))"
            " + sum(max by (topic, partition) (increase(tidegauge_lost_records_total[1h])))",
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
        ),
    )


def _models() -> Builder[models.Panel]:
    return rows(
        "Every model",
        "One line for each model, in the chosen window; click on a name to open it. Read from left "
        "to right: is something wrong (state, alerts), how much traffic, how good (accuracy of the "
        "window; the error rate lately beside its baseline, both as the detector sees them), on "
        "how many labels, has anything moved (the largest change of a watched figure as a part of "
        "what is worth an alert, 1 being enough; the highest population stability index of a "
        "feature, over 0.25 being large), and how fresh it is. An empty cell: not known yet, such "
        "as a baseline that is still learned, or quality without labels. Blue delay: a replay of "
        "the past.",
        [Key("model", "Model", link=MODEL_LINK, width=180)],
        [
            Column("State", DRIFT_STATE, "none", names=DRIFT_STATES),
            Column("Alerts", FIRING, "short", 0, NONE_IS_GOOD),
            Column("Traffic", PER_SECOND, "reqps"),
            Column("Predictions", PREDICTIONS, "short"),
            Column("Accuracy", ACCURACY, "percentunit", 1),
            Column(
                "Error rate",
                ERROR_NOW,
                "percentunit",
                1,
            ),
            Column(
                "Baseline",
                ERROR_BASELINE,
                "percentunit",
                1,
            ),
            Column(
                "Error change",
                shift("model", 'stream="error_rate"'),
                "none",
                2,
                SHIFT,
            ),
            Column("Labels", LABEL_COVERAGE, "percentunit", 0, COVERAGE),
            Column("Largest change", shift("model"), "none", 2, SHIFT, bar=2),
            Column(
                "Highest PSI",
                f"max by (model) (tidegauge_feature_psi{{{WHOLE_WINDOW}}})",
                "none",
                2,
                PSI,
            ),
            Column(
                "Data up to",
                f"max by (model) (tidegauge_watermark_timestamp_seconds{{{KNOWN}}}) * 1000",
                "dateTimeAsIso",
            ),
            Column(
                "Delay",
                f"max by (model) (tidegauge_watermark_delay_seconds{{{KNOWN}}})",
                "s",
                0,
                ((None, GREEN), (300, YELLOW), (1_800, RED), (_REPLAY_SECONDS, BLUE)),
            ),
        ],
        order="Alerts",
        height=7,
    )


def _what() -> Sequence[Builder[models.Panel]]:
    keys = (
        Key("severity", "Severity", names=SEVERITIES, width=85),
        Key("alertname", "Alert", width=130),
        Key("model", "Model", link=MODEL_LINK),
        Key("version", "Version", width=75),
        Key("feature", "Feature"),
        Key("segment_field", "Segments by", width=100),
        Key("segment_value", "Segment", width=85),
    )
    labels = "model, stream, feature"
    return (
        firing("", width=14, keys=keys),
        rows(
            "What has changed most",
            "The figures whose detectors see the largest change, as a part of what is worth an "
            "alert: from 1 on it is enough, and an alert opens once a detector confirms that it is "
            "no chance. Streams: error_rate, score, positive_rate, feature (its mean) and missing "
            "(its share of absent values). What to do: open the model, then its feature section.",
            [
                Key("model", "Model", link=MODEL_LINK),
                Key("stream", "Stream", width=95),
                Key("feature", "Feature"),
            ],
            [
                Column("Change", f"topk(20, {shift(labels)})", "none", 2, SHIFT, bar=2),
                Column("Baseline", _of_largest("baseline", labels), "short"),
                Column("Now", _of_largest("current", labels), "short"),
            ],
            order="Change",
            width=10,
            height=9,
        ),
    )


def _of_largest(figure: str, labels: str) -> str:
    return (
        f"max by ({labels}) (tidegauge_detector_{figure})"
        f" and on ({labels}) topk(20, {shift(labels)})"
    )


def overview() -> Board:
    """The dashboard of all models."""
    return Board(
        uid="tidegauge-overview",
        title="Tidegauge / Overview",
        description="Every model on one screen: traffic, quality against its baseline, drift, "
        "alerts, freshness; and the workers.",
        variables=(variables.datasource(), variables.window()),
        sections=(
            Section("Now", (*_tiles(), _models(), *_what())),
            Section("Quality", overview_time.quality()),
            Section("Drift and alerts", overview_time.drift()),
            Section("Traffic and freshness", overview_time.freshness()),
            Section("Tidegauge itself", workers()),
        ),
        alerts=(
            "max by (model, alertname, feature) (tidegauge_alert_firing)",
            "{{model}}: {{alertname}} {{feature}}",
        ),
    )
