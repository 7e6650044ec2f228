"""Two versions of a model on the requests that both answered: exact counts of how each did.

A pair is two labelled answers to one request. It is counted in every reading that it fits: as
binary classes, as classes told apart by name, and as numbers; the kind of the model only decides
which is shown. Everything is exact, mergeable and reversible.
"""

from typing import Any, NamedTuple, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum

N_OUTCOMES = 8
"""Outcomes of a pair of classes: ``(this right * 2 + other right) * 2 + same answer``."""


class PairedClasses(msgspec.Struct, array_like=True):
    """Pairs of answers that are classes, by which of the two was right."""

    both_right: int = 0
    only_this_right: int = 0
    only_other_right: int = 0
    both_wrong: int = 0
    same: int = 0
    """Pairs with the same answer."""

    @property
    def n(self) -> int:
        """All pairs."""
        return self.both_right + self.only_this_right + self.only_other_right + self.both_wrong

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the pairs of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        self.both_right += sign * other.both_right
        self.only_this_right += sign * other.only_this_right
        self.only_other_right += sign * other.only_other_right
        self.both_wrong += sign * other.both_wrong
        self.same += sign * other.same

    def mirrored(self) -> Self:
        """The same pairs from the other version's point of view."""
        return type(self)(
            self.both_right,
            self.only_other_right,
            self.only_this_right,
            self.both_wrong,
            self.same,
        )


class PairedNumbers(msgspec.Struct):
    """Pairs of answers that are numbers; sums are exact, in units of 2**-1074."""

    n: int = 0
    same: int = 0
    """Pairs with the same answer."""
    nearer: int = 0
    """Pairs in which this version's answer was nearer to its label."""
    other_nearer: int = 0
    absolute: int = 0
    """Of this version's absolute errors."""
    other_absolute: int = 0
    squares: int = 0
    """Of the differences of the two absolute errors."""

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the pairs of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        self.n += sign * other.n
        self.same += sign * other.same
        self.nearer += sign * other.nearer
        self.other_nearer += sign * other.other_nearer
        self.absolute += sign * other.absolute
        self.other_absolute += sign * other.other_absolute
        self.squares += sign * other.squares

    def mirrored(self) -> Self:
        """The same pairs from the other version's point of view."""
        return type(self)(
            self.n,
            self.same,
            self.other_nearer,
            self.nearer,
            self.other_absolute,
            self.absolute,
            self.squares,
        )

    def to_wire(self) -> list[Any]:
        """Return plain integers and bytes for msgpack."""
        sums = (self.absolute, self.other_absolute, self.squares)
        counts = (self.n, self.same, self.nearer, self.other_nearer)
        return [*counts, *map(exactsum.encode, sums)]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        *counts, absolute, other_absolute, squares = wire
        return cls(*counts, *map(exactsum.decode, (absolute, other_absolute, squares)))


class PairedCounts(msgspec.Struct):
    """The pairs of one version with one other, in every reading."""

    binary: PairedClasses = msgspec.field(default_factory=PairedClasses)
    classes: PairedClasses = msgspec.field(default_factory=PairedClasses)
    numbers: PairedNumbers = msgspec.field(default_factory=PairedNumbers)

    def add(self, other: Self, sign: int = 1) -> None:
        """Add the pairs of ``other``, which may be retractions; ``sign`` -1 takes them away."""
        self.binary.add(other.binary, sign)
        self.classes.add(other.classes, sign)
        self.numbers.add(other.numbers, sign)

    def is_zero(self) -> bool:
        """Whether adding this changes nothing."""
        return self == PairedCounts()

    def mirrored(self) -> Self:
        """The same pairs from the other version's point of view."""
        return type(self)(self.binary.mirrored(), self.classes.mirrored(), self.numbers.mirrored())

    def to_wire(self) -> list[Any]:
        """Return plain lists, integers and bytes for msgpack; an empty reading is None."""
        readings = (self.binary, self.classes)
        return [
            *(list(msgspec.structs.astuple(x)) if x != PairedClasses() else None for x in readings),
            self.numbers.to_wire() if self.numbers != PairedNumbers() else None,
        ]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        binary, classes, numbers = wire
        return cls(
            PairedClasses(*binary or ()),
            PairedClasses(*classes or ()),
            PairedNumbers.from_wire(numbers) if numbers else PairedNumbers(),
        )


def fold_paired_classes(
    outcomes: NDArray[np.integer],
    signs: NDArray[np.integer],
    *,
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[PairedClasses]:
    """Fold pairs of classes by group.

    Args:
        outcomes: What each pair is, see `N_OUTCOMES`.
        signs: How often a pair is added; less than 0 retracts it.
        groups: The group of each pair, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    cells = np.bincount(groups * N_OUTCOMES + outcomes, signs, n_groups * N_OUTCOMES)
    table = cells.astype(np.int64).reshape(n_groups, 4, 2)
    return [
        PairedClasses(both_right, this, other, both_wrong, same)
        for (both_wrong, other, this, both_right), same in zip(
            table.sum(axis=2).tolist(), table[:, :, 1].sum(axis=1).tolist(), strict=True
        )
    ]


class NumberPairs(NamedTuple):
    """Pairs of numbers by column; labels are one's own, for they may differ for a time."""

    answers: NDArray[np.float64]
    labels: NDArray[np.float64]
    other_answers: NDArray[np.float64]
    other_labels: NDArray[np.float64]


def fold_paired_numbers(
    pairs: NumberPairs,
    signs: NDArray[np.integer],
    *,
    groups: NDArray[np.integer],
    n_groups: int,
) -> list[PairedNumbers]:
    """Fold pairs of numbers of a magnitude up to 1e100 by group.

    Args:
        pairs: The pairs.
        signs: How often a pair is added; less than 0 retracts it.
        groups: The group of each pair, from 0 to ``n_groups - 1``.
        n_groups: Number of groups.

    Returns:
        The counts of each group.
    """
    errors = np.abs(pairs.answers - pairs.labels)
    others = np.abs(pairs.other_answers - pairs.other_labels)
    same = pairs.answers == pairs.other_answers
    n, agreed, nearer, other_nearer = (
        np.bincount(groups, signs * column, n_groups).astype(np.int64).tolist()
        for column in (np.ones(len(signs), np.int64), same, errors < others, others < errors)
    )
    times = np.abs(signs)
    # retractions are summed apart, since a square has no sign
    signed = np.repeat(groups * 2 + (signs < 0), times)
    errors, others = np.repeat(errors, times), np.repeat(others, times)
    absolute, other_absolute = (
        exactsum.net(exactsum.exact_sums(x, signed, 2 * n_groups)) for x in (errors, others)
    )
    squares = exactsum.net(exactsum.exact_square_sums(errors - others, signed, 2 * n_groups))
    columns = (n, agreed, nearer, other_nearer, absolute, other_absolute, squares)
    return [PairedNumbers(*values) for values in zip(*columns, strict=True)]
