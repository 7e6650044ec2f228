"""The newest windows that nothing can revise any more."""

from collections.abc import Iterator
from operator import attrgetter

from tidegauge.export.page import Metric, Row
from tidegauge.export.view import FinalView
from tidegauge.export.windows import Read, window_text


def _final(name: str, help_: str, read: str | Read) -> tuple[Metric, Read]:
    metric = Metric(f"tidegauge_final_{name}", help_, ("model", "version", "window"))
    return metric, attrgetter(read) if isinstance(read, str) else read


FINAL_FIGURES: tuple[tuple[Metric, Read], ...] = (
    _final(
        "window_end_timestamp_seconds",
        "End of the newest window that nothing can revise any more.",
        lambda window: window.end_ms / 1000,
    ),
    _final("label_coverage_ratio", "Share of its predictions that have a label.", "label_coverage"),
    _final("accuracy_ratio", "Its share of right answers.", "accuracy"),
    _final(
        "mean_absolute_error",
        "Its mean absolute error, of a regression model.",
        "mean_absolute_error",
    ),
)


def final_rows(final: FinalView) -> Iterator[Row]:
    """The figures of one window that is final."""
    window = final.window
    labels = (final.model, window.version, window_text(window.size_ms))
    for metric, read in FINAL_FIGURES:
        yield Row(metric, labels, read(window))
