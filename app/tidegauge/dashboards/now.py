"""The dashboards of one model: what holds now."""

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from tidegauge.dashboards.alerts_table import KEYS, OF_MODEL, firing, since
from tidegauge.dashboards.figures import LABELLED_NOW, chosen, most_moved, shift
from tidegauge.dashboards.panels import (
    COVERAGE,
    NONE_IS_GOOD,
    SHIFT,
    UNLEARNED,
    Query,
    states,
    value,
)

_ALERT: Final = tuple(key for key in KEYS if key.label != "model")


def now(quality: Sequence[Builder[models.Panel]]) -> Sequence[Builder[models.Panel]]:
    """The state in a line, and the alerts.

    Args:
        quality: Two tiles that say how good the model is.
    """
    predictions = f"sum({chosen('window_predictions')})"
    return (
        value(
            "Predictions",
            "Predictions in the window, of what is chosen above. Everything else on this page "
            "rests on so many.",
            predictions,
            unit="short",
        ),
        value(
            "Labelled",
            "Share of these that have a label. Quality is known for them only; low in a window "
            "shorter than labels take.",
            f"sum({LABELLED_NOW}) / {predictions}",
            unit="percentunit",
            steps=COVERAGE,
            decimals=1,
        ),
        *quality,
        value(
            "Largest change",
            "The largest change of any watched figure of the model, as a part of what is worth an "
            "alert. From 1 on: see under feature drift which figure it is.",
            f"max({shift('model', OF_MODEL)})",
            unit="none",
            steps=SHIFT,
            decimals=1,
        ),
        value(
            "Alerts",
            "Alerts of the model that fire now. Not zero: the table below says which.",
            f"count(max by (fingerprint) (tidegauge_alert_firing{{{OF_MODEL}}})) or vector(0)",
            unit="short",
            steps=NONE_IS_GOOD,
        ),
        firing(
            since(OF_MODEL, _ALERT),
            width=12,
            keys=_ALERT,
        ),
        what_moved(height=9),
    )


def what_moved(height: int) -> Builder[models.Panel]:
    """The figures of a model that changed most, and when each did.

    Args:
        height: of the panel, in rows of the grid.
    """
    return states(
        "What has moved, and since when",
        "One bar for each of the dozen figures that moved most in this range: green far "
        "from, yellow half way to, orange beyond "
        "what is worth an alert. What turned orange first and stayed so is the best suspect. "
        "Figures of the whole model: its errors, scores and answers, a feature's mean, its "
        "missing values.",
        Query(most_moved(OF_MODEL), "{{stream}} {{feature}}"),
        steps=SHIFT,
        width=12,
        height=height,
        empty=UNLEARNED,
    )
