"""Faults of single features, as figures of a closed pane: what a mean alone does not show.

- *out of range*: share of numbers outside the range of the reference;
- *unseen*: share of categories that the reference does not have;
- *categories*: the mean share that the reference gives to the categories that came. Where common
  categories become rare, or two are swapped, it falls;
- *category share*: share of one common category. What moves between categories may leave the figure
  above as it was;
- *constant*: share of numbers in panes whose numbers are all the same.

All but the last need a reference, and are read from the counts made with it.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.reference import (
    CategoricalReference,
    NumericReference,
    ReferenceProfile,
)
from tidegauge.core.sums import SlotSums

COMMON = 0.1
"""Part of the reference from which on a category is watched by itself."""
NO_CATEGORIES: Mapping[str, int] = {}


class Compared(NamedTuple):
    """Rows of one feature, told by the bins of their references."""

    rows: int = 0
    outside: int = 0
    """In no bin that the reference filled."""
    likeness: float = 0.0
    """Sum of the reference's shares of their categories."""
    squares: float = 0.0
    categorical: bool = False
    common: Mapping[str, int] = NO_CATEGORIES
    """Rows of each common category."""

    def plus(self, other: "Compared") -> "Compared":
        """Both together."""
        return Compared(
            self.rows + other.rows,
            self.outside + other.outside,
            self.likeness + other.likeness,
            self.squares + other.squares,
            other.categorical,
            {
                name: self.common.get(name, 0) + other.common.get(name, 0)
                for name in self.common.keys() | other.common.keys()
            },
        )


def compared(
    versions: Mapping[str, SlotSums], profiles: Mapping[str, Iterable[ReferenceProfile]]
) -> dict[str, Compared]:
    """The features of a pane by name, over all versions that have a reference.

    Args:
        versions: the sums of the pane by version.
        profiles: the references that each version has had.
    """
    found: dict[str, Compared] = {}
    for version, sums in sorted(versions.items()):
        known = {profile.id: profile for profile in profiles.get(version, ())}
        for reference in sorted(sums.features.keys() & known.keys()):
            for name, counts in sorted(sums.features[reference].items()):
                feature = known[reference].feature(name)
                if isinstance(feature, NumericReference):
                    one = _numeric(feature, counts)
                elif isinstance(feature, CategoricalReference):
                    one = _categorical(feature, counts)
                else:
                    continue
                found[name] = found.get(name, Compared()).plus(one)
    return found


def _numeric(feature: NumericReference, counts: FeatureCounts) -> Compared:
    outside = counts.bins.get(feature.below, 0) + counts.bins.get(feature.above, 0)
    return Compared(counts.n, outside)


def _categorical(feature: CategoricalReference, counts: FeatureCounts) -> Compared:
    present = sorted((place, n) for place, n in counts.bins.items() if place <= feature.unseen)
    total = sum(feature.counts) or 1
    shares = [(feature.counts[place] / total, n) for place, n in present]
    return Compared(
        sum(n for _, n in present),
        counts.bins.get(feature.unseen, 0),
        math.fsum(n * share for share, n in shares),
        math.fsum(n * share * share for share, n in shares),
        categorical=True,
        common=_common(feature, counts, total),
    )


def _common(feature: CategoricalReference, counts: FeatureCounts, total: int) -> Mapping[str, int]:
    """Rows of the categories that are common in the reference; at most ten can be."""
    return {
        name: counts.bins.get(place, 0)
        for place, name in enumerate(feature.categories)
        if feature.counts[place] >= COMMON * total
    }


def likeness(start: int, end: int, one: Compared) -> PaneInput:
    """The mean share that the reference gives to the categories of a pane."""
    mean = one.likeness / one.rows
    variance = max(0.0, one.squares / one.rows - mean * mean)
    if one.rows > 1:
        variance *= one.rows / (one.rows - 1)
    return PaneInput(start, end, one.rows, mean, math.sqrt(variance))


def constant(start: int, end: int, counts: FeatureCounts) -> PaneInput:
    """Whether all numbers of a pane are the same; it counts if it has two of them."""
    deviation = exactsum.deviation(counts.n, counts.sum, counts.sum_squares)
    if deviation is None:
        return PaneInput(start, end, 0, 0)
    return PaneInput(start, end, counts.n, 0 if deviation else counts.n)
