"""The dashboards of one model: traffic, labels, latency, features, ledgers."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import BY_LEGEND, by_version, chosen
from tidegauge.dashboards.panels import GREEN, ORANGE, PSI, YELLOW, Query, Step, lines
from tidegauge.dashboards.tables import Column, Key, rows

_SHARE: Final[tuple[Step, ...]] = (
    (None, GREEN),
    (0.01, YELLOW),
    (0.05, ORANGE),
)


def traffic() -> Sequence[Builder[models.Panel]]:
    """How much there is, how much of it is labelled, how long it takes."""
    return (
        lines(
            "Traffic",
            "Predictions per second of event time in the window. Versions side by side show how "
            "the traffic is split; a gap is an outage of the service or of its publisher.",
            [Query(chosen("predictions_per_second"), BY_LEGEND)],
            unit="reqps",
            low=0,
        ),
        lines(
            "Label coverage",
            "Share of the window's predictions that have a label. Every quality figure holds for "
            "them only. It rises as labels come; a fall means that labels stopped or take longer.",
            [Query(chosen("label_coverage_ratio"), BY_LEGEND)],
            unit="percentunit",
            low=0,
            high=1,
        ),
        lines(
            "Latency",
            "Serving times that publishers report: median, 90th and 99th percentile of the window. "
            "Only the high ones rise: a dependency or a rare kind of request. All: the model or "
            "its machine.",
            [
                Query(chosen("latency_p50_seconds"), f"p50 {BY_LEGEND}"),
                Query(chosen("latency_p90_seconds"), f"p90 {BY_LEGEND}"),
                Query(chosen("latency_p99_seconds"), f"p99 {BY_LEGEND}"),
            ],
            unit="s",
            low=0,
        ),
    )


def features() -> Sequence[Builder[models.Panel]]:
    """Which inputs moved."""
    return (
        rows(
            "Features",
            "One line for each feature of all traffic in the window, largest change first. PSI "
            "(population stability index to the reference profile): over 0.25 is large. Missing, "
            "unseen (text) or out of range (numbers): usually broken upstream. A new mean with "
            "none of these: the world, or a unit, has changed. No reference yet: no PSI.",
            [
                Key("feature", "Feature", width=240),
                Key("version", "Version", width=75),
            ],
            [
                Column("PSI", _of_features("feature_psi"), "none", 3, PSI, bar=0.5),
                Column("JS distance", _of_features("feature_js_distance"), "none", 3),
                Column(
                    "Missing",
                    _of_features("feature_missing_ratio"),
                    "percentunit",
                    1,
                ),
                Column(
                    "Unseen",
                    _of_features("feature_unseen_ratio"),
                    "percentunit",
                    1,
                    _SHARE,
                ),
                Column(
                    "Out of range",
                    _of_features("feature_out_of_range_ratio"),
                    "percentunit",
                    1,
                    _SHARE,
                ),
                Column("Mean", _of_features("feature_mean"), "short"),
                Column("Deviation", _of_features("feature_deviation"), "short"),
                Column("Values", _of_features("feature_values"), "short"),
            ],
            order="PSI",
            height=10,
        ),
        lines(
            "Feature drift",
            "Population stability index of the ten features that are furthest from the reference "
            "now. Rising together: the traffic's mix has changed. One alone: that input.",
            [_largest("psi")],
            unit="none",
            low=0,
            steps=PSI,
        ),
        lines(
            "Missing values",
            "Share of predictions without the feature, of the ten with the most. A step: a "
            "publisher or a source of features has stopped sending it.",
            [_largest("missing_ratio")],
            unit="percentunit",
            low=0,
        ),
        lines(
            "Unseen categories and values out of range",
            "Share of values that the reference profile does not know. New categories are often a "
            "renamed code; numbers out of range a changed unit.",
            [_largest("unseen_ratio"), _largest("out_of_range_ratio")],
            unit="percentunit",
            low=0,
        ),
    )


def _largest(figure: str) -> Query:
    return Query(f"topk(10, {_of_features(f'feature_{figure}')})", "{{feature}} {{version}}")


def _of_features(figure: str) -> str:
    """A figure of each feature over all traffic: segments have no figures of features."""
    return by_version(figure, "feature")


def ledgers() -> Sequence[Builder[models.Panel]]:
    """What became of the model's events."""
    return (
        lines(
            "Predictions by what became of them",
            "All predictions ever read, by state; the states add up to those read. Growing "
            "unlabelled: labels never came. Growing late, conflict, forwarded or evicted: the "
            "docs on publishing, and the dead letters, say what to change.",
            [
                Query(
                    'max by (state) (tidegauge_predictions{model="$model"}) > 0',
                    "{{state}}",
                )
            ],
            unit="short",
            low=0,
            stacked=True,
        ),
        lines(
            "Feedback by what became of it",
            "All feedback ever read, by state. Growing orphan_expired: labels whose predictions "
            "never came, such as a wrong request id.",
            [
                Query(
                    'max by (state) (tidegauge_feedback{model="$model"}) > 0',
                    "{{state}}",
                )
            ],
            unit="short",
            low=0,
            stacked=True,
        ),
        lines(
            "Events read",
            "Predictions and feedback read per second of clock time. One without the other for "
            "longer than labels take: that publisher has stopped.",
            [
                Query(
                    'max(rate(tidegauge_predictions_read_total{model="$model"}[$__rate_interval]))',
                    "predictions",
                ),
                Query(
                    'max(rate(tidegauge_feedback_read_total{model="$model"}[$__rate_interval]))',
                    "feedback",
                ),
            ],
            unit="cps",
            low=0,
        ),
    )
