"""Folding one batch of a source partition into the deltas of its slots.

Rows are gathered while the join runs and are counted with numpy, by column, at the end of the
batch. A row goes to several slots: the whole version and each of its segments.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tidegauge.core.collect.cells import Cell, Ints, Row, cells_of
from tidegauge.core.collect.labelled import Labelled, fold_first, fold_labelled
from tidegauge.core.collect.paired import PairedFold
from tidegauge.core.collect.pairing import Labels
from tidegauge.core.collect.pairs import Answers, Pairs, PairTable
from tidegauge.core.collect.request import Answer
from tidegauge.core.collect.state import ModelState
from tidegauge.core.config import PaneLevel
from tidegauge.core.events import FeatureValue
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, level_of
from tidegauge.core.stats.answers import fold_answers
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.features import fold_features
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.latency import bin_latencies
from tidegauge.core.stats.outcomes import UNSUPPORTED, Known
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import LATENCY_UNIT, SCORE_UNIT, SlotSums, TrafficCounts

FeatureRow = Mapping[str, FeatureValue]


class Deltas:
    """What one batch changes for one model."""

    __slots__ = ("outcomes", "slots")

    def __init__(self) -> None:
        self.slots: dict[SlotKey, SlotSums] = {}
        self.outcomes: dict[OutcomeKey, FirstLabels] = {}

    def add(self, other: "Deltas") -> None:
        """Add the deltas of a later batch."""
        for key, sums in other.slots.items():
            self.slot(key).add(sums)
        for outcome, first in other.outcomes.items():
            mine = self.outcomes.get(outcome)
            if mine is None:
                self.outcomes[outcome] = first
            else:
                mine.add(first)

    def slot(self, key: SlotKey) -> SlotSums:
        """The delta of one slot, to be added to."""
        sums = self.slots.get(key)
        if sums is None:
            sums = self.slots[key] = SlotSums()
        return sums


class _Series(NamedTuple):
    """One version of a model and the segments it is told apart by, the whole first."""

    model: str
    version: str
    segments: tuple[tuple[str, str], ...]


class _Spread(NamedTuple):
    """Rows by column, slots by number, and the numbers of each row and slot that go together."""

    columns: list[tuple[Any, ...]]
    keys: list[tuple[str, SlotKey]]
    rows: Ints
    slots: Ints


_PAIR = 4
"""Where the row of a label has the number of its pair."""


def _spread(rows: list[Row], series: list[_Series], levels: tuple[PaneLevel, ...]) -> _Spread:
    """Find the slots that rows go to: the whole version and each of its segments."""
    cells = cells_of(rows, levels)
    numbers: dict[tuple[str, SlotKey], int] = {}
    members = [
        [numbers.setdefault(key, len(numbers)) for key in _keys(cell, series)]
        for cell in cells.present
    ]
    table = np.full((len(members), max(map(len, members))), -1, dtype=np.int64)
    for i, slots in enumerate(members):
        table[i, : len(slots)] = slots
    by_row = table[cells.of_row]
    kept = by_row >= 0
    at_row = np.broadcast_to(np.arange(len(rows))[:, None], by_row.shape)
    return _Spread(cells.columns, list(numbers), at_row[kept], by_row[kept])


def _keys(cell: Cell, series: list[_Series]) -> list[tuple[str, SlotKey]]:
    model, version, pairs = series[cell.number]
    return [(model, SlotKey(version, f, v, cell.level, cell.start)) for f, v in pairs]


class _Features(NamedTuple):
    """The feature rows of one model version under one reference, and the panes they fall in."""

    rows: list[FeatureRow]
    starts: list[int]


class BatchFold:
    """Gathers the rows of one batch; `finish` counts them. It is the join's `LabelSink`.

    ``newest_labels`` holds the newest label time in the batch by model, which feedback that names
    no model does not tell before it is joined.

    Args:
        levels: the pane pyramid.
        models: what is told apart in each model, and its rules.
    """

    def __init__(self, levels: tuple[PaneLevel, ...], models: Mapping[str, ModelState]) -> None:
        self._levels = levels
        self._models = models
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._answers = Answers()
        self._pairs = Pairs()
        self._traffic: list[Row] = []
        self._labels: list[Row] = []
        self._outcomes: list[Row] = []
        self._paired = PairedFold()
        self.newest_labels: dict[str, int] = {}
        self._features: dict[tuple[str, str, str], _Features] = {}

    def prediction(self, answer: Answer, latency: float | None) -> None:
        """Count a prediction that was accepted."""
        predicted = self._answers.number(answer.model, answer.predicted)
        self._traffic.append(
            (self._number(answer), 0, answer.time, answer.score, predicted, latency)
        )

    def features(
        self, answer: Answer, version: str, start: int, row: FeatureRow, reference: str
    ) -> None:
        """Count a prediction's features under the reference id that is in effect for it.

        Args:
            answer: the prediction.
            version: its version as it is told apart.
            start: the start of its finest pane in ms.
            row: the features.
            reference: the reference's id, or empty.
        """
        key = (answer.model, version, reference)
        features = self._features.get(key)
        if features is None:
            features = self._features[key] = _Features([], [])
        features.rows.append(row)
        features.starts.append(start)

    def _number(self, answer: Answer) -> int:
        """The number of the answer's series in this batch."""
        key = (answer.model, answer.version, answer.segments)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
        return number

    def _series(self) -> list[_Series]:
        return [
            _Series(
                model,
                self._models[model].names.told_version(version),
                (WHOLE, *zip(segments[::2], segments[1::2], strict=True)),
            )
            for model, version, segments in self._numbers
        ]

    def level(self, delay_ms: int) -> int:
        """See `tidegauge.core.collect.join.LabelSink`."""
        return level_of(delay_ms, self._levels)

    def label(self, answer: Answer, level: int, label: Known, count: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        pair = self._pairs.number(answer.model, answer.predicted, label)
        self._labels.append((self._number(answer), level, answer.time, answer.score, pair, count))

    def first(self, answer: Answer, label: Known, time_ms: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        model = answer.model
        if time_ms > self.newest_labels.get(model, NEVER):
            self.newest_labels[model] = time_ms
        # a label that was waiting is known from the prediction on
        time_ms = max(time_ms, answer.time)
        pair = self._pairs.number(model, answer.predicted, label)
        self._outcomes.append((self._number(answer), 0, time_ms, pair))

    def pair(self, answers: tuple[Answer, Answer], level: int, labels: Labels, count: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        one, other = (
            self._pairs.number(answer.model, answer.predicted, label)
            for answer, label in zip(answers, labels, strict=True)
        )
        self._paired.add(*answers, level, (one, other), count)

    def finish(self, profiles: Mapping[str, ReferenceProfile]) -> dict[str, Deltas]:
        """Count everything gathered.

        Args:
            profiles: the reference profiles in use, by id.

        Returns:
            The deltas by model.
        """
        deltas: dict[str, Deltas] = {}
        series = self._series()
        if self._traffic:
            self._count_traffic(_spread(self._traffic, series, self._levels), deltas)
        if self._pairs:
            pairs = self._pairs.table([row[_PAIR] for row in self._labels], self._models)
            if self._labels:
                self._count_labels(_spread(self._labels, series, self._levels), pairs, deltas)
            if self._outcomes:
                self._count_outcomes(_spread(self._outcomes, series, self._levels), pairs, deltas)
            for model, key, other, counts in self._paired.finish(pairs, self._models, self._levels):
                deltas.setdefault(model, Deltas()).slot(key).add_pairs(other, counts)
        for (model, version, reference), features in self._features.items():
            starts, groups = np.unique(features.starts, return_inverse=True)
            names = self._models[model].names.catalog.features
            tables = fold_features(
                features.rows, groups, len(starts), names, profiles.get(reference)
            )
            mine = deltas.setdefault(model, Deltas())
            for start, table in zip(starts.tolist(), tables, strict=True):
                # a feature that no row has is left out: which are known depends on what was read
                present = {name: c for name, c in table.items() if c.rows > c.missing}
                if present:
                    sums = mine.slot(SlotKey(version, *WHOLE, 0, start))
                    sums.features[reference] = present
        self._clear()
        return deltas

    def _count_traffic(self, spread: _Spread, deltas: dict[str, Deltas]) -> None:
        rows, slots = spread.rows, spread.slots
        count = len(spread.keys)
        scores, latencies = (np.array(spread.columns[i], np.float64) for i in (0, 2))
        answers = np.array(spread.columns[1], np.int64)
        table = self._answers.table(answers, self._models)
        predicted = table.binary[answers]
        units = np.rint(np.nan_to_num(scores) / SCORE_UNIT).astype(np.int64)
        micros = np.rint(np.nan_to_num(latencies) / LATENCY_UNIT).astype(np.int64)
        timed = ~np.isnan(latencies)
        columns = {
            "predictions": np.ones(len(scores), np.int64),
            "classes": predicted != UNSUPPORTED,
            "positives": predicted == 1,
            "scored": ~np.isnan(scores),
            "score_sum": units,
            "score_squares": units * units,
            "timed": timed,
            "latency_sum": micros,
        }
        sums = {
            name: _sums(column.astype(np.int64)[rows], slots, count)
            for name, column in columns.items()
        }
        bins = bin_scores(scores)[rows]
        scored = bins != NO_SCORE
        score_bins = count_cells(bins[scored], slots[scored], count, N_BINS)
        wide = np.zeros(len(latencies), np.int64)
        wide[timed] = bin_latencies(latencies[timed])
        kept = timed[rows]
        latency_bins = count_cells(wide[rows][kept], slots[kept], count, int(wide.max()) + 1)
        answered = fold_answers(
            answers[rows], names=table.names, values=table.values, groups=slots, n_groups=count
        )
        for number, (model, key) in enumerate(spread.keys):
            counts = TrafficCounts(scores=score_bins[number], latencies=latency_bins[number])
            for name, column in sums.items():
                setattr(counts, name, int(column[number]))
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.traffic, slot.answers = counts, answered[number]

    def _count_labels(self, spread: _Spread, table: PairTable, deltas: dict[str, Deltas]) -> None:
        scores = np.array(spread.columns[0], np.float64)
        pairs, signs = (np.array(column, np.int64) for column in spread.columns[1:])
        at = spread.rows
        rows = Labelled(spread.slots, scores[at], signs[at], pairs[at])
        counts = fold_labelled(rows, table, len(spread.keys))
        for (model, key), counted in zip(spread.keys, counts, strict=True):
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.labels, slot.classes, slot.numbers = counted

    def _count_outcomes(self, spread: _Spread, table: PairTable, deltas: dict[str, Deltas]) -> None:
        pairs = np.array(spread.columns[0], np.int64)[spread.rows]
        counts = fold_first(spread.slots, pairs, table, len(spread.keys))
        for (model, key), first in zip(spread.keys, counts, strict=True):
            if first.trials or first.numbers:
                outcome = OutcomeKey(key.version, key.field, key.value, key.start)
                deltas.setdefault(model, Deltas()).outcomes[outcome] = first


def _sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Exact integer sums by group."""
    result = np.zeros(count, np.int64)
    np.add.at(result, groups, values)
    return result
