"""How features, scores and answers are spread now, beside their reference: for those who look.

Of the present alone, so no record holds it: the past has the indices of drift.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.monitor.streams import Subject
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.calibration import CALIBRATION_BINS
from tidegauge.core.stats.compare import Bin, bin_labels, shares
from tidegauge.core.stats.counts import dense
from tidegauge.core.stats.drift import class_cells
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.groups import Group
from tidegauge.core.stats.logbins import number_edges
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import LOWER, N_BINS
from tidegauge.core.sums import SlotSums

_TENTH = (LOWER * CALIBRATION_BINS + 1e-9).astype(int).tolist()
_TENTHS = [
    f"{a / CALIBRATION_BINS:g} to {(a + 1) / CALIBRATION_BINS:g}" for a in range(CALIBRATION_BINS)
]


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """One feature, or the scores or answers, of a version in a window that ends now."""

    model: str
    version: str
    subject: Subject
    """`Subject.FEATURE`, `SCORE`, `CLASS` or `PREDICTION`."""
    feature: str = ""
    """The feature, where it is one."""
    bins: tuple[Bin, ...]
    """Before: the reference. The shares of all of them add up to 1, or are None without values."""


def distributions(
    model: str, version: str, sums: SlotSums, reference: ReferenceProfile, kind: ModelKind
) -> Iterator[Distribution]:
    """All that the reference has of a version.

    Args:
        model: its name.
        version: of the model.
        sums: the counts of the window.
        reference: what is in effect at its end.
        kind: of the model.
    """
    counted = sums.features.get(reference.id, {})
    for feature in reference.features:
        now = dense(counted.get(feature.name, FeatureCounts()).bins, range(len(feature.counts)))
        yield Distribution(
            model=model,
            version=version,
            subject=Subject.FEATURE,
            feature=feature.name,
            bins=_bins(bin_labels(feature), feature.counts, now),
        )
    if reference.score_counts and sums.traffic is not None:
        bins = _bins(_TENTHS, _tenths(reference.score_counts), _tenths(sums.traffic.scores))
        yield Distribution(model=model, version=version, subject=Subject.SCORE, bins=bins)
    answers = sums.answers or AnswerCounts()
    if kind is ModelKind.MULTICLASS and reference.class_counts:
        cells = class_cells(reference.class_counts, answers.classes)
        bins = _bins([c[0] for c in cells], [c[1] for c in cells], [c[2] for c in cells])
        yield Distribution(model=model, version=version, subject=Subject.CLASS, bins=bins)
    if kind is ModelKind.REGRESSION and reference.value_groups is not None:
        groups = reference.value_groups.split(answers.with_small().bins)
        bins = _bins(
            _ranges(groups),
            [group.expected for group in groups],
            [group.actual for group in groups],
        )
        yield Distribution(model=model, version=version, subject=Subject.PREDICTION, bins=bins)


def _bins(labels: Sequence[str], before: Sequence[int], now: Sequence[int]) -> tuple[Bin, ...]:
    return tuple(map(Bin, labels, shares(before), shares(now)))


def _tenths(scores: Mapping[int, int]) -> list[int]:
    """Scores by bins of a tenth; predictions without a score are passed over."""
    counts = [0] * CALIBRATION_BINS
    for number, count in scores.items():
        if number < N_BINS:
            counts[_TENTH[number]] += count
    return counts


def _ranges(groups: Sequence[Group]) -> list[str]:
    """Groups in words; the outer ones have no end."""
    last = len(groups) - 1
    edges = [(number_edges(g.first)[0], number_edges(g.last)[1]) for g in groups]
    return [
        f"below {high:.3g}"
        if not at
        else f"{low:.3g} to {high:.3g}"
        if at < last
        else f"from {low:.3g}"
        for at, (low, high) in enumerate(edges)
    ]
