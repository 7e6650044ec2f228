"""Labelled predictions of a classifier of any number of classes, as sparse signed counts.

A cell counts the rows of one predicted class and one true class. Classes that are over the limit
are one class, `OTHER`, in which what is right cannot be told from what is not, so that is counted
beside it. How sure the model was is counted by score bin and whether it was right, but only of rows
that are no pair of the two classes of a binary model: of those, `tidegauge.core.stats.quality` has
it.
"""

from collections.abc import Sequence
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores

OTHER = "__other__"
"""The name of all classes, versions and so on that are over a limit."""

Pair = tuple[str, str]
"""Predicted class and true class."""


class ClassCounts(msgspec.Struct):
    """Labelled predictions by predicted and true class; no cell is zero.

    ``confidence`` has the cells ``score_bin * 2 + right``, ``other_errors`` the rows of the cell
    (`OTHER`, `OTHER`) whose two classes differ.
    """

    confusion: dict[Pair, int] = {}
    confidence: dict[int, int] = {}
    other_errors: int = 0

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the rows of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        add_counts(self.confusion, other.confusion, sign)
        add_counts(self.confidence, other.confidence, sign)
        self.other_errors += sign * other.other_errors

    def is_zero(self) -> bool:
        """Whether adding this changes nothing."""
        return not (self.confusion or self.confidence or self.other_errors)

    def to_wire(self) -> list[Any]:
        """Return plain lists, integers and texts for msgpack."""
        cells = [part for pair, count in sorted(self.confusion.items()) for part in (*pair, count)]
        return [cells, flatten(self.confidence), self.other_errors]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        cells, confidence, other_errors = wire
        triples = zip(cells[::3], cells[1::3], cells[2::3], strict=True)
        confusion = {(predicted, label): count for predicted, label, count in triples}
        return cls(confusion, unflatten(confidence), other_errors)


def fold_classes(
    scores: NDArray[np.float64],
    pairs: NDArray[np.integer],
    signs: NDArray[np.integer],
    *,
    names: Sequence[Pair],
    right: NDArray[np.bool_],
    binary: NDArray[np.bool_],
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[ClassCounts]:
    """Fold labelled predictions by group.

    Args:
        scores: The model's confidence in each answer, in [0, 1]; NaN where there is none.
        pairs: The number of each row's pair of classes.
        signs: 1 for a row that is added, -1 for one that is retracted.
        names: Each pair's classes as they are told apart.
        right: By pair, whether the two classes are the same.
        binary: By pair, whether both are classes of a binary model.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    cells = count_cells(pairs, groups, n_groups, len(names), signs)
    counts = [ClassCounts() for _ in range(n_groups)]
    for mine, found in zip(counts, cells, strict=True):
        for pair, count in found.items():
            add_counts(mine.confusion, {names[pair]: count})
            if names[pair] == (OTHER, OTHER) and not right[pair]:
                mine.other_errors += count
    bins = bin_scores(scores)
    sure = (bins != NO_SCORE) & ~binary[pairs]
    if sure.any():
        confidence = count_cells(
            bins[sure] * 2 + right[pairs[sure]], groups[sure], n_groups, N_BINS * 2, signs[sure]
        )
        for mine, found in zip(counts, confidence, strict=True):
            mine.confidence = found
    return counts
