"""Reference profiles: what the inputs and scores of a model version normally look like.

A profile fixes the bins that live values are counted in. A numeric feature has the bins *below
low*, the inner bins, and *above high*; a categorical one has a bin for each frequent category, then
*other* for the rare ones, then *unseen*. A bin fits in a byte.
"""

from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from tidegauge.core.stats.columns import Column
from tidegauge.core.stats.groups import Groups, groups_of

MAX_BINS = 250
"""Most bins of one feature."""
MISSING = 255
WRONG_TYPE = 254
"""A category where the reference has numbers, or the reverse."""


class Origin(StrEnum):
    """Where a reference profile comes from."""

    LEARNED = "learned"
    """From the first predictions of the version, by the worker itself."""
    BUILT = "built"
    """From a file, by a person."""
    PINNED = "pinned"
    """From the predictions of a past period, by a person."""


class NumericReference(msgspec.Struct, frozen=True, kw_only=True, tag="numeric"):
    """A feature whose values are numbers.

    With the bounds ``low, *edges, high``, inner bin ``i`` holds ``bounds[i-1] <= x < bounds[i]``,
    and the last inner one also ``high``.
    """

    name: str
    edges: tuple[float, ...]
    """Inner edges: quantiles, ascending, above ``low`` and up to ``high``."""
    counts: tuple[int, ...]
    """By bin: below low, ``len(edges) + 1`` inner bins, above high."""
    low: float
    high: float
    mean: float
    deviation: float | None
    """Sample standard deviation; None for a single value."""
    missing_share: float

    def __post_init__(self) -> None:
        _check_bins(self.name, self.counts, len(self.edges) + 3)
        allowed = {edge for edge in self.edges if self.low < edge <= self.high}
        if list(self.edges) != sorted(allowed):
            raise ValueError(
                f"reference of feature {self.name!r}: edges must ascend from above low "
                f"({self.low}) up to high ({self.high}), not be {list(self.edges)}"
            )

    @property
    def below(self) -> int:
        """The bin of numbers below the reference's range."""
        return 0

    @property
    def above(self) -> int:
        """The bin of numbers above the reference's range."""
        return len(self.edges) + 2

    def bin_column(self, column: Column) -> NDArray[np.uint8]:
        """Return each row's bin, or `MISSING` or `WRONG_TYPE`."""
        if column.numbers is None:
            codes = np.full(column.size, MISSING, dtype=np.uint8)
        else:
            bounds = np.array((self.low, *self.edges))
            bins = np.searchsorted(bounds, column.numbers, side="right")
            codes = (bins + (column.numbers > self.high)).astype(np.uint8)
            codes[np.isnan(column.numbers)] = MISSING
        if column.categories is not None:
            codes[[category is not None for category in column.categories]] = WRONG_TYPE
        return codes


class CategoricalReference(msgspec.Struct, frozen=True, kw_only=True, tag="categorical"):
    """A feature whose values are text or bool."""

    name: str
    categories: tuple[str, ...]
    """The frequent ones, most frequent first."""
    counts: tuple[int, ...]
    """By bin: each of ``categories``, other, unseen."""
    rare: tuple[str, ...] | None
    """The categories counted as other; None: too many to list, so every category that is not in
    ``categories`` is other and none is unseen."""
    missing_share: float

    def __post_init__(self) -> None:
        _check_bins(self.name, self.counts, len(self.categories) + 2)

    @property
    def other(self) -> int:
        """The bin of rare categories."""
        return len(self.categories)

    @property
    def unseen(self) -> int:
        """The bin of categories that the reference does not have."""
        return len(self.categories) + 1

    def bin_column(self, column: Column) -> NDArray[np.uint8]:
        """Return each row's bin, or `MISSING` or `WRONG_TYPE`."""
        if column.categories is None:
            codes = np.full(column.size, MISSING, dtype=np.uint8)
        else:
            bins: dict[str | None, int] = dict.fromkeys(self.rare or (), self.other)
            bins.update((category, place) for place, category in enumerate(self.categories))
            bins[None] = MISSING
            unlisted = self.other if self.rare is None else self.unseen
            found = [bins.get(category, unlisted) for category in column.categories]
            codes = np.frombuffer(bytearray(found), dtype=np.uint8)
        if column.numbers is not None:
            codes[~np.isnan(column.numbers)] = WRONG_TYPE
        return codes


FeatureReference: TypeAlias = NumericReference | CategoricalReference


class ReferenceProfile(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What is normal for one model version. Times are int milliseconds since the epoch (UTC)."""

    id: str
    """Hash of all the rest (XXH3, 128 bits, hex)."""
    model: str
    version: str
    effective_from: int
    """Start of the first pane that is compared with it."""
    learned_from: int | None
    """The interval of event time that its sample was taken from; None where it has no times."""
    learned_until: int | None
    sample_count: int
    features: tuple[FeatureReference, ...]
    """By ascending name."""
    score_counts: dict[int, int]
    """Scores by bin of `tidegauge.core.stats.scorebins`; bins without any are left out."""
    positive_rate: float | None
    """Share predicted positive, of the answers that are binary classes; None without any."""
    class_counts: dict[str, int] = {}
    """Answers by class; the rarer ones together as `tidegauge.core.stats.classes.OTHER`."""
    value_counts: dict[int, int] = {}
    """Answers that are numbers, by bin of `tidegauge.core.stats.logbins.SIGNED`."""
    origin: Origin = Origin.LEARNED

    @cached_property
    def score_groups(self) -> Groups | None:
        """Groups of score bins of about equal counts; None without scores."""
        return groups_of(self.score_counts)

    @cached_property
    def value_groups(self) -> Groups | None:
        """Groups of bins of answers that are numbers, likewise."""
        return groups_of(self.value_counts)

    def feature(self, name: str) -> FeatureReference | None:
        """Return what is known of a feature; None if the reference does not have it."""
        return next((feature for feature in self.features if feature.name == name), None)

    def changed(self, **fields: Any) -> "ReferenceProfile":
        """Return the profile with some fields replaced, and the id that belongs to it."""
        changed = msgspec.structs.replace(self, **fields)
        return msgspec.structs.replace(changed, id=changed.content_id())

    def content_id(self) -> str:
        """Return the id that belongs to the content."""
        content = msgspec.structs.replace(
            self,
            id="",
            score_counts=dict(sorted(self.score_counts.items())),
            class_counts=dict(sorted(self.class_counts.items())),
            value_counts=dict(sorted(self.value_counts.items())),
        )
        return xxhash.xxh3_128_hexdigest(content.encode())

    def encode(self) -> bytes:
        """Return the profile as msgpack; `msgspec.to_builtins` gives plain builtins."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> "ReferenceProfile":
        """Read what `encode` wrote.

        Raises:
            ValueError: The bytes are no profile, or its id does not belong to its content.
        """
        profile = msgspec.msgpack.decode(data, type=cls)
        if profile.id != profile.content_id():
            raise ValueError(
                f"reference profile of {profile.model!r} version {profile.version!r}: its id is "
                f"{profile.id!r}, but its content has the id {profile.content_id()!r}; "
                "it was altered, publish it again"
            )
        return profile


def _check_bins(name: str, counts: tuple[int, ...], expected: int) -> None:
    if len(counts) != expected or expected > MAX_BINS:
        raise ValueError(
            f"reference of feature {name!r}: it has {len(counts)} counts for {expected} bins; they "
            f"must be equal and at most {MAX_BINS}"
        )
