"""What differs between two reference profiles, by the measures that drift is told by.

The bins are those of the first profile. The second one's numbers are taken to be spread evenly
within its own bins, and its rare categories to be equally frequent: bins that both have in common
are compared exactly, others approximately.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec

from tidegauge.core.stats.drift import js_distance, psi, score_js, score_psi
from tidegauge.core.stats.reference import (
    CategoricalReference,
    FeatureReference,
    NumericReference,
    ReferenceProfile,
)


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


class ProfileDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Two profiles side by side; features by falling index, those of one profile only first."""

    features: tuple[FeatureDifference, ...]
    score_psi: float | None
    score_js: float | None
    positive_rate_before: float | None
    positive_rate_after: float | None


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
    )


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


def _type(feature: FeatureReference | None) -> str | None:
    if feature is None:
        return None
    return "numeric" if isinstance(feature, NumericReference) else "categorical"


def _rebin_numbers(bins: NumericReference, values: NumericReference) -> list[float]:
    bounds = (values.low, *values.edges, values.high)
    own = list(zip(pairwise(bounds), values.counts[1:-1], strict=True))

    def count(passed: Callable[[float], bool], x: float) -> float:
        """The values up to ``x``, where ``passed`` tells whether a bin's lower bound is."""
        total = 0.0
        for (low, high), n in own:
            if passed(low):
                total += n if x >= high else n * (x - low) / (high - low)
        return total

    # all below each lower bound; the last bin also holds its upper bound
    limits = [bins.low, *bins.edges]
    cuts = [count(lambda low, x=limit: low < x, limit) for limit in limits]  # type: ignore[misc]
    cuts.append(count(lambda low: low <= bins.high, bins.high))
    return [b - a for a, b in pairwise([0.0, *cuts, float(sum(values.counts))])]


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
