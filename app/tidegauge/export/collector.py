"""Renders a view as metrics, in order of importance, up to the configured number of series."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from tidegauge.core.records import MetricRecord
from tidegauge.export import deployments, detection, health, ledgers, windows
from tidegauge.export.page import Metric, Page, Row
from tidegauge.export.view import View

log = logging.getLogger(__name__)

WARN_AGAIN_SECONDS = 3600.0
FIRST_MODELS = 200
"""Models, those with the most predictions, whose ledgers and windows come before any of the others:
where publishers make up names of models, there are many others."""
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
            versions, then versions' windows, each of the models with the fewest predictions first.
            Segments have no figures by class here.
        clock: the time in seconds since the epoch.
    """

    def __init__(
        self, source: Callable[[], View], max_series: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._max_series = max_series
        self._clock = clock
        self._warned_at = float("-inf")

    def collect(self) -> Iterable[Family]:
        """Render the present view."""
        page = Page(self._max_series)
        for group in _groups(self._source(), self._clock()):
            page.add(group)
        if page.dropped:
            self._warn(page)
        yield from page.families()
        counts = Page(2)
        counts.add((Row(SERIES, (), page.series), Row(DROPPED, (), page.dropped)))
        yield from counts.families()

    def _warn(self, page: Page) -> None:
        now = self._clock()
        if now - self._warned_at >= WARN_AGAIN_SECONDS:
            self._warned_at = now
            log.warning(
                "event=series_dropped setting=limits.series value=%d exported=%d dropped=%d "
                "metric=%s",
                self._max_series,
                page.series,
                page.dropped,
                DROPPED.name,
            )

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
    read = {ledger.model: ledger.predictions.read for ledger in view.ledgers}
    models = {*read, *view.watermarks, *(record.model for record in view.windows)}
    busiest = sorted(models, key=lambda model: (-read.get(model, 0), model))
    rank = {model: place for place, model in enumerate(busiest)}
    whole = [record for record in view.windows if record.segment_field is None]
    whole.sort(key=lambda record: rank[record.model])
    yield health.worker_rows(view.worker)
    yield from map(detection.alert_rows, view.alerts)
    for some in (frozenset(busiest[:FIRST_MODELS]), frozenset(busiest[FIRST_MODELS:])):
        for model, watermark in view.watermarks.items():
            if model in some:
                yield health.watermark_rows(model, watermark, now)
        for ledger in view.ledgers:
            if ledger.model in some:
                yield ledgers.ledger_rows(ledger)
        windows_of_some = [record for record in whole if record.model in some]
        yield from windows.model_rows(windows_of_some)
        yield from map(windows.window_rows, windows_of_some)
    yield from health.folded_rows(view.worker)
    yield from deployments.deployment_rows(view.deployments)
    watched = sorted(view.detectors, key=lambda d: rank.get(d.model, len(rank)))
    yield from map(detection.detector_rows, watched)
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
