"""Counting the pairs of a batch: requests that two versions of a model answered, with labels."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.cells import Gathered, Ints, cells_of
from tidegauge.core.collect.pairs import PairTable
from tidegauge.core.collect.request import Answer
from tidegauge.core.collect.state import ModelState
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import WHOLE, SlotKey
from tidegauge.core.stats.classes import OTHER
from tidegauge.core.stats.paired import (
    NumberPairs,
    PairedClasses,
    PairedCounts,
    PairedNumbers,
    fold_paired_classes,
    fold_paired_numbers,
)


class Paired(NamedTuple):
    """What one slot counts of its version and another one."""

    model: str
    key: SlotKey
    other: str
    counts: PairedCounts


class _Rows(NamedTuple):
    """Pairs by column: the pane, the number of each answer with its label, and how often added."""

    groups: Ints
    ones: Ints
    others: Ints
    same: Ints
    signs: Ints


class PairedFold:
    """Gathers the pairs of one batch; `finish` counts them."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str, str], int] = {}
        self._rows = Gathered(*[np.int64] * 7)

    def add(self, one: Answer, other: Answer, level: int, pairs: tuple[int, int], n: int) -> None:
        """Count two answers so many times.

        Args:
            one: an answer.
            other: that of another version of its model to the same request.
            level: the level of the pane.
            pairs: the number of each answer with its label.
            n: how often it is added; less than 0 takes it back.
        """
        if one.version > other.version:
            one, other, pairs = other, one, (pairs[1], pairs[0])
        key = (one.model, one.version, other.version)
        number = self._versions.setdefault(key, len(self._versions))
        time = max(one.time, other.time)
        self._rows.add(number, level, time, *pairs, one.predicted == other.predicted, n)

    def finish(
        self, table: PairTable, models: Mapping[str, ModelState], levels: tuple[PaneLevel, ...]
    ) -> Iterator[Paired]:
        """What each of both versions' slots counts; not of what is folded into `OTHER`.

        Args:
            table: what the numbers of answers with labels mean.
            models: what is told apart in each model.
            levels: the pane pyramid.
        """
        if not self._rows:
            return
        versions_of, depths, times, *columns = self._rows.columns()
        cells = cells_of(versions_of, depths, times, levels)
        counts = _counted(_Rows(cells.of_row, *columns), table, len(cells.present))
        versions = list(self._versions)
        for (number, level, start), counted in zip(cells.present, counts, strict=True):
            model, one, other = versions[number]
            names = models[model].names
            told, told_other = names.told_version(one), names.told_version(other)
            if OTHER in (model, told, told_other) or counted.is_zero():
                continue
            yield Paired(model, SlotKey(told, *WHOLE, level, start), told_other, counted)
            mirror = SlotKey(told_other, *WHOLE, level, start)
            yield Paired(model, mirror, told, counted.mirrored())


def _counted(rows: _Rows, table: PairTable, n: int) -> list[PairedCounts]:
    ones, others = table.binary[rows.ones], table.binary[rows.others]
    binary = _classes(
        rows,
        (ones >= 0) & (others >= 0),
        right=(ones >> 1 == ones & 1, others >> 1 == others & 1),
        same=ones >> 1 == others >> 1,
        n=n,
    )
    classes = _classes(
        rows,
        table.classes[rows.ones] & table.classes[rows.others],
        right=(table.right[rows.ones], table.right[rows.others]),
        same=rows.same,
        n=n,
    )
    numbers = _numbers(rows, table, n)
    return [PairedCounts(*readings) for readings in zip(binary, classes, numbers, strict=True)]


def _classes(
    rows: _Rows,
    fits: np.ndarray,
    *,
    right: tuple[np.ndarray, np.ndarray],
    same: np.ndarray,
    n: int,
) -> list[PairedClasses]:
    outcomes = (right[0] * 2 + right[1]) * 2 + same
    return fold_paired_classes(
        outcomes[fits], rows.signs[fits], groups=rows.groups[fits], n_groups=n
    )


def _numbers(rows: _Rows, table: PairTable, n: int) -> list[PairedNumbers]:
    fits = table.numbers[rows.ones] & table.numbers[rows.others]
    if not fits.any():
        return [PairedNumbers() for _ in range(n)]
    ones, others = rows.ones[fits], rows.others[fits]
    return fold_paired_numbers(
        NumberPairs(
            table.predicted[ones], table.labels[ones], table.predicted[others], table.labels[others]
        ),
        rows.signs[fits],
        groups=rows.groups[fits],
        n_groups=n,
    )
