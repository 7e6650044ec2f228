"""What a model answered, whether or not a label has come: classes by name, numbers by value."""

from collections.abc import Sequence
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.counts import add_counts, count_cells, flatten, unflatten
from tidegauge.core.stats.logbins import BIN_OF_ONE, SIGNED, bin_numbers

_ONE = 1 << exactsum.FRACTION_BITS


class AnswerCounts(msgspec.Struct):
    """Predictions by their answer.

    A whole number is counted both as a class and as a number, except for 0 and 1, whose counts as
    classes tell all of it. ``fractions`` of the ``numbers`` are no class.
    """

    classes: dict[str, int] = {}
    fractions: int = 0
    numbers: int = 0
    sum: int = 0
    """Exact, in units of 2**-1074."""
    squares: int = 0
    bins: dict[int, int] = {}
    """Numbers by bin of `tidegauge.core.stats.logbins.SIGNED`."""

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the rows of ``other``; ``sign`` -1 takes them away."""
        add_counts(self.classes, other.classes, sign)
        self.fractions += sign * other.fractions
        self.numbers += sign * other.numbers
        self.sum += sign * other.sum
        self.squares += sign * other.squares
        add_counts(self.bins, other.bins, sign)

    def with_small(self) -> "AnswerCounts":
        """The same with 0 and 1 counted as numbers, too."""
        small = [(name, self.classes[name]) for name in ("0", "1") if name in self.classes]
        if not small:
            return self
        whole = AnswerCounts()
        whole.add(self)
        for name, n in small:
            total = int(name) * n * _ONE
            whole.add(AnswerCounts({}, 0, n, total, total, {int(name) * BIN_OF_ONE: n}))
        return whole

    def to_wire(self) -> list[Any]:
        """Return plain values for msgpack."""
        if not self.numbers:
            return [self.classes, self.fractions]
        sums = (exactsum.encode(self.sum), exactsum.encode(self.squares))
        return [self.classes, self.fractions, self.numbers, *sums, flatten(self.bins)]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        classes, fractions, *rest = wire
        if not rest:
            return cls(classes, fractions)
        numbers, total, squares, bins = rest
        return cls(
            classes,
            fractions,
            numbers,
            exactsum.decode(total),
            exactsum.decode(squares),
            unflatten(bins),
        )


def fold_answers(
    answers: NDArray[np.integer],
    *,
    names: Sequence[str | None],
    values: NDArray[np.float64],
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[AnswerCounts]:
    """Fold predictions by group.

    Args:
        answers: The number of each row's answer.
        names: Each answer's class as it is told apart; None where it is a number and no class.
        values: Each answer as a number; NaN where it is none, or 0 or 1.
        groups: The group of each row, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    counts = [AnswerCounts() for _ in range(n_groups)]
    for mine, found in zip(counts, count_cells(answers, groups, n_groups, len(names)), strict=True):
        for answer, count in found.items():
            name = names[answer]
            if name is None:
                mine.fractions += count
            else:
                add_counts(mine.classes, {name: count})
    held = ~np.isnan(values[answers])
    if held.any():
        _fold_values(values[answers[held]], groups[held], counts)
    return counts


def _fold_values(
    values: NDArray[np.float64], groups: NDArray[np.integer], counts: list[AnswerCounts]
) -> None:
    n_groups = len(counts)
    offset = SIGNED.size - 1
    numbers = np.bincount(groups, minlength=n_groups).tolist()
    sums = exactsum.exact_sums(values, groups, n_groups)
    squares = exactsum.exact_square_sums(values, groups, n_groups)
    cells = count_cells(bin_numbers(values) + offset, groups, n_groups, 2 * offset + 1)
    for group, mine in enumerate(counts):
        mine.numbers, mine.sum, mine.squares = numbers[group], sums[group], squares[group]
        mine.bins = {cell - offset: count for cell, count in cells[group].items()}
