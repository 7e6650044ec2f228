"""Which models, versions, segments and features are told apart, within the limits.

First come, first kept; once a set is full, what is not in it is folded into ``__other__`` and
counted. A set never loses a member, so an event folds the same way whenever it is folded.
"""

from collections.abc import Mapping, Sequence

import msgspec

from tidegauge.core.config import Limits
from tidegauge.core.stats.classes import OTHER

ALWAYS_TOLD = ("0", "1")
"""Classes outside the limit: as numbers they are told by their counts as classes alone."""

MAX_REMEMBERED = 10_000
"""Combinations of segments that are looked up once; others are looked up again each time."""


class ModelCatalog(msgspec.Struct, array_like=True):
    """What is told apart within one model; ``folded`` counts what was not, by kind."""

    versions: list[str] = msgspec.field(default_factory=list)
    fields: list[str] = msgspec.field(default_factory=list)
    values: dict[str, list[str]] = msgspec.field(default_factory=dict)
    features: list[str] = msgspec.field(default_factory=list)
    classes: list[str] = msgspec.field(default_factory=list)
    folded: dict[str, int] = msgspec.field(default_factory=dict)


class ModelNames:
    """Fast look-ups over one `ModelCatalog`."""

    def __init__(
        self, catalog: ModelCatalog, limits: Limits, fields: tuple[str, ...] | None
    ) -> None:
        self.catalog = catalog
        self.changed = True
        self._limits = limits
        self._fixed = fields is not None
        self._versions = {v: v for v in (OTHER, *catalog.versions)}
        self._classes = {*ALWAYS_TOLD, OTHER, *catalog.classes}
        kept = catalog.fields if fields is None else fields
        self._values = {f: {OTHER, *catalog.values.get(f, ())} for f in kept}
        self._segments: dict[tuple[tuple[str, str], ...], tuple[str, ...]] = {}
        self.features = frozenset(catalog.features)

    def version(self, version: str, events: int = 1) -> str:
        """The version as it is told apart, for so many events."""
        known = self._versions.get(version)
        return self._take_version(version, events) if known is None else known

    def next_version(self, version: str) -> str:
        """What `version` would say, without taking it."""
        room = len(self.catalog.versions) < self._limits.versions
        return self._versions.get(version, version if room else OTHER)

    def told_version(self, version: str) -> str:
        """`version` for one that was taken before."""
        return self._versions.get(version, OTHER)

    def _take_version(self, version: str, events: int) -> str:
        if len(self.catalog.versions) >= self._limits.versions:
            self.count("versions", events)
            return OTHER
        self.catalog.versions.append(version)
        self._versions[version] = version
        self.changed = True
        return version

    def segments(self, segments: Mapping[str, str], events: int = 1) -> tuple[str, ...]:
        """The segments as they are told apart, for so many events that have all of them.

        Returns:
            Fields and values in turn, by field name.
        """
        if not segments:
            return ()
        key = tuple(segments.items())
        known = self._segments.get(key)
        if known is None:
            folded: list[str] = []
            whole = True
            for field in sorted(segments):
                value = self._value(field, segments[field], events)
                whole = whole and value == segments[field]
                if value is not None:
                    folded += (field, value)
            known = tuple(folded)
            if whole and len(self._segments) < MAX_REMEMBERED:
                self._segments[key] = known  # what is folded is not remembered but counted
        return known

    def segment(self, field: str, value: str) -> tuple[str, str] | None:
        """One segment as it is told apart; None when its field is left out."""
        told = self._value(field, value, 1)
        return None if told is None else (field, told)

    def _value(self, field: str, value: str, events: int) -> str | None:
        known = self._values.get(field)
        if known is None:
            if not self._take_field(field, events):
                return None
            known = self._values[field] = {OTHER}
        if value in known:
            return value
        values = self.catalog.values.setdefault(field, [])
        if len(values) >= self._limits.segment_values:
            self.count("segment_values", events)
            return OTHER
        values.append(value)
        known.add(value)
        self.changed = True
        return value

    def _take_field(self, field: str, events: int) -> bool:
        if self._fixed:
            return False  # the fields that are kept are known from the start
        if len(self.catalog.fields) >= self._limits.segment_fields:
            self.count("segment_fields", events)
            return False
        self.catalog.fields.append(field)
        self.changed = True
        return True

    def class_name(self, name: str, count: int) -> str:
        """The class as it is told apart, for so many events."""
        if name in self._classes:
            return name
        if len(self.catalog.classes) >= self._limits.classes:
            if count:
                self.count("classes", count)
            return OTHER
        self.catalog.classes.append(name)
        self._classes.add(name)
        self.changed = True
        return name

    def told_class(self, name: str) -> str:
        """`class_name` for one that was taken before."""
        return name if name in self._classes else OTHER

    def take_features(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Get to know the features of some events, in the order of the events and of names."""
        if not set().union(*rows) - self.features:
            return
        for row in rows:
            for name in sorted(row.keys() - self.features):
                if len(self.catalog.features) >= self._limits.features:
                    self.count("features")
                else:
                    self.catalog.features.append(name)
                    self.features |= {name}
                    self.changed = True

    def count(self, kind: str, events: int = 1) -> None:
        """Count events that were over the limit of ``kind``."""
        self.catalog.folded[kind] = self.catalog.folded.get(kind, 0) + events
        self.changed = True
