"""Labelled predictions of a binary classifier as sparse signed counts.

A cell counts the rows of one score bin, predicted class and label. With two integer loss sums it is
all that the quality figures need (`tidegauge.core.stats.binary`), and it can be added, taken back
and merged in any order.
"""

from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.scorebins import (
    N_BINS,
    NO_SCORE,
    bin_scores,
    brier_units,
    log_loss_units,
)

N_CELLS = (N_BINS + 1) * 4
"""Cells run over score bins and `NO_SCORE`, then predicted 0/1, then label 0/1."""


class LabelCounts(msgspec.Struct):
    """Labelled predictions by score bin, predicted class and label, and their losses.

    ``cells`` holds only counts that are not zero; ``cell = (score_bin * 2 + predicted) * 2 +
    label``. ``brier`` and ``log_loss`` are sums over the ``scored`` rows in units of 2**-20.
    """

    cells: dict[int, int] = {}
    brier: int = 0
    log_loss: int = 0
    scored: int = 0

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the rows of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        add_counts(self.cells, other.cells, sign)
        self.brier += sign * other.brier
        self.log_loss += sign * other.log_loss
        self.scored += sign * other.scored

    def is_zero(self) -> bool:
        """Whether adding this changes nothing."""
        return not (self.cells or self.brier or self.log_loss or self.scored)

    def to_wire(self) -> list[Any]:
        """Return plain lists and integers for msgpack."""
        return [self.scored, self.brier, self.log_loss, flatten(self.cells)]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        scored, brier, log_loss, cells = wire
        return cls(unflatten(cells), brier, log_loss, scored)


def fold_labels(
    scores: NDArray[np.float64],
    predicted: NDArray[np.integer],
    labels: NDArray[np.integer],
    signs: NDArray[np.integer],
    *,
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[LabelCounts]:
    """Fold labelled predictions by group.

    Args:
        scores: Score of the positive class in [0, 1]; NaN where there is none.
        predicted: 1 where the positive class was predicted, else 0.
        labels: 1 where the positive class was true, else 0.
        signs: 1 for a row that is added, -1 for one that is retracted.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    bins = bin_scores(scores)
    has_score = bins != NO_SCORE
    weights = np.where(has_score, signs, 0)
    known = np.where(has_score, scores, 0.0)
    cells = count_cells((bins * 2 + predicted) * 2 + labels, groups, n_groups, N_CELLS, signs)
    brier = _sums(brier_units(known, labels) * weights, groups, n_groups)
    log_loss = _sums(log_loss_units(known, labels) * weights, groups, n_groups)
    scored = _sums(weights, groups, n_groups)
    return list(map(LabelCounts, cells, brier, log_loss, scored))


def _sums(values: NDArray[np.integer], groups: NDArray[np.integer], n_groups: int) -> list[int]:
    # a batch's sums stay far below 2**53, so the float weights of bincount add up exactly
    return [int(total) for total in np.bincount(groups, values, n_groups).tolist()]
