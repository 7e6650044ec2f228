"""Which bins of a feature moved: the terms of its population stability index."""

import math
from typing import NamedTuple

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
    moves = _moves(reference, counts)
    index = math.fsum(move.term for move in moves)
    if not index:
        return ()
    labels = bin_labels(reference)
    causes = [
        Cause(
            kind=CauseKind.FEATURE,
            effect=_effect(reference, move.at, move.after > move.before),
            name=reference.name,
            value=labels[move.at],
            contribution=move.term / index,
            before=move.before,
            after=move.after,
            samples=counts.bins.get(move.at, 0),
            summary=f"feature {reference.name} {labels[move.at]}: {move.before:.1%} of values in "
            f"the reference, {move.after:.1%} now",
        )
        for move in moves
    ]
    causes.sort(key=lambda cause: (-(cause.contribution or 0.0), cause.value or ""))
    return tuple(causes[:MAX_BINS])


def gained_most(reference: FeatureReference, counts: FeatureCounts) -> int | None:
    """The bin that gained most of those that moved, by the same index; None where none gained."""
    gained = [move for move in _moves(reference, counts) if move.after > move.before]
    return max(gained, key=lambda move: (move.term, -move.at)).at if gained else None


class _Move(NamedTuple):
    at: int
    before: float
    after: float
    term: float
    """Of the index."""


def _moves(reference: FeatureReference, counts: FeatureCounts) -> list[_Move]:
    """How the share of each bin moved; none where there are no counts on one side."""
    now = dense(counts.bins, range(len(reference.counts)))
    if not sum(now) or not sum(reference.counts):
        return []
    held = [at for at in range(len(now)) if now[at] or reference.counts[at]]
    p, q = (_shares([side[at] for at in held]) for side in (reference.counts, now))
    return [_Move(at, a, b, (b - a) * math.log(b / a)) for at, a, b in zip(held, p, q, strict=True)]


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
