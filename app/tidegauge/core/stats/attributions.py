"""Attributions in windows: how much each feature moved the answers, and those that were wrong.

A publisher may say with each answer by how much each feature moved it (Shapley values of SHAP, or a
weight times a standardised value). Two counts are kept:

- of all predictions, the exact sum of the magnitudes ``|a|`` by feature. Over their number it is
  the mean absolute attribution, SHAP's global importance (Lundberg and Lee, "A unified approach to
  interpreting model predictions", 2017). Its *shares* over the features add up to 1, whatever the
  unit of the answers, and the distance of two such is the total variation ``sum(|p - q|) / 2``;
- of predictions with a label, by feature the mean share ``|a| / sum(|a|)`` that it has in single
  answers, of all of them and of those that were wrong. A retained prediction keeps each share in a
  byte until its label comes, so it is at most 0.2 % off. What is wrong in part counts in part: of
  numbers, an answer counts as wrong in the measure of its absolute error.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.counts import add_counts
from tidegauge.core.stats.errorbins import NO_CODE, Codes, LabelColumns

WHOLE_SHARE = 250
"""The code of a share of 1; `NO_CODE` is beyond."""

Attributed = Mapping[str, float]


class AttributionCounts(msgspec.Struct):
    """Attributions of predictions.

    ``magnitudes`` has the exact sums of ``|a|`` by feature, in units of 2**-1074.
    """

    rows: int = 0
    """Predictions that carry any."""
    magnitudes: dict[str, int] = {}

    def add(self, other: Self, sign: int = 1) -> None:
        """Add (or with ``sign`` -1 take away) others."""
        self.rows += sign * other.rows
        add_counts(self.magnitudes, other.magnitudes, sign)

    def only(self, names: frozenset[str]) -> Self:
        """The same with those of other features together."""
        if self.magnitudes.keys() <= names | {OTHER}:
            return self
        folded: dict[str, int] = {}
        for name, total in self.magnitudes.items():
            add_counts(folded, {name if name in names else OTHER: total})
        return type(self)(self.rows, folded)

    def shares(self) -> dict[str, float]:
        """The share that each feature has of all magnitudes; none where all are 0."""
        whole = sum(self.magnitudes.values())
        return {name: total / whole for name, total in sorted(self.magnitudes.items())}

    def to_wire(self) -> list[Any]:
        """Plain lists, integers and bytes for msgpack."""
        return [self.rows, {name: exactsum.encode(t) for name, t in self.magnitudes.items()}]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """The inverse of `to_wire`."""
        rows, magnitudes = wire
        return cls(rows, {name: exactsum.decode(total) for name, total in magnitudes.items()})


def fold_attributions(
    rows: Sequence[Attributed],
    groups: NDArray[np.integer],
    n_groups: int,
    names: frozenset[str],
) -> list[AttributionCounts]:
    """Count the attributions of predictions by group, from 0 to ``n_groups - 1``.

    Args:
        rows: of each prediction.
        groups: the group of each.
        n_groups: number of groups.
        names: features that are told apart.
    """
    known = sorted(set().union(*rows))
    counts = [AttributionCounts(n) for n in np.bincount(groups, minlength=n_groups).tolist()]
    for name in known:
        column = np.abs(np.array([row.get(name, 0.0) for row in rows], np.float64))
        told = name if name in names else OTHER
        for group, total in enumerate(exactsum.exact_sums(column, groups, n_groups)):
            add_counts(counts[group].magnitudes, {told: total})
    return counts


def total_variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The distance of two distributions: half the sum of the differences, 0 to 1."""
    names = sorted(one.keys() | other.keys())
    return min(1.0, sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in names) / 2.0)


# ------------------------------------------------------------------ right and wrong


def share_codes(rows: Sequence[Attributed | None], names: Sequence[str]) -> Codes:
    """The shares of features in single answers, in units of 1 over `WHOLE_SHARE`.

    Args:
        rows: the attributions of each answer.
        names: the features.

    Returns:
        A row of codes for each, shape ``(n, features)``; `NO_CODE` where there are none, or all
        are 0.
    """
    codes = np.full((len(rows), len(names)), NO_CODE, np.uint8)
    held = [at for at, row in enumerate(rows) if row]
    if not held or not names:
        return codes
    told = [row for row in rows if row]
    whole = np.array([sum(map(abs, row.values())) for row in told], np.float64)
    table = np.array([[abs(row.get(name, 0.0)) for name in names] for row in told], np.float64)
    some = whole > 0.0
    shares = np.rint(table[some] / whole[some, None] * WHOLE_SHARE)
    codes[np.array(held)[some]] = shares.astype(np.uint8)
    return codes


class JudgedAttributions(msgspec.Struct):
    """The shares of features in answers with a label, in all of them and in the wrong ones.

    Of pairs of classes and of numbers, as `tidegauge.core.stats.errorbins.ErrorBins`: ``classes``
    and ``numbers`` count answers, ``wrong`` those of other classes than their label, and
    ``absolute`` is the exact sum of the absolute errors in units of 2**-1074. The sums of shares by
    feature are in units of 1 over `WHOLE_SHARE`; those of numbers are weighted with the error.
    """

    classes: int = 0
    wrong: int = 0
    numbers: int = 0
    absolute: int = 0
    class_shares: dict[str, int] = {}
    wrong_shares: dict[str, int] = {}
    number_shares: dict[str, int] = {}
    absolute_shares: dict[str, int] = {}

    def add(self, other: Self, sign: int = 1) -> None:
        """Add (or with ``sign`` -1 take away) others."""
        self.classes += sign * other.classes
        self.wrong += sign * other.wrong
        self.numbers += sign * other.numbers
        self.absolute += sign * other.absolute
        add_counts(self.class_shares, other.class_shares, sign)
        add_counts(self.wrong_shares, other.wrong_shares, sign)
        add_counts(self.number_shares, other.number_shares, sign)
        add_counts(self.absolute_shares, other.absolute_shares, sign)

    def is_zero(self) -> bool:
        """Whether nothing is counted."""
        return not (self.classes or self.numbers)

    def to_wire(self) -> list[Any]:
        """Plain lists, integers and bytes for msgpack."""
        exact = {name: exactsum.encode(total) for name, total in self.absolute_shares.items()}
        counts = (self.classes, self.wrong, self.numbers, exactsum.encode(self.absolute))
        return [*counts, self.class_shares, self.wrong_shares, self.number_shares, exact]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """The inverse of `to_wire`."""
        judged = cls(*wire)
        judged.absolute = exactsum.decode(wire[_ABSOLUTE])
        judged.absolute_shares = {name: exactsum.decode(t) for name, t in wire[_WEIGHTED].items()}
        return judged


_ABSOLUTE, _WEIGHTED = map(
    JudgedAttributions.__struct_fields__.index, ("absolute", "absolute_shares")
)


def fold_judged(
    codes: Codes, labels: LabelColumns, names: Sequence[str], n_groups: int
) -> list[JudgedAttributions]:
    """Count the shares of answers with a label by group, from 0 to ``n_groups - 1``.

    Args:
        codes: a row for each answer, of `share_codes`; rows of `NO_CODE` are passed over.
        labels: the label of each.
        names: the features of the codes.
        n_groups: number of groups.
    """
    held = codes[:, 0] != NO_CODE
    codes, labels = codes[held], labels.at(held)
    wrong = labels.classes & labels.wrong

    def count(some: NDArray[np.bool_]) -> list[int]:
        found: list[int] = np.bincount(labels.groups[some], minlength=n_groups).tolist()
        return found

    absolute = np.where(labels.numbers, labels.absolute, 0.0)
    errors = exactsum.exact_sums(absolute, labels.groups, n_groups)
    judged = list(
        map(JudgedAttributions, count(labels.classes), count(wrong), count(labels.numbers), errors)
    )
    for at, name in enumerate(names):
        column = codes[:, at].astype(np.float64)
        weighted = exactsum.exact_sums(absolute * column, labels.groups, n_groups)
        for group, one in enumerate(judged):
            add_counts(one.absolute_shares, {name: weighted[group]})
        for some, field in (
            (labels.classes, "class_shares"),
            (wrong, "wrong_shares"),
            (labels.numbers, "number_shares"),
        ):
            sums = np.bincount(labels.groups[some], column[some], n_groups).astype(np.int64)
            for one, total in zip(judged, sums.tolist(), strict=True):
                add_counts(getattr(one, field), {name: total})
    return judged
