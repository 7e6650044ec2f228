"""What differs between two reference profiles, by the measures that drift is told by.

The bins are those of the first profile. The second one's numbers are taken to be spread evenly
within its own bins, but to thin out towards its least and largest value, and its rare categories to
be equally frequent: bins that both have in common are compared exactly, others approximately.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tidegauge.core.stats.drift import (
    class_cells,
    js_distance,
    psi,
    score_js,
    score_psi,
)
from tidegauge.core.stats.groups import Group
from tidegauge.core.stats.logbins import number_edges, number_of, quantile_bins
from tidegauge.core.stats.reference import (
    CategoricalReference,
    FeatureReference,
    NumericReference,
    ReferenceProfile,
)

_STEEPEST = 500.0
"""Above it, all of a bin lies at its inner end anyway."""
_STEPS = 60


class Bin(msgspec.Struct, frozen=True):
    """One bin of a feature, and the share of values in it before and after."""

    label: str
    before: float | None
    after: float | None


class FeatureDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One feature in two profiles; a type is None where the profile does not have it."""

    name: str
    type_before: str | None
    type_after: str | None
    psi: float | None = None
    js: float | None = None
    """Both None unless the types are equal."""
    missing_before: float | None = None
    missing_after: float | None = None
    mean_before: float | None = None
    mean_after: float | None = None
    bins: tuple[Bin, ...] = ()


class AnswerDifference(msgspec.Struct, frozen=True, kw_only=True):
    """The answers in two profiles; what is undefined is None."""

    psi: float | None
    js: float | None
    median_before: float | None = None
    median_after: float | None = None
    """Of numbers."""
    bins: tuple[Bin, ...] = ()
    """Classes by name, or groups of numbers of about equal counts in the first profile."""


class ProfileDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Two profiles side by side; features by falling index, those of one profile only first."""

    features: tuple[FeatureDifference, ...]
    score_psi: float | None
    score_js: float | None
    positive_rate_before: float | None
    positive_rate_after: float | None
    class_answers: AnswerDifference
    """Answers as classes."""
    number_answers: AnswerDifference
    """Answers as numbers; whole numbers are both."""


def compare(before: ReferenceProfile, after: ReferenceProfile) -> ProfileDifference:
    """Compare two profiles, of any models and versions."""
    names = {feature.name for profile in (before, after) for feature in profile.features}
    features = [_feature(name, before.feature(name), after.feature(name)) for name in names]
    features.sort(key=lambda f: (f.psi is not None, -(f.psi or 0.0), f.name))
    return ProfileDifference(
        features=tuple(features),
        score_psi=score_psi(after.score_counts, before),
        score_js=score_js(after.score_counts, before),
        positive_rate_before=before.positive_rate,
        positive_rate_after=after.positive_rate,
        class_answers=_class_answers(before, after),
        number_answers=_number_answers(before, after),
    )


def class_shares(profile: ReferenceProfile) -> list[tuple[str, float]]:
    """The classes among the answers with their shares, the most frequent first."""
    total = sum(profile.class_counts.values())
    ranked = sorted(profile.class_counts.items(), key=lambda item: (-item[1], item[0]))
    return [(name, count / total) for name, count in ranked]


def number_quantiles(profile: ReferenceProfile, qs: Sequence[float]) -> list[float | None]:
    """Quantiles of the answers that are numbers, at most 2.44 % off; None without any."""
    found = quantile_bins(profile.value_counts, qs)
    return [None if cell is None else number_of(cell) for cell in found]


def bin_labels(feature: FeatureReference) -> list[str]:
    """What each bin of a feature holds, in words."""
    if isinstance(feature, CategoricalReference):
        return [*feature.categories, "other", "unseen"]
    bounds = (feature.low, *feature.edges, feature.high)
    inner = [f"{a:.6g} to {b:.6g}" for a, b in pairwise(bounds)]
    return [f"below {feature.low:.6g}", *inner, f"above {feature.high:.6g}"]


def shares(counts: Sequence[float]) -> list[float | None]:
    """Each count's part of all; None where there is nothing."""
    total = sum(counts)
    return [count / total if total else None for count in counts]


def _feature(
    name: str, before: FeatureReference | None, after: FeatureReference | None
) -> FeatureDifference:
    expected: Sequence[float] = before.counts if before else ()
    actual: list[float] | None = None
    if isinstance(before, NumericReference) and isinstance(after, NumericReference):
        actual = _rebin_numbers(before, after)
    elif isinstance(before, CategoricalReference) and isinstance(after, CategoricalReference):
        actual = _rebin_categories(before, after)
    bins: tuple[Bin, ...] = ()
    if before and actual is not None:
        cells = zip(bin_labels(before), shares(expected), shares(actual), strict=True)
        bins = tuple(Bin(*cell) for cell in cells)
    return FeatureDifference(
        name=name,
        type_before=_type(before),
        type_after=_type(after),
        psi=None if actual is None else psi(expected, actual),
        js=None if actual is None else js_distance(expected, actual),
        missing_before=before.missing_share if before else None,
        missing_after=after.missing_share if after else None,
        mean_before=before.mean if isinstance(before, NumericReference) else None,
        mean_after=after.mean if isinstance(after, NumericReference) else None,
        bins=bins,
    )


def _class_answers(before: ReferenceProfile, after: ReferenceProfile) -> AnswerDifference:
    cells = class_cells(before.class_counts, after.class_counts)
    return _answers(cells)


def _number_answers(before: ReferenceProfile, after: ReferenceProfile) -> AnswerDifference:
    groups = before.value_groups.split(after.value_counts) if before.value_groups else []
    labelled = [(_range(group), group.expected, group.actual) for group in groups]
    (was,), (now,) = (number_quantiles(profile, (0.5,)) for profile in (before, after))
    return msgspec.structs.replace(_answers(labelled), median_before=was, median_after=now)


def _range(group: Group) -> str:
    return f"{number_edges(group.first)[0]:.6g} to {number_edges(group.last)[1]:.6g}"


def _answers(cells: Sequence[tuple[str, int, int]]) -> AnswerDifference:
    expected, actual = [cell[1] for cell in cells], [cell[2] for cell in cells]
    parts = zip((cell[0] for cell in cells), shares(expected), shares(actual), strict=True)
    return AnswerDifference(
        psi=psi(expected, actual),
        js=js_distance(expected, actual),
        bins=tuple(Bin(*part) for part in parts),
    )


def _type(feature: FeatureReference | None) -> str | None:
    if feature is None:
        return None
    return "numeric" if isinstance(feature, NumericReference) else "categorical"


def _rebin_numbers(bins: NumericReference, values: NumericReference) -> list[float]:
    pieces = _pieces(values)
    # the last inner bin also holds its upper bound
    cuts = [sum(piece.below(limit) for piece in pieces) for limit in (bins.low, *bins.edges)]
    cuts.append(sum(piece.up_to(bins.high) for piece in pieces))
    return [b - a for a, b in pairwise([0.0, *cuts, float(sum(values.counts))])]


class _Piece(NamedTuple):
    """An inner bin, and how the density of its values falls within it."""

    low: float
    high: float
    size: int
    fall: float
    """Logarithm of how much higher the density is at ``low`` than at ``high``; 0: it is even."""

    def below(self, x: float) -> float:
        """The values below ``x``."""
        return self._part(x) if x > self.low else 0.0

    def up_to(self, x: float) -> float:
        """The values up to ``x``, with it."""
        return self._part(x) if x >= self.low else 0.0

    def _part(self, x: float) -> float:
        if x >= self.high:
            return float(self.size)
        part = (x - self.low) / (self.high - self.low)
        if self.fall:
            part = math.expm1(-self.fall * part) / math.expm1(-self.fall)
        return self.size * part


def _pieces(values: NumericReference) -> list[_Piece]:
    """The inner bins: the first and the last fall off to where the least and the largest value is.

    One value may lie far out, so that most of the bin is nearly empty. The density at the bin's
    inner end is that of the neighbour, and an exponential falls from there.
    """
    bounds = pairwise((values.low, *values.edges, values.high))
    pieces = [_Piece(*ends, n, 0.0) for ends, n in zip(bounds, values.counts[1:-1], strict=True)]
    if len(pieces) > 1:
        first, last = _fall(pieces[0], pieces[1]), _fall(pieces[-1], pieces[-2])
        pieces[0] = pieces[0]._replace(fall=-first)
        pieces[-1] = pieces[-1]._replace(fall=last)
    return pieces


def _fall(outer: _Piece, inner: _Piece) -> float:
    """The fall with which the outer bin begins as dense as the inner one is.

    That is the ``k`` of ``k / (1 - exp(-k)) = ratio``, where the outer bin, were it even, would be
    ``ratio`` times less dense than the inner one; 0 where it is not less dense.
    """
    width, inner_width = outer.high - outer.low, inner.high - inner.low
    if not (outer.size and width and inner_width):
        return 0.0
    ratio = min(inner.size / inner_width * (width / outer.size), _STEEPEST)
    if ratio <= 1:
        return 0.0
    fall = ratio
    for _ in range(_STEPS):
        fall = ratio * -math.expm1(-fall)
    return fall


def _rebin_categories(bins: CategoricalReference, values: CategoricalReference) -> list[float]:
    frequent = {category: place for place, category in enumerate(bins.categories)}
    rare = frozenset(bins.rare or ())
    counts = [0.0] * len(bins.counts)

    def put(category: str, count: float) -> None:
        listed = bins.rare is None or category in rare
        counts[frequent.get(category, bins.other if listed else bins.unseen)] += count

    for category, n in zip(values.categories, values.counts, strict=False):
        put(category, n)
    other = values.counts[values.other]
    if values.rare:
        for category in values.rare:
            put(category, other / len(values.rare))
    else:
        counts[bins.other] += other
    return counts
