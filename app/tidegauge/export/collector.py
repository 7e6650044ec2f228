"""Renders a view as metrics, in order of importance, up to the configured number of series."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from tidegauge.core.records import MetricRecord
from tidegauge.export import (
    attributions,
    deployments,
    detection,
    distributions,
    finals,
    health,
    improvement,
    ledgers,
    windows,
)
from tidegauge.export.page import Metric, Page, Row
from tidegauge.export.view import View

log = logging.getLogger(__name__)

WARN_AGAIN_SECONDS = 3600.0
FIRST_MODELS = 200
"""Models, those with the most predictions, all of which comes before the windows of any others:
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
    *(metric for metric, _ in finals.FINAL_FIGURES),
    *improvement.METRICS,
    *(metric for metric, _ in windows.CALIBRATION_FIGURES),
    *(metric for metric, _ in windows.CLASS_FIGURES),
    windows.CONFUSION,
    *(metric for metric, _ in windows.FEATURE_FIGURES),
    *distributions.METRICS,
    *attributions.METRICS,
    SERIES,
    DROPPED,
)
"""All metrics that Tidegauge defines."""


class ViewCollector(Collector):
    """A Prometheus collector over the present view.

    Args:
        source: gives the present view; called from the scraping thread.
        max_series: over it, segments' features go first, then segments (those with the fewest
            predictions first), then distributions, then attributions, then features, then confusion
            matrices, classes and calibration, then what would make versions better, then pairs of
            versions, then references and final windows, then detectors, then versions' windows;
            those of models beyond `FIRST_MODELS` before any. Segments have no figures by class
            here.
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
    first = _Part(view, rank, frozenset(busiest[:FIRST_MODELS]))
    others = _Part(view, rank, frozenset(busiest[FIRST_MODELS:]))
    yield health.worker_rows(view.worker)
    yield from map(detection.alert_rows, view.alerts)
    yield from first.balances(now)
    yield from first.versions()
    yield from others.balances(now)
    yield from health.folded_rows(view.worker)
    yield from deployments.deployment_rows(view.deployments)
    yield from detection.event_rows(view.alert_events)
    yield from map(detection.cause_rows, view.alerts)
    yield from first.details()
    yield from others.versions()
    yield from others.details()


class _Part:
    """What is shown of some models, those with the most predictions first."""

    def __init__(self, view: View, rank: Mapping[str, int], models: frozenset[str]) -> None:
        self._view = view
        self._models = models
        records = [record for record in view.windows if record.model in models]
        self._whole = [record for record in records if record.segment_field is None]
        self._whole.sort(key=lambda record: rank[record.model])
        self._segments = [record for record in records if record.segment_field is not None]
        self._segments.sort(key=lambda record: -record.predictions)

    def balances(self, now: float) -> Iterator[Iterable[Row]]:
        for model, watermark in self._view.watermarks.items():
            if model in self._models:
                yield health.watermark_rows(model, watermark, now)
        for ledger in self._view.ledgers:
            if ledger.model in self._models:
                yield ledgers.ledger_rows(ledger)

    def versions(self) -> Iterator[Iterable[Row]]:
        yield from windows.model_rows(self._whole)
        yield from map(windows.window_rows, self._whole)

    def details(self) -> Iterator[Iterable[Row]]:
        for detector in self._view.detectors:
            if detector.model in self._models:
                yield detection.detector_rows(detector)
        for final in self._view.final:
            if final.model in self._models:
                yield finals.final_rows(final)
        for reference in self._view.references:
            if reference.model in self._models:
                yield distributions.reference_rows(reference)
        yield from map(windows.paired_rows, self._whole)
        yield from map(improvement.improvement_rows, self._whole)
        yield from map(windows.calibration_rows, self._whole)
        yield from map(windows.class_rows, self._whole)
        yield from map(windows.confusion_rows, self._whole)
        yield from _features(self._whole)
        yield from map(attributions.attribution_rows, self._whole)
        yield from chain.from_iterable(map(attributions.feature_rows, self._whole))
        for distribution in self._view.distributions:
            if distribution.model in self._models:
                yield distributions.distribution_rows(distribution)
        yield from map(windows.window_rows, self._segments)
        yield from _features(self._segments)


def _features(records: list[MetricRecord]) -> Iterator[Iterable[Row]]:
    for record in records:
        for feature in record.features:
            yield windows.feature_rows(record, feature)
