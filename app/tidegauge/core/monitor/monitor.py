"""The monitor stage of one partition of partials: all models whose home it is.

A pure machine, like collect: it is given partials and completeness, and is asked at each commit
what changed and what is to be published.
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from tidegauge.core.alertrecords import AlertRecord
from tidegauge.core.config import CoreConfig
from tidegauge.core.ledger import ModelLedger
from tidegauge.core.monitor.model import Models
from tidegauge.core.monitor.sources import Sources
from tidegauge.core.monitor.state import MonitorTables
from tidegauge.core.partial import Partial
from tidegauge.core.records import DeploymentRecord, MetricRecord
from tidegauge.core.stats.reference import Origin, ReferenceProfile


class Published(NamedTuple):
    """What one commit publishes: ledgers as (model, ledger, watermark in ms)."""

    alerts: list[AlertRecord]
    metrics: list[MetricRecord]
    ledgers: list[tuple[str, ModelLedger, int]]
    references: list[ReferenceProfile]
    deployments: list[DeploymentRecord]


class Monitor:
    """One partition of partials.

    Args:
        config: the rules.
        sources: how many source partitions there are.
    """

    def __init__(self, config: CoreConfig, sources: int) -> None:
        self.models = Models(config, sources)
        self.sources = Sources()
        self._tables = MonitorTables(self.models, self.sources)
        self.stirred: set[str] = set()
        """Models that changed since they were last published."""
        self.closed: set[str] = set()
        """Models of which a pane of prediction time closed since then."""
        self._taken: set[str] = set()
        """Models with partials since the last `advance`."""
        self._alerts: list[AlertRecord] = []
        self._references: list[ReferenceProfile] = []
        self._deployments: list[DeploymentRecord] = []

    def take(self, partial: Partial) -> None:
        """Take what one source partition says; it shows after `advance`."""
        self.sources.take(partial)
        if partial.model:
            self.models[partial.model].take(partial)
            self._taken.add(partial.model)
            self.stirred.add(partial.model)
            self._tables.touch(partial.model, partial.source)

    def advance(self) -> None:
        """Close what the watermarks allow, after a batch of partials."""
        for name in self._taken:
            self.models[name].add_up()
        self._taken.clear()
        for source, progress in self.sources.released():
            for name, told in progress.items():
                self.models[name].progress(source, told)
                self.stirred.add(name)
                self._tables.touch(name, source)
        for name, monitor in self.models.items():
            before = monitor.closed_predictions, monitor.closed_labels
            panes = monitor.closed_panes
            closed = monitor.advance(self.sources.complete)
            self._alerts += closed.alerts
            self._references += closed.references
            self._deployments += closed.deployments
            if monitor.closed_panes != panes:
                self.closed.add(name)
            if closed.alerts or (monitor.closed_predictions, monitor.closed_labels) != before:
                self._tables.touch(name)
                self.stirred.add(name)

    def adopt(self, profile: ReferenceProfile) -> None:
        """A reference was announced.

        One that was learned while a person announced another is answered by announcing that one
        again: the newest on the topic is to be the one in effect.
        """
        monitor = self.models[profile.model]
        fixed = monitor.references.fixed(profile.version)
        if monitor.adopt(profile):
            self._tables.touch(profile.model)
        elif fixed is not None and fixed.id != profile.id and profile.origin is Origin.LEARNED:
            self._references.append(fixed)

    def publish(self, models: Collection[str]) -> Published:
        """What is to be published now.

        Args:
            models: those that changed and of which all is published; of others what is urgent.
        """
        metrics: list[MetricRecord] = []
        ledgers: list[tuple[str, ModelLedger, int]] = []
        for name, monitor in sorted(self.models.items()):
            metrics += monitor.publish(everything=name in models)
            if name in models:
                ledgers.append((name, monitor.ledger(), monitor.watermarks.marks.predictions))
        self.stirred.difference_update(models)
        self.closed.difference_update(models)
        alerts, self._alerts = self._alerts, []
        references, self._references = self._references, []
        deployments, self._deployments = self._deployments, []
        return Published(alerts, metrics, ledgers, references, deployments)

    @property
    def dirty(self) -> int:
        """How many changelog records the next commit writes, about."""
        return sum(len(monitor.windows.changed) for monitor in self.models.values())

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take one changelog record, in the order of the log."""
        self._tables.restore(key, value)

    def restored(self) -> None:
        """The changelog is read."""
        self._tables.restored()
        self.stirred = set(self.models)

    def changes(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The changelog records of what changed since the last call (ask `publish` first)."""
        return self._tables.changes()
