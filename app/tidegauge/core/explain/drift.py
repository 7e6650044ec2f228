"""Which bins of a feature moved: the terms of its population stability index."""

import math

from tidegauge.core.alertrecords import Cause, CauseKind, Effect
from tidegauge.core.stats.compare import bin_labels
from tidegauge.core.stats.counts import dense
from tidegauge.core.stats.drift import PSI_SMOOTHING
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.reference import FeatureReference, NumericReference

MAX_BINS = 10


def moved_bins(reference: FeatureReference, counts: FeatureCounts) -> tuple[Cause, ...]:
    """The bins of a feature that moved from its reference, with their shares of the index.

    The index is ``sum((q - p) * ln(q / p))`` over the bins (`tidegauge.core.stats.drift.psi`). No
    term is negative, so the terms over their sum are shares that add up to 1; the bins that are
    not among the `MAX_BINS` largest are left out.

    Args:
        reference: of the feature.
        counts: in the bins of the reference.
    """
    now = dense(counts.bins, range(len(reference.counts)))
    held = [at for at in range(len(now)) if now[at] or reference.counts[at]]
    p, q = (_shares([side[at] for at in held]) for side in (reference.counts, now))
    terms = [(b - a) * math.log(b / a) for a, b in zip(p, q, strict=True)]
    index = math.fsum(terms)
    if not sum(now) or not sum(reference.counts) or not index:
        return ()
    labels = bin_labels(reference)
    causes = [
        Cause(
            kind=CauseKind.FEATURE,
            effect=_effect(reference, at, after > before),
            name=reference.name,
            value=labels[at],
            contribution=term / index,
            before=before,
            after=after,
            samples=now[at],
            summary=f"feature {reference.name} {labels[at]}: {before:.1%} of values in the "
            f"reference, {after:.1%} now",
        )
        for at, before, after, term in zip(held, p, q, terms, strict=True)
    ]
    causes.sort(key=lambda cause: (-(cause.contribution or 0.0), cause.value or ""))
    return tuple(causes[:MAX_BINS])


def _shares(counts: list[int]) -> list[float]:
    total = sum(counts) + PSI_SMOOTHING * len(counts)
    return [(count + PSI_SMOOTHING) / total for count in counts]


def _effect(reference: FeatureReference, at: int, grown: bool) -> Effect:
    if (
        grown
        and isinstance(reference, NumericReference)
        and at in (reference.below, reference.above)
    ):
        return Effect.OUT_OF_RANGE
    if grown and not isinstance(reference, NumericReference) and at == reference.unseen:
        return Effect.UNSEEN
    return Effect.DATA_DRIFT
