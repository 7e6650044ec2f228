"""The reference profile of a model version, as it is published and read back.

Times are int milliseconds since the epoch (UTC); an undefined figure is ``None``.
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec


class ReferenceSource(StrEnum):
    """Where a reference profile comes from."""

    LEARNED = "learned"
    """The first predictions of the version."""
    FILE = "file"
    PINNED = "pinned"
    """A past period chosen by the user."""


class NumericProfile(msgspec.Struct, frozen=True, kw_only=True, tag="numeric", tag_field="type"):
    """A numeric feature; bin ``i`` holds ``edges[i-1] <= x < edges[i]``, outer bins are open."""

    edges: tuple[float, ...]
    """Inner edges, ascending; one fewer than ``counts``."""
    counts: tuple[int, ...]
    missing: int = 0
    mean: float | None = None
    deviation: float | None = None
    minimum: float | None = None
    maximum: float | None = None


class CategoricalProfile(
    msgspec.Struct, frozen=True, kw_only=True, tag="categorical", tag_field="type"
):
    """A text or boolean feature: how often each category came."""

    counts: dict[str, int]
    other: int = 0
    """Values beyond the configured number of categories."""
    missing: int = 0


FeatureProfile: TypeAlias = NumericProfile | CategoricalProfile


class ReferenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is normal for one model version, and from when it is compared with."""

    id: str
    model: str
    version: str
    source: ReferenceSource
    effective_from_ms: int
    """Start of the first pane that is compared with it."""
    start_ms: int
    """The interval of event time it was taken from."""
    end_ms: int
    predictions: int
    labelled: int = 0
    errors: int = 0
    """Labelled predictions that differ from their label."""
    features: dict[str, FeatureProfile] = {}
    score: NumericProfile | None = None
    predicted: dict[str, int] = {}
    """How often each class was predicted."""
