"""Neighbouring bins of a reference joined to groups of about equal counts."""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import NamedTuple

MAX_GROUPS = 10
"""At most so many groups."""


class Group(NamedTuple):
    """One group: its first and last bin that is not empty in both, and the counts of both."""

    first: int
    last: int
    expected: int
    actual: int


class Groups:
    """The groups that a reference decides; made once, they split any histogram on its bins.

    A bin belongs where the middle of its rows ranks among all rows of the reference; a bin without
    any, where its place between the others does.

    Args:
        counts: The reference's rows by bin, at least one in all.
    """

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._bins = sorted(counts)
        self._below = list(accumulate([counts[bin_] for bin_ in self._bins], initial=0))
        self._ranks: dict[int, int] = {}
        self._expected: dict[int, list[int]] = {}
        for place, bin_ in enumerate(self._bins):
            rank = self._rank(self._below[place] + self._below[place + 1])
            self._ranks[bin_] = rank
            group = self._expected.setdefault(rank, [bin_, bin_, 0])
            group[1] = bin_
            group[2] += counts[bin_]

    def _rank(self, twice_middle: int) -> int:
        return min(twice_middle * MAX_GROUPS // (2 * self._below[-1]), MAX_GROUPS - 1)

    def split(self, counts: Mapping[int, int]) -> list[Group]:
        """The groups that are not empty in both, ascending.

        Args:
            counts: Rows by bin, to compare with the reference's.
        """
        groups = {rank: [*group, 0] for rank, group in self._expected.items()}
        for bin_, count in counts.items():
            rank = self._ranks.get(bin_)
            if rank is None:
                rank = self._rank(2 * self._below[bisect_left(self._bins, bin_)])
            group = groups.setdefault(rank, [bin_, bin_, 0, 0])
            group[0], group[1] = min(group[0], bin_), max(group[1], bin_)
            group[3] += count
        return [Group(*group) for _, group in sorted(groups.items())]


def groups_of(counts: Mapping[int, int]) -> Groups | None:
    """The groups of a reference; None where it has no rows."""
    return Groups(counts) if sum(counts.values()) > 0 else None
