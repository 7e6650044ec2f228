"""Counting what the corrections of a batch change in errors that detectors were shown."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.cells import Gathered
from tidegauge.core.collect.pairing import Labels
from tidegauge.core.collect.pairs import Pairs, PairTable
from tidegauge.core.collect.request import Answer
from tidegauge.core.panes import pane_start
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.corrections import CorrectionKey, ErrorCounts


class Corrected(NamedTuple):
    """A change of one model's errors."""

    model: str
    key: CorrectionKey
    change: ErrorCounts


class CorrectedFold:
    """Gathers the corrections of a batch; `finish` counts them.

    Args:
        width_ms: the width of panes of label time.
    """

    def __init__(self, width_ms: int) -> None:
        self._width = width_ms
        self._cells: dict[tuple[str, CorrectionKey], int] = {}
        self._rows = Gathered(*[np.int64] * 3)

    def add(
        self, answer: Answer, labels: Labels, first_ms: int, time_ms: int, pairs: Pairs
    ) -> None:
        """See `tidegauge.core.collect.join.LabelSink.corrected`; ``pairs`` numbers the pairs."""
        # a label that was waiting is known from the prediction on
        at, first = (pane_start(max(t, answer.time), self._width) for t in (time_ms, first_ms))
        cell = self._cells.setdefault((answer.model, (at, first)), len(self._cells))
        for label, sign in zip(labels, (-1, 1), strict=True):
            self._rows.add(cell, pairs.number(answer.model, answer.predicted, label), sign)

    def finish(self, table: PairTable) -> Iterator[Corrected]:
        """What was changed; ``table`` says what the pairs mean."""
        if not self._rows:
            return
        cells, pairs, signs = self._rows.columns()
        n = len(self._cells)
        columns = (table.classes, table.classes & table.wrong, table.numbers)
        trials, errors, numbers = (
            np.bincount(cells, column[pairs] * signs, n).astype(np.int64).tolist()
            for column in columns
        )
        differences = np.where(table.numbers, np.abs(table.predicted - table.labels), 0.0)
        absolute = exactsum.exact_sums(differences[pairs] * signs, cells, n)
        counts = map(ErrorCounts, trials, errors, numbers, absolute)
        for (model, key), change in zip(self._cells, counts, strict=True):
            if change != ErrorCounts():
                yield Corrected(model, key, change)
