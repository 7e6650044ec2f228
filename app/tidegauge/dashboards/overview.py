"""The overview: every model on one screen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.core.config import ModelKind
from tidegauge.dashboards import overview_time, variables
from tidegauge.dashboards.alerts_table import ABOUT, KEYS, KIND, firing, since
from tidegauge.dashboards.board import (
    ALERTS,
    DATA_QUALITY,
    MODEL_LINK,
    OVERVIEW,
    PIPELINE,
    Board,
    Section,
    opens,
)
from tidegauge.dashboards.figures import (
    ABSOLUTE_ERROR,
    ACCURACY,
    DRIFT_STATE,
    FIRING,
    KNOWN,
    LABEL_COVERAGE,
    LABELLED,
    PER_SECOND,
    PREDICTIONS,
    WHOLE_WINDOW,
    lately,
    shift,
    usual,
    with_kind,
)
from tidegauge.dashboards.marks import marks
from tidegauge.dashboards.panels import (
    COVERAGE,
    NONE_IS_GOOD,
    PSI,
    SHIFT,
    value,
)
from tidegauge.dashboards.pipeline import DELAY, LAG, LOST_LATELY, refused_lately
from tidegauge.dashboards.states import DRIFT_STATES
from tidegauge.dashboards.tables import Column, Key, rows


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
            link=("Open the alerts", opens(ALERTS)),
        ),
        value(
            "Predictions read",
            "How many predictions all workers read per second of clock time. Zero while services "
            "answer: look at the lag and whether workers are ready.",
            "sum(max by (model) (rate(tidegauge_predictions_read_total[$__rate_interval])))",
            unit="cps",
            link=("Open the pipeline", opens(PIPELINE)),
        ),
        value(
            "Labelled",
            "Share of the chosen window's predictions that have a label. Quality is only known for "
            "these. Low: labels take longer than the window (choose a longer one), or stopped.",
            f"sum({LABELLED}) / sum({PREDICTIONS})",
            unit="percentunit",
            steps=COVERAGE,
            decimals=1,
            link=("Open data quality", opens(DATA_QUALITY)),
        ),
        value(
            "Lag",
            "Records in Kafka that are not processed yet, of all topics. Growing: start more "
            "workers, or see on the dashboard of the pipeline which partition stands still.",
            "sum(max by (topic, partition) (tidegauge_lag_records))",
            unit="short",
            steps=LAG,
            link=("Open the pipeline", opens(PIPELINE)),
        ),
        value(
            "Refused and lost",
            "Records of the last hour that could not be used, and those that Kafka's retention "
            "removed unread. Refused ones are in the dead letters: `tidegauge dead-letters` shows "
            "each with its reason and the remedy.",
            f"{refused_lately()} + {LOST_LATELY}",
            unit="short",
            steps=NONE_IS_GOOD,
            decimals=0,
            link=("Open data quality", opens(DATA_QUALITY)),
        ),
    )


CLASSIFIERS: Final = f"{ModelKind.BINARY}|{ModelKind.MULTICLASS}"
_HOW_TO_READ: Final = (
    "One line for each model, over all of its versions, in the chosen window; click on a name to "
    "open it. Is something wrong (state, alerts); how much traffic; how good (the first column is "
    "the window's; lately beside its baseline is what the detector sees, and it moves first); on "
    "how many labels; has anything moved (the largest change of a watched figure as a part of what "
    "is worth an alert, 1 being enough; the highest population stability index of a feature, over "
    "0.25 being large); what answers since when; how fresh it is. An empty cell: not known yet, "
    "such as a baseline that is still learned, or quality without labels. Blue delay: a replay of "
    "the past."
)


def _family(
    title: str, about: str, kinds: str, quality: Sequence[Column], *, empty: str, height: int
) -> Builder[models.Panel]:
    """The models of some kinds, with the figures of quality that they have in common."""
    versions = f"max by (model, version) (tidegauge_window_predictions{{{WHOLE_WINDOW}}})"
    columns = (
        Column("State", DRIFT_STATE, "none", names=DRIFT_STATES, width=80),
        Column("Alerts", FIRING, "short", 0, NONE_IS_GOOD, width=60),
        Column("Traffic", PER_SECOND, "reqps", width=110),
        *quality,
        Column("Labels", LABEL_COVERAGE, "percentunit", 0, COVERAGE, width=65),
        Column("Largest change", shift("model"), "none", 1, SHIFT, bar=2),
        Column(
            "Highest PSI",
            f"max by (model) (tidegauge_feature_psi{{{WHOLE_WINDOW}}})",
            "none",
            2,
            PSI,
            width=95,
        ),
        Column("Versions", f"count by (model) ({versions})", "short", 0, width=75),
        Column(
            "Deployed",
            f"max by (model) (tidegauge_deployment_timestamp_seconds{{{KNOWN}}}) * 1000",
            "dateTimeAsIso",
            width=165,
        ),
        Column(
            "Data up to",
            f"max by (model) (tidegauge_watermark_timestamp_seconds{{{KNOWN}}}) * 1000",
            "dateTimeAsIso",
            width=165,
        ),
        Column(
            "Delay",
            f"max by (model) (tidegauge_watermark_delay_seconds{{{KNOWN}}})",
            "s",
            0,
            DELAY,
            width=90,
        ),
    )
    return rows(
        title,
        f"{about} {_HOW_TO_READ}",
        [
            Key("model", "Model", link=MODEL_LINK, width=160),
            KIND,
        ],
        [replace(column, expr=with_kind(column.expr, kinds)) for column in columns],
        order="Alerts",
        empty=empty,
        height=height,
    )


def _models() -> Sequence[Builder[models.Panel]]:
    return (
        _family(
            "Classifiers",
            "Models that answer a class; the figure is the share of wrong answers.",
            CLASSIFIERS,
            (
                Column("Accuracy", ACCURACY, "percentunit", 1, width=80),
                Column("Error lately", lately(), "percentunit", 1, width=95),
                Column("Baseline", usual(), "percentunit", 1, width=85),
            ),
            empty="No model answers a class.",
            height=7,
        ),
        _family(
            "Regression models",
            "Models that answer a number; the figure is the mean absolute error, in the unit of "
            "the answers.",
            ModelKind.REGRESSION,
            (
                Column("MAE", ABSOLUTE_ERROR, "short", width=80),
                Column("MAE lately", lately(), "short", width=95),
                Column("Baseline", usual(), "short", width=85),
            ),
            empty="No model answers a number.",
            height=5,
        ),
    )


def _what() -> Sequence[Builder[models.Panel]]:
    started = since("", KEYS)
    labels = "model, stream, feature"
    return (
        firing(f"({with_kind(started)} or on (model) {started})", width=12, keys=(*KEYS, KIND)),
        rows(
            "What has changed most",
            "The figures whose detectors see the largest change, as a part of what is worth an "
            "alert: from 1 on it is enough, and an alert opens once a detector confirms that it is "
            "no chance. Streams: error_rate, absolute_error, score, the answers (positive_rate, "
            "class, prediction), feature (its mean) and missing (its share of absent values). What "
            "to do: open the model, then its feature section.",
            [
                Key("model", "Model", link=MODEL_LINK, width=115),
                Key("stream", "Stream", width=110),
                replace(ABOUT, label="feature"),
                KIND,
            ],
            [
                Column("Change", with_kind(f"topk(20, {shift(labels)})"), "none", 1, SHIFT, bar=2),
                Column("Baseline", _of_largest("baseline", labels), "short", width=80),
                Column("Now", _of_largest("current", labels), "short", width=80),
            ],
            order="Change",
            empty="Not known yet: what is usual is still learned.",
            width=12,
            height=9,
        ),
    )


def _of_largest(figure: str, labels: str) -> str:
    return with_kind(
        f"max by ({labels}) (tidegauge_detector_{figure})"
        f" and on ({labels}) topk(20, {shift(labels)})"
    )


def overview() -> Board:
    """The dashboard of all models."""
    return Board(
        uid=OVERVIEW,
        title="Tidegauge / Overview",
        description="Every model on one screen: traffic, quality against its baseline, drift, "
        "alerts, freshness; and the workers.",
        variables=(variables.datasource(), variables.window()),
        sections=(
            Section("Now", (*_tiles(), *_models(), *_what())),
            Section("Quality", overview_time.quality()),
            Section("Drift and alerts", overview_time.drift()),
            Section("Traffic and freshness", overview_time.freshness()),
        ),
        marks=marks(),
    )
