"""The dashboards of one model: labels, traffic, latency: what its quality rests on."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import BY, BY_LEGEND, by_version, chosen
from tidegauge.dashboards.panels import Query, lines
from tidegauge.dashboards.variables import VERSIONS


class Figure(NamedTuple):
    """The figure of quality of a kind of model.

    Attributes:
        metric: Its name without the prefix.
        title: In words.
        unit: Grafana's name of its unit.
    """

    metric: str
    title: str
    unit: str


ACCURACY: Final = Figure("accuracy_ratio", "accuracy", "percentunit")
ABSOLUTE: Final = Figure("mean_absolute_error", "mean absolute error", "short")


def labels(figure: Figure) -> Sequence[Builder[models.Panel]]:
    """How much of the traffic is labelled, how soon, and what that does to quality.

    Args:
        figure: Of quality.
    """
    by_window = chosen("label_coverage_ratio", f"window, {BY}", 'window=~".+"')
    selector = f'{VERSIONS}, window="$window"'
    return (
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
            "Label delay",
            "From a prediction to its first label: median, 90th and 99th percentile of the labels "
            "that the window has so far, over all traffic. It rises: labels come later than they "
            "did, and quality will be known later. In a window shorter than labels take, only "
            "those are counted that came soon: choose one in which coverage is high.",
            [
                Query(by_version(f"label_delay_{quantile}_seconds"), f"{quantile} {{{{version}}}}")
                for quantile in ("p50", "p90", "p99")
            ],
            unit="s",
            low=0,
        ),
        lines(
            "Label coverage by window",
            "Label coverage of each window that workers report. Quality in a window with few "
            "labels rests on those that came early. All fall: labels stopped or come later than "
            "they did.",
            [Query(by_window, f"{{{{window}}}} {BY_LEGEND}")],
            unit="percentunit",
            low=0,
            high=1,
        ),
        lines(
            "Provisional and final quality",
            f"The {figure.title} of the chosen window now, which labels that come late still "
            "change, and (dashed) of the newest window of that size that nothing can change any "
            "more. Final lies behind by the time that labels are waited for. Always apart in one "
            "direction: early labels are not like late ones, so trust final.",
            [
                Query(chosen(figure.metric), f"provisional {BY_LEGEND}"),
                Query(
                    f"max by (version) (tidegauge_final_{figure.metric}{{{selector}}})",
                    "final {{version}}",
                    dashed=True,
                ),
            ],
            unit=figure.unit,
        ),
    )


def traffic() -> Sequence[Builder[models.Panel]]:
    """How much there is, and how long it takes."""
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
