"""Counting the labelled predictions of a batch: each pair in every reading that it fits."""

from typing import NamedTuple, TypeVar

import numpy as np

from tidegauge.core.collect.pairs import Bools, Floats, Ints, PairTable
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.classes import ClassCounts, fold_classes
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.numbers import NumberCounts, fold_numbers
from tidegauge.core.stats.quality import LabelCounts, fold_labels


class Labelled(NamedTuple):
    """Labelled rows by column: the slot, the score, how often it is added, the pair's number."""

    slots: Ints
    scores: Floats
    signs: Ints
    pairs: Ints

    def where(self, held: Bools) -> "Labelled":
        """The rows of those pairs."""
        if held.all():
            return self
        at = held[self.pairs]
        return Labelled(self.slots[at], self.scores[at], self.signs[at], self.pairs[at])


class LabelledCounts(NamedTuple):
    """The counts of one slot; None where it has no such rows."""

    labels: LabelCounts | None
    classes: ClassCounts | None
    numbers: NumberCounts | None


def fold_labelled(rows: Labelled, table: PairTable, n_slots: int) -> list[LabelledCounts]:
    """Fold labelled predictions by slot, from 0 to ``n_slots - 1``."""
    labels: list[LabelCounts] | list[None] = [None] * n_slots
    classes: list[ClassCounts] | list[None] = [None] * n_slots
    numbers: list[NumberCounts] | list[None] = [None] * n_slots
    binary = table.binary >= 0
    if binary.any():
        part = rows.where(binary)
        pair = table.binary[part.pairs]
        labels = fold_labels(
            part.scores, pair >> 1, pair & 1, part.signs, groups=part.slots, n_groups=n_slots
        )
    if table.classes.any():
        part = rows.where(table.classes)
        classes = fold_classes(
            part.scores,
            part.pairs,
            part.signs,
            names=table.names,
            right=table.right,
            binary=binary,
            groups=part.slots,
            n_groups=n_slots,
        )
    large = table.numbers & ~table.small
    if large.any():
        part = rows.where(large)
        numbers = fold_numbers(
            table.predicted[part.pairs],
            table.labels[part.pairs],
            part.signs,
            groups=part.slots,
            n_groups=n_slots,
        )
    return [
        LabelledCounts(_filled(binary_), _filled(classes_), _filled(numbers_))
        for binary_, classes_, numbers_ in zip(labels, classes, numbers, strict=True)
    ]


_C = TypeVar("_C", LabelCounts, ClassCounts, NumberCounts)


def _filled(counts: _C | None) -> _C | None:
    return None if counts is None or counts.is_zero() else counts


def fold_first(slots: Ints, pairs: Ints, table: PairTable, n_slots: int) -> list[FirstLabels]:
    """Fold first labels by slot; ``pairs`` holds the number of each row's pair."""
    columns = (table.classes, table.classes & table.wrong, table.numbers)
    trials, errors, numbers = (
        np.bincount(slots, column[pairs], n_slots).astype(np.int64).tolist() for column in columns
    )
    differences = np.where(table.numbers, np.abs(table.predicted - table.labels), 0.0)[pairs]
    absolute = exactsum.exact_sums(differences, slots, n_slots)
    squares = exactsum.exact_square_sums(differences, slots, n_slots)
    return list(map(FirstLabels, trials, errors, numbers, absolute, squares))
