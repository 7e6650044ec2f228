"""What the dashboards of binary and of multiclass models have in common."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.figures import BY, BY_LEGEND, chosen, weighted_now
from tidegauge.dashboards.panels import UNLEARNED, Query, lines, value

_ERRORS: Final = 'model="$model", stream="error_rate"'


def tiles(*, width: int = 4) -> Sequence[Builder[models.Panel]]:
    """How good the model is now, in two tiles."""
    return (
        value(
            "Accuracy",
            "Share of right answers among the labelled predictions of the window. Compare it with "
            "its own past: the same value can be good or bad.",
            weighted_now("accuracy_ratio"),
            unit="percentunit",
            decimals=1,
            width=width,
        ),
        value(
            "Error rate less baseline",
            "How many more errors than usual there are lately, of the whole model, in percentage "
            "points. Its colour says nothing; the detector's view is beside it.",
            f"max(tidegauge_detector_current{{{_ERRORS}}})"
            f" - max(tidegauge_detector_baseline{{{_ERRORS}}})",
            unit="percentunit",
            decimals=1,
            width=width,
        ),
    )


def accuracy() -> Sequence[Builder[models.Panel]]:
    """How often it was right."""
    by_window = chosen("accuracy_ratio", f"window, {BY}", 'window=~".+"')
    return (
        lines(
            "Accuracy by version and segment",
            "Share of right answers among the labelled predictions of the window. Versions side "
            "by side: a new one that stays below the old one is a reason to go back. Segments: "
            "choose a field above.",
            [Query(chosen("accuracy_ratio"), BY_LEGEND)],
            unit="percentunit",
        ),
        lines(
            "Accuracy by window",
            "The same figure over each window that workers report. The short ones move first and "
            "are noisy, the long ones confirm. Apart: something changes now.",
            [Query(by_window, f"{{{{window}}}} {BY_LEGEND}")],
            unit="percentunit",
        ),
        lines(
            "Error rate against its baseline",
            "Share of wrong answers among the labels that came lately, of the whole model, and "
            "(dashed) what is usual at such hours. It reads labels as they come, so it sees a "
            "change before the windows do.",
            [
                Query(f"max(tidegauge_detector_current{{{_ERRORS}}})", "lately"),
                Query(f"max(tidegauge_detector_baseline{{{_ERRORS}}})", "baseline", dashed=True),
            ],
            unit="percentunit",
            empty=UNLEARNED,
        ),
    )
