"""How a change in the mean error splits over the cells of a dimension: mix and concept shift.

A dimension cuts all labelled predictions into cells: the bins of a feature, the values of a segment
field, the versions. With a cell's share ``p`` of the predictions and its mean error ``r``, before
(0) and now (1), the mean error over all is ``R = sum(p * r)``, and exactly

    R1 - R0 = sum((p1 - p0) * ((r0 + r1) / 2 - R0))  +  sum((r1 - r0) * (p0 + p1) / 2)
                            mix shift                            concept shift

Mix shift: predictions moved to cells with more errors. Concept shift: the same cells have more
errors. The averages as weights treat both periods alike and leave no interaction term (Kitagawa,
"Components of a difference between two rates", 1955). Taking ``R0`` off changes no sum, since
shares add up to 1; it says what a cell that grew adds over the average prediction, so that one
cell's part can be read by itself.

The mean error of a cell without predictions in one of the periods is taken to be the same in both,
so that a cell that appears or goes is mix shift alone.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple, TypeVar

Cell = TypeVar("Cell")


class Total(NamedTuple):
    """How many predictions, and the sum of their errors."""

    n: int = 0
    errors: Fraction = Fraction(0)

    def plus(self, other: "Total") -> "Total":
        """Both together."""
        return Total(self.n + other.n, self.errors + other.errors)

    @property
    def mean(self) -> Fraction:
        """The mean error; there is at least one."""
        return self.errors / self.n


class Change(NamedTuple):
    """One cell before and now."""

    before: Total = Total()
    now: Total = Total()

    def rates(self) -> tuple[Fraction, Fraction]:
        """The mean errors before and now; where only one is known, it is both."""
        known = [total.mean for total in self if total.n]
        if not known:
            return Fraction(0), Fraction(0)
        return known[0], known[-1]


class Parts(NamedTuple):
    """What a cell adds to the change in the mean error."""

    mix: Fraction
    concept: Fraction

    @property
    def whole(self) -> Fraction:
        """Both."""
        return self.mix + self.concept


def together(changes: Iterable[Change]) -> Change:
    """Several cells as one."""
    before, now = Total(), Total()
    for change in changes:
        before, now = before.plus(change.before), now.plus(change.now)
    return Change(before, now)


def decompose(cells: Mapping[Cell, Change]) -> dict[Cell, Parts]:
    """Split the change over all cells exactly; there are predictions in both periods."""
    whole = together(cells.values())
    start = whole.before.mean
    found = {}
    for cell, change in cells.items():
        r0, r1 = change.rates()
        p0 = Fraction(change.before.n, whole.before.n)
        p1 = Fraction(change.now.n, whole.now.n)
        mix = (p1 - p0) * ((r0 + r1) / 2 - start)
        found[cell] = Parts(mix, (r1 - r0) * (p0 + p1) / 2)
    return found
