"""The overview: every model over time."""

from collections.abc import Sequence

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.alerts_table import firing_over_time
from tidegauge.dashboards.figures import (
    DRIFT_STATE,
    FIRING,
    LABEL_COVERAGE,
    PER_SECOND,
    lately,
    shift,
    usual,
)
from tidegauge.dashboards.panels import NEUTRAL, ORANGE, UNLEARNED, Query, lines, states
from tidegauge.dashboards.pipeline import pace
from tidegauge.dashboards.states import DRIFT_STATES


def quality() -> Sequence[Builder[models.Panel]]:
    """How good the models were."""
    return (
        lines(
            "Error as a multiple of its baseline",
            "The error lately, of classifiers their error rate and of regression models their mean "
            "absolute error, divided by what is usual at such hours: 1 (dashed) is usual, whatever "
            "the kind of model and the unit. It reads labels as they come. Away from 1 for long: "
            "the change is real; the alert names its causes.",
            [Query(f"{lately()} / {usual()}", "{{model}}")],
            unit="none",
            low=0,
            steps=((None, "transparent"), (1, NEUTRAL)),
            far=True,
            empty=UNLEARNED,
        ),
        lines(
            "Largest change",
            "The largest change of any watched figure of a model, as a part of what is worth an "
            "alert (1, dashed). It also sees inputs and answers, which move before labels come. "
            "Rising: open the model and see what has moved, and since when.",
            [Query(shift("model"), "{{model}}")],
            unit="none",
            low=0,
            steps=((None, "transparent"), (1, ORANGE)),
            far=True,
            empty=UNLEARNED,
        ),
        lines(
            "Label coverage",
            "Share of the chosen window's predictions that have a label. A fall to zero: labels "
            "have stopped, and quality is blind; look at the publisher of feedback.",
            [Query(LABEL_COVERAGE, "{{model}}")],
            unit="percentunit",
            low=0,
            high=1,
        ),
    )


def drift() -> Sequence[Builder[models.Panel]]:
    """What moved, and what was said about it."""
    return (
        states(
            "Drift state by model",
            "Grey: what is usual is still learned. Green: nothing watched has moved by what is "
            "worth an alert. Yellow: something has, but it may be chance. Red: an alert fires.",
            Query(DRIFT_STATE, "{{model}}"),
            names=DRIFT_STATES,
        ),
        firing_over_time(FIRING),
    )


def freshness() -> Sequence[Builder[models.Panel]]:
    """How much came, and how soon it was counted."""
    return (
        lines(
            "Traffic",
            "Predictions per second of event time in the chosen window, over all versions. A gap "
            "or a step that the service does not explain: look at its publisher.",
            [Query(PER_SECOND, "{{model}}")],
            unit="reqps",
            low=0,
            width=12,
        ),
        pace(width=12),
    )
