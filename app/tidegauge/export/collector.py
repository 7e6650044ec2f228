"""Renders a view as metrics, in order of importance, up to the configured number of series."""

import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from tidegauge.core.records import MetricRecord
from tidegauge.export import deployments, detection, health, ledgers, windows
from tidegauge.export.page import Metric, Page, Row
from tidegauge.export.view import View

SERIES = Metric("tidegauge_export_series", "Series on this page, of those Tidegauge defines.")
DROPPED = Metric("tidegauge_export_series_dropped", "Series that limits.series kept off this page.")
METRICS: tuple[Metric, ...] = (
    *health.METRICS,
    *ledgers.METRICS,
    *detection.METRICS,
    *deployments.METRICS,
    windows.MODEL,
    *(metric for metric, _ in windows.WINDOW_FIGURES),
    *(metric for metric, _ in windows.PAIRED_FIGURES),
    *(metric for metric, _ in windows.CLASS_FIGURES),
    windows.CONFUSION,
    *(metric for metric, _ in windows.FEATURE_FIGURES),
    SERIES,
    DROPPED,
)
"""All metrics that Tidegauge defines."""


class ViewCollector(Collector):
    """A Prometheus collector over the present view.

    Args:
        source: gives the present view; called from the scraping thread.
        max_series: over it, segments' features go first, then segments (those with the fewest
            predictions first), then features, then confusion matrices and classes, then pairs of
            versions, then versions' windows. Segments have no figures by class here.
        clock: the time in seconds since the epoch.
    """

    def __init__(
        self, source: Callable[[], View], max_series: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._max_series = max_series
        self._clock = clock

    def collect(self) -> Iterable[Family]:
        """Render the present view."""
        page = Page(self._max_series)
        for group in _groups(self._source(), self._clock()):
            page.add(group)
        yield from page.families()
        counts = Page(2)
        counts.add((Row(SERIES, (), page.series), Row(DROPPED, (), page.dropped)))
        yield from counts.families()

    def describe(self) -> Iterable[Family]:
        """Nothing: registering must not render a page."""
        return ()


def registry(source: Callable[[], View], max_series: int) -> CollectorRegistry:
    """A registry of its own with the view, the process, the interpreter and its collector."""
    own = CollectorRegistry()
    own.register(ViewCollector(source, max_series))
    ProcessCollector(registry=own)
    PlatformCollector(registry=own)
    GCCollector(registry=own)
    return own


def _groups(view: View, now: float) -> Iterator[Iterable[Row]]:
    yield health.worker_rows(view.worker)
    yield health.watermark_rows(view.watermarks, now)
    yield windows.model_rows(view.windows)
    yield from map(ledgers.ledger_rows, view.ledgers)
    yield from map(detection.alert_rows, view.alerts)
    whole = [record for record in view.windows if record.segment_field is None]
    yield from map(windows.window_rows, whole)
    yield from deployments.deployment_rows(view.deployments)
    yield from map(detection.detector_rows, view.detectors)
    yield from map(windows.paired_rows, whole)
    yield from map(windows.class_rows, whole)
    yield from map(windows.confusion_rows, whole)
    yield from _features(whole)
    segments = [record for record in view.windows if record.segment_field is not None]
    segments.sort(key=lambda record: -record.predictions)
    yield from map(windows.window_rows, segments)
    yield from _features(segments)


def _features(records: list[MetricRecord]) -> Iterator[Iterable[Row]]:
    for record in records:
        for feature in record.features:
            yield windows.feature_rows(record, feature)
