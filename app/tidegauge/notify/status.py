"""How it stands with each target, as metrics and as health."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from tidegauge.export.http import PageMaker, json_page, metrics_page, probe_page
from tidegauge.export.page import Family, Metric, Page, Row

_TARGET = ("target",)
SENT = Metric("tidegauge_notify_sent_total", "Alert events told.", _TARGET, "counter")
FAILED = Metric("tidegauge_notify_failed_total", "Attempts that failed.", _TARGET, "counter")
REFUSED = Metric(
    "tidegauge_notify_refused_total",
    "Alert events given up, since the target refused them for good.",
    _TARGET,
    "counter",
)
RETRYING = Metric(
    "tidegauge_notify_retrying", "1 while the newest attempt failed, else 0.", _TARGET
)
OLDEST = Metric(
    "tidegauge_notify_oldest_undelivered_seconds",
    "Age of the oldest alert event that is not told yet; 0 without one.",
    _TARGET,
)
LAG = Metric("tidegauge_notify_lag_records", "Alert records that wait to be told.", _TARGET)
READING = Metric(
    "tidegauge_notify_ready", "1 while the alerts topic is read for it, else 0.", _TARGET
)


@dataclass
class TargetStatus:
    """One target; written by its thread, read by those of HTTP requests."""

    name: str
    shown: str = ""
    """Where it is, without secrets."""
    sent: int = 0
    failed: int = 0
    refused: int = 0
    retrying: bool = False
    last_error: str = ""
    undelivered_since: float | None = None
    """When the event that is being told was written, in seconds since the epoch."""
    lag: int = 0
    ready: bool = False
    """Whether it reads the topic."""

    def rows(self, now: float) -> Iterator[Row]:
        """The series of this target."""
        labels = (self.name,)
        since = self.undelivered_since
        yield Row(SENT, labels, self.sent)
        yield Row(FAILED, labels, self.failed)
        yield Row(REFUSED, labels, self.refused)
        yield Row(RETRYING, labels, int(self.retrying))
        yield Row(OLDEST, labels, 0.0 if since is None else max(0.0, now - since))
        yield Row(LAG, labels, self.lag)
        yield Row(READING, labels, int(self.ready))

    def details(self, now: float) -> dict[str, Any]:
        """The same for people."""
        since = self.undelivered_since
        return {
            "target": self.name,
            "address": self.shown,
            "ready": self.ready,
            "sent": self.sent,
            "failed_attempts": self.failed,
            "refused": self.refused,
            "retrying": self.retrying,
            "oldest_undelivered_seconds": None if since is None else round(now - since, 1),
            "waiting_records": self.lag,
            "last_error": self.last_error,
        }


class _Targets(Collector):
    def __init__(self, targets: Iterable[TargetStatus], max_series: int) -> None:
        self._targets = list(targets)
        self._max_series = max_series

    def collect(self) -> Iterator[Family]:
        page = Page(self._max_series)
        now = time.time()
        for target in self._targets:
            page.add(target.rows(now))
        yield from page.families()


def pages(
    targets: list[TargetStatus], alive: Callable[[], bool], max_series: int
) -> Mapping[str, PageMaker]:
    """What the notifier serves over HTTP.

    Args:
        targets: all of them.
        alive: whether every target has its thread.
        max_series: how many series ``/metrics`` may have.
    """
    registry = CollectorRegistry()
    registry.register(_Targets(targets, max_series))
    waiting = "not ready: no partition of the alerts topic yet for "

    def ready(_: str) -> Any:
        missing = [target.name for target in targets if not target.ready]
        return probe_page(good=not missing, otherwise=waiting + ", ".join(missing))

    def health(_: str) -> Any:
        now = time.time()
        shown = {"live": alive(), "targets": [target.details(now) for target in targets]}
        return json_page(shown, good=alive())

    return {
        "/metrics": partial(metrics_page, registry),
        "/live": lambda _: probe_page(good=alive(), otherwise="a target has lost its thread"),
        "/ready": ready,
        "/health": health,
    }
