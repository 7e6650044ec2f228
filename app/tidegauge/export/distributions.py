"""How features, scores and answers are spread now, and what they are compared with."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidegauge.export.page import Metric, Row
from tidegauge.export.view import ReferenceView

if TYPE_CHECKING:  # see `tidegauge.export.view`
    from tidegauge.core.monitor.distributions import Distribution

_BIN = ("model", "version", "stream", "feature", "place", "bin")
_REFERENCE = ("model", "version", "reference", "origin")

NOW = Metric(
    "tidegauge_distribution_ratio",
    "Share of the values in a bin of the reference, in the longest window; place orders the bins.",
    _BIN,
)
THEN = Metric(
    "tidegauge_distribution_reference_ratio", "The same share in the reference profile.", _BIN
)
SINCE = Metric(
    "tidegauge_reference_start_timestamp_seconds",
    "Event time from which windows are compared with the newest reference profile.",
    _REFERENCE,
)
SIZE = Metric(
    "tidegauge_reference_predictions", "Predictions that the profile was made from.", _REFERENCE
)
METRICS = (NOW, THEN, SINCE, SIZE)


def distribution_rows(view: "Distribution") -> Iterator[Row]:
    """One feature, or the scores or answers, of a version."""
    of_all = (view.model, view.version, view.subject.value, view.feature)
    for place, found in enumerate(view.bins):
        labels = (*of_all, f"{place:03d}", found.label)
        yield Row(NOW, labels, found.after)
        yield Row(THEN, labels, found.before)


def reference_rows(view: ReferenceView) -> Iterator[Row]:
    """The newest reference profile of a version."""
    labels = (view.model, view.version, view.id[:12], view.origin)
    yield Row(SINCE, labels, view.since_ms / 1000)
    yield Row(SIZE, labels, view.predictions)
