"""The dashboard of a regression model: what no other kind has.

Errors are prediction less label, in the unit of the answers.
"""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import BY, BY_LEGEND, by_version, chosen, weighted_now
from tidegauge.dashboards.panels import NEUTRAL, PSI, UNLEARNED, Query, Step, lines, value
from tidegauge.dashboards.spread import ANSWERS, spread
from tidegauge.dashboards.tables import Column

FIGURES: Final = (
    Column("MAE", by_version("mean_absolute_error"), "short"),
    Column("RMSE", by_version("root_mean_squared_error"), "short"),
    Column("Bias", by_version("error_bias"), "short"),
    Column("R2", by_version("r2_score"), "none", 3),
    Column("Median error", by_version("absolute_error_p50"), "short"),
    Column("99 % below", by_version("absolute_error_p99"), "short"),
    Column("Mean answer", by_version("prediction_mean"), "short"),
    Column("Answer PSI", by_version("prediction_psi"), "none", 3, PSI),
)
"""What versions are compared by."""
_ZERO: Final[tuple[Step, ...]] = ((None, "transparent"), (0, NEUTRAL))


def tiles(*, width: int = 4) -> Sequence[Builder[models.Panel]]:
    """How good the model is now, in two tiles."""
    current, baseline = (_detector(figure, "absolute_error") for figure in ("current", "baseline"))
    return (
        value(
            "Mean absolute error",
            "How far answers are off on average, among the labelled predictions of the window, in "
            "the unit of the answers. Compare it with its own past.",
            weighted_now("mean_absolute_error"),
            unit="short",
            width=width,
        ),
        value(
            "Error over baseline",
            "The mean absolute error lately, of the whole model, as a multiple of what is usual at "
            "such hours: 1 is usual. Its colour says nothing; the detector's view is beside it.",
            f"{current} / {baseline}",
            unit="none",
            decimals=2,
            width=width,
        ),
    )


def quality() -> Sequence[Builder[models.Panel]]:
    """How far off the answers were, over time."""
    by_window = chosen("mean_absolute_error", f"window, {BY}", 'window=~".+"')
    return (
        lines(
            "Mean absolute error by version and segment",
            "How far answers are off on average, in their unit. Versions side by side, a shadow "
            "among them: the lower one is the better one. Segments: choose a field above.",
            [Query(chosen("mean_absolute_error"), BY_LEGEND)],
            unit="short",
            low=0,
        ),
        lines(
            "Mean absolute error by window",
            "The same figure over each window that workers report. The short ones move first and "
            "are noisy, the long ones confirm. Apart: something changes now.",
            [Query(by_window, f"{{{{window}}}} {BY_LEGEND}")],
            unit="short",
            low=0,
        ),
        lines(
            "Error against its baseline",
            "Mean absolute error of the labels that came lately, of the whole model, and (dashed) "
            "what is usual at such hours. It reads labels as they come, so it sees a change before "
            "the windows do.",
            [
                Query(_detector("current", "absolute_error"), "lately"),
                Query(_detector("baseline", "absolute_error"), "baseline", dashed=True),
            ],
            unit="short",
            low=0,
            empty=UNLEARNED,
        ),
        lines(
            "Root mean squared error",
            "As the mean absolute error, but large errors weigh more. Rising while that holds: few "
            "answers are now far off; see the size of errors.",
            [Query(chosen("root_mean_squared_error"), BY_LEGEND)],
            unit="short",
            low=0,
            width=6,
        ),
        bias(width=6),
        lines(
            "Coefficient of determination (R2)",
            "Share of the labels' variance that the answers explain: 1 is perfect, 0 (dashed) is "
            "what answering the mean to all would reach, below is worse. It falls, too, when "
            "labels vary less.",
            [Query(chosen("r2_score"), BY_LEGEND)],
            unit="none",
            steps=_ZERO,
            width=6,
        ),
        sizes(width=6),
    )


def bias(*, width: int) -> Builder[models.Panel]:
    """Whether answers are off to one side."""
    return lines(
        "Bias and median error",
        "Mean and median of answer less label. Above zero (dashed): the model answers too "
        "much. The mean far from the median: few large errors on one side make it.",
        [
            Query(chosen("error_bias"), f"bias {BY_LEGEND}"),
            Query(chosen("error_p50"), f"median {BY_LEGEND}"),
        ],
        unit="short",
        steps=_ZERO,
        width=width,
    )


def sizes(*, width: int) -> Builder[models.Panel]:
    """Whether few large errors or many small ones make the mean."""
    return lines(
        "Size of errors",
        "Half, 90 % and 99 % of the absolute errors are below these lines. Only the high ones "
        "rise: rare cases got worse; look at segments. All: the model or its inputs.",
        [
            Query(chosen("absolute_error_p50"), f"50 % {BY_LEGEND}"),
            Query(chosen("absolute_error_p90"), f"90 % {BY_LEGEND}"),
            Query(chosen("absolute_error_p99"), f"99 % {BY_LEGEND}"),
        ],
        unit="short",
        low=0,
        width=width,
    )


def answers() -> Sequence[Builder[models.Panel]]:
    """Which numbers are answered, whatever the labels will say."""
    return (
        lines(
            "Distribution of answers",
            "Mean, median, and what 10 % and 90 % of the answers are below. All move: the inputs "
            "or the model did. Only one end: a part of the traffic.",
            [
                Query(chosen("prediction_mean"), f"mean {BY_LEGEND}"),
                Query(chosen("prediction_p10"), f"10 % {BY_LEGEND}"),
                Query(chosen("prediction_p50"), f"50 % {BY_LEGEND}"),
                Query(chosen("prediction_p90"), f"90 % {BY_LEGEND}"),
            ],
            unit="short",
            width=8,
        ),
        lines(
            "Mean answer against its baseline",
            "Mean answer lately, of the whole model, and (dashed) what is usual at such hours. It "
            "needs no labels, so it warns before the errors do.",
            [
                Query(_detector("current", "prediction"), "lately"),
                Query(_detector("baseline", "prediction"), "baseline", dashed=True),
            ],
            unit="short",
            width=8,
            empty=UNLEARNED,
        ),
        lines(
            "Spread of answers",
            "Standard deviation of the answers. A collapse: the model gives nearly the same answer "
            "to all, as with features that have become constant. A leap: a feature's unit.",
            [Query(chosen("prediction_deviation"), BY_LEGEND)],
            unit="short",
            low=0,
            width=8,
        ),
        spread(
            "Answers now and in the reference",
            "Shares of the answers by bin, over the longest window, beside the reference, whose "
            "bins hold about a tenth each. All moved one way: inputs or the model did.",
            ANSWERS,
        ),
        lines(
            "Drift of answers",
            "How far the distribution of answers is from the reference profile. Index over 0.25 "
            "(dashed orange): large. It needs no labels, so it warns first: look at the features.",
            [Query(chosen("prediction_psi"), BY_LEGEND)],
            unit="none",
            low=0,
            steps=PSI,
            width=12,
            height=9,
            empty=UNLEARNED,
        ),
    )


def _detector(figure: str, stream: str) -> str:
    return f'max(tidegauge_detector_{figure}{{model="$model", stream="{stream}"}})'
