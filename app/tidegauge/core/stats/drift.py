"""How far live distributions are from the reference's."""

import math
from collections.abc import Mapping, Sequence

import msgspec

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.counts import add_counts, dense
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.groups import Group
from tidegauge.core.stats.logbins import Bar, number_edges
from tidegauge.core.stats.reference import FeatureReference, NumericReference, ReferenceProfile
from tidegauge.core.stats.scorebins import N_BINS

PSI_SMOOTHING = 0.5
"""Added to each count, so that an empty bin has a finite logarithm."""


def psi(expected: Sequence[float], actual: Sequence[float]) -> float | None:
    """Population stability index between two histograms on the same bins.

    ``sum((q - p) * ln(q / p))`` over the bins that are not empty in both, with the shares
    ``(count + 0.5) / (n + 0.5 * bins)``: the Krichevsky-Trofimov estimator. Without any change its
    mean is about ``(bins - 1) * (1 / n_expected + 1 / n_actual)`` (Yurdakul and Naranjo,
    "Statistical properties of the population stability index", 2020).

    Args:
        expected: Counts of the reference.
        actual: Counts to compare.

    Returns:
        The index, from 0; None where a histogram is empty.
    """
    if sum(expected) <= 0 or sum(actual) <= 0:
        return None
    held = [pair for pair in zip(expected, actual, strict=True) if any(pair)]
    p, q = (_smooth_shares(counts) for counts in zip(*held, strict=True))
    return math.fsum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


def js_distance(expected: Sequence[float], actual: Sequence[float]) -> float | None:
    """Jensen-Shannon distance to base 2 between two histograms on the same bins, unsmoothed.

    The square root of the divergence (Endres and Schindelin, "A new metric for probability
    distributions", 2003), from 0 for equal shares to 1 for no bin in common; None where a histogram
    is empty.
    """
    n, m = sum(expected), sum(actual)
    if n <= 0 or m <= 0:
        return None
    terms = []
    for a, b in zip(expected, actual, strict=True):
        p, q = a / n, b / m
        terms += [share * math.log2(2.0 * share / (p + q)) / 2.0 for share in (p, q) if share]
    # rounding can leave the range by the last bit
    return math.sqrt(min(max(math.fsum(terms), 0.0), 1.0))


class FeatureFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of one feature; a figure that is undefined is None."""

    count: int
    """Rows with a value of the right type."""
    missing_share: float | None
    wrong_type_share: float | None
    """These two of all rows."""
    mean: float | None
    deviation: float | None
    """Sample standard deviation."""
    psi: float | None
    js: float | None
    unseen_share: float | None
    """Of the values, those in no category of the reference; categorical features only."""
    out_of_range_share: float | None
    """Of the values, those outside the reference's range; numeric features only."""


def feature_figures(counts: FeatureCounts, reference: FeatureReference | None) -> FeatureFigures:
    """Read the figures of one feature from the total counts of a window."""
    count = counts.rows - counts.missing - counts.wrong_type
    actual = dense(counts.bins, range(len(reference.counts))) if reference else []
    expected = reference.counts if reference else ()
    outside = unseen = None
    if isinstance(reference, NumericReference):
        outside = _share(actual[reference.below] + actual[reference.above], count)
    elif reference is not None and reference.rare is not None:
        unseen = _share(actual[reference.unseen], count)
    return FeatureFigures(
        count=count,
        missing_share=_share(counts.missing, counts.rows),
        wrong_type_share=_share(counts.wrong_type, counts.rows),
        mean=exactsum.mean(counts.n, counts.sum),
        deviation=exactsum.deviation(counts.n, counts.sum, counts.sum_squares),
        psi=psi(expected, actual),
        js=js_distance(expected, actual),
        unseen_share=unseen,
        out_of_range_share=outside,
    )


def score_psi(score_counts: Mapping[int, int], reference: ReferenceProfile) -> float | None:
    """Population stability index of scores; see `score_drift`."""
    return score_drift(score_counts, reference).psi


def score_js(score_counts: Mapping[int, int], reference: ReferenceProfile) -> float | None:
    """Jensen-Shannon distance of scores; see `score_drift`."""
    return score_drift(score_counts, reference).js


class PredictionDrift(msgspec.Struct, frozen=True, kw_only=True):
    """How far answers or scores are from the reference's; None where either has none."""

    psi: float | None = None
    js: float | None = None
    bars: tuple[Bar, ...] = ()
    """Numbers by group of the reference."""


def score_drift(score_counts: Mapping[int, int], reference: ReferenceProfile) -> PredictionDrift:
    """Compare scores, over groups of score bins of about equal counts in the reference.

    Args:
        score_counts: Count by score bin; predictions without a score are passed over.
        reference: Its scores decide the groups.
    """
    if reference.score_groups is None:
        return PredictionDrift()
    known = {number: count for number, count in score_counts.items() if number < N_BINS}
    return _drift(reference.score_groups.split(known))


def _drift(groups: Sequence[Group]) -> PredictionDrift:
    expected, actual = [group.expected for group in groups], [group.actual for group in groups]
    return PredictionDrift(psi=psi(expected, actual), js=js_distance(expected, actual))


def class_cells(
    expected: Mapping[str, int], actual: Mapping[str, int]
) -> list[tuple[str, int, int]]:
    """Each class with its counts in the reference and now, by name.

    Where either has classes over a limit, those that only one of the two tells apart are counted
    with them, since they may be among them in the other.
    """
    before, now = dict(expected), dict(actual)
    if OTHER in before or OTHER in now:
        before, now = _only(before, now), _only(now, before)
    names = sorted(before.keys() | now.keys())
    return [(name, before.get(name, 0), now.get(name, 0)) for name in names]


def class_drift(classes: Mapping[str, int], reference: ReferenceProfile) -> PredictionDrift:
    """Compare answers by class."""
    cells = class_cells(reference.class_counts, classes)
    expected, actual = [cell[1] for cell in cells], [cell[2] for cell in cells]
    return PredictionDrift(psi=psi(expected, actual), js=js_distance(expected, actual))


def _only(counts: Mapping[str, int], told: Mapping[str, int]) -> dict[str, int]:
    """The same counts with the classes that ``told`` does not have as `OTHER`."""
    kept: dict[str, int] = {}
    for name, count in counts.items():
        add_counts(kept, {name if name in told else OTHER: count})
    return kept


def value_drift(bins: Mapping[int, int], reference: ReferenceProfile) -> PredictionDrift:
    """Compare answers that are numbers, over groups of about equal counts in the reference.

    Args:
        bins: Count by bin of `tidegauge.core.stats.logbins.SIGNED`.
        reference: Its answers decide the groups, as its scores do those of scores.
    """
    if reference.value_groups is None:
        return PredictionDrift()
    groups = reference.value_groups.split(bins)
    bars = [Bar(number_edges(g.first)[0], number_edges(g.last)[1], g.actual) for g in groups]
    return msgspec.structs.replace(_drift(groups), bars=tuple(bars))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole > 0 else None


def _smooth_shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts) + PSI_SMOOTHING * len(counts)
    return [(count + PSI_SMOOTHING) / total for count in counts]
