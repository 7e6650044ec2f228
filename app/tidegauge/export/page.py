"""One page of metrics in the making, with a bounded number of series."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily

Family: TypeAlias = GaugeMetricFamily | CounterMetricFamily | SummaryMetricFamily


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as its page documents it; a counter's name ends in ``_total``."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: Literal["gauge", "counter", "summary"] = "gauge"

    def family(self) -> Family:
        """An empty family for one scrape."""
        if self.kind == "counter":
            return CounterMetricFamily(self.name, self.help, labels=self.labels)
        if self.kind == "summary":
            return SummaryMetricFamily(self.name, self.help, labels=self.labels)
        return GaugeMetricFamily(self.name, self.help, labels=self.labels)


class Total(NamedTuple):
    """The value of a summary: how many observations, and their sum."""

    n: int
    total: float


class Row(NamedTuple):
    """One series: the metric, its label values in the metric's order, its value.

    A value of None is undefined and has no series.
    """

    metric: Metric
    labels: tuple[str, ...]
    value: float | Total | None


class Page:
    """Collects rows in order of importance; what no longer fits is counted.

    Args:
        max_series: how many series the page holds.
    """

    def __init__(self, max_series: int) -> None:
        self._room = max_series
        self._families: dict[str, Family] = {}
        self.series = 0
        self.dropped = 0

    def add(self, group: Iterable[Row]) -> None:
        """Add the rows of one thing, all or none, so that no thing is shown in part."""
        rows = [row for row in group if row.value is not None]
        size = sum(2 if isinstance(row.value, Total) else 1 for row in rows)
        if size > self._room:
            self.dropped += size
            return
        self._room -= size
        self.series += size
        for row in rows:
            self._write(row)

    def families(self) -> Iterator[Family]:
        """The families, each with all its series."""
        yield from self._families.values()

    def _write(self, row: Row) -> None:
        family = self._families.get(row.metric.name)
        if family is None:
            family = self._families[row.metric.name] = row.metric.family()
        if isinstance(family, SummaryMetricFamily):
            if isinstance(row.value, Total):
                family.add_metric(row.labels, count_value=row.value.n, sum_value=row.value.total)
        elif isinstance(row.value, float | int):
            family.add_metric(row.labels, row.value)
