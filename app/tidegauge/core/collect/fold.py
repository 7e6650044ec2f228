"""Folding one batch of a source partition into the deltas of its slots.

Rows are gathered while the join runs and are counted with numpy, by column, at the end of the
batch. A row goes to several slots: the whole version and each of its segments.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.arrivalorder import FORWARDED
from tidegauge.core.collect.cells import Cell, Column, Gathered, Ints, cells_of, distinct
from tidegauge.core.collect.corrected import CorrectedFold
from tidegauge.core.collect.labelled import Labelled, fold_first, fold_labelled
from tidegauge.core.collect.layout import Coded, Rows, known, numbered
from tidegauge.core.collect.paired import PairedFold
from tidegauge.core.collect.pairing import Labels
from tidegauge.core.collect.pairs import Answers, Floats, Pairs, PairTable
from tidegauge.core.collect.request import Answer
from tidegauge.core.collect.requests import Requests
from tidegauge.core.collect.state import ModelState
from tidegauge.core.config import PaneLevel
from tidegauge.core.events import FeatureValue
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, level_of
from tidegauge.core.stats.answers import fold_answers
from tidegauge.core.stats.corrections import CorrectionKey, ErrorCounts
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

    __slots__ = ("corrections", "outcomes", "slots")

    def __init__(self) -> None:
        self.slots: dict[SlotKey, SlotSums] = {}
        self.outcomes: dict[OutcomeKey, FirstLabels] = {}
        self.corrections: dict[CorrectionKey, ErrorCounts] = {}

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
        for correction, change in other.corrections.items():
            self.corrections.setdefault(correction, ErrorCounts()).add(change)

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
    """Slots by number, and the numbers of each row and slot that go together."""

    keys: list[tuple[str, SlotKey]]
    rows: Ints
    slots: Ints


def _keys(cell: Cell, series: list[_Series]) -> list[tuple[str, SlotKey]]:
    model, version, pairs = series[cell.number]
    return [(model, SlotKey(version, f, v, cell.level, cell.start)) for f, v in pairs]


_PAIR = 4
"""The column of labels that has the number of the pair."""


class _Features(NamedTuple):
    """The feature rows of one model version under one reference, and the panes they fall in."""

    rows: list[FeatureRow]
    starts: list[Ints]


class BatchFold:
    """Gathers the rows of one batch; `finish` counts them. It is the join's `LabelSink`.

    ``newest_labels`` holds the newest label time in the batch by model, which feedback that names
    no model does not tell before it is joined. Labels that were forwarded are not in it: they say
    nothing about the log of this partition.

    Args:
        levels: the pane pyramid.
        models: what is told apart in each model, and its rules.
        requests: gives the series and the names of what is retained.
    """

    def __init__(
        self,
        levels: tuple[PaneLevel, ...],
        models: Mapping[str, ModelState],
        requests: Requests,
    ) -> None:
        self._levels = levels
        self._models = models
        self._requests = requests
        self._spans = np.array([level.span_ms for level in levels[:-1]])
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._answers = Answers()
        self._pairs = Pairs()
        self._traffic = Gathered(np.int64, np.int64, np.float64, np.int64, np.float64)
        self._labels = Gathered(*[np.int64] * 3, np.float64, *[np.int64] * 2)
        self._outcomes = Gathered(*[np.int64] * 3)
        self._corrected = CorrectedFold(self._levels[0].width_ms)
        self._paired = PairedFold()
        self.newest_labels: dict[str, int] = {}
        self._features: dict[tuple[str, str, str], _Features] = {}

    def predictions(self, records: Rows, latencies: Floats) -> None:
        """Count predictions that were accepted, given as rows, and their latencies in s or NaN."""
        numbers, models = self._series_of(records)
        answers, answer = numbered(Coded(records["predicted_kind"], records["predicted"]))
        (model, which), of_row = distinct([models, answer])
        found = [
            self._answers.number(self._requests.series.model(m), self._known(answers, a))
            for m, a in zip(model.tolist(), which.tolist(), strict=True)
        ]
        predicted = np.array(found)[of_row]
        self._traffic.extend(numbers, records["time"], records["score"], predicted, latencies)

    def labelled(self, records: Rows) -> None:
        """See `tidegauge.core.collect.ordinary.LabelledSink`."""
        if not len(records):
            return
        numbers, models = self._series_of(records)
        answers, answer = numbered(Coded(records["predicted_kind"], records["predicted"]))
        labels, label = numbered(Coded(records["label_kind"], records["label"]))
        columns, of_row = distinct([models, answer, label])
        found = [
            self._pairs.number(
                self._requests.series.model(m), self._known(answers, a), self._known(labels, b)
            )
            for m, a, b in zip(*(column.tolist() for column in columns), strict=True)
        ]
        pairs = np.array(found)[of_row]
        times, heard = records["time"], records["label_time"]
        levels = np.searchsorted(self._spans, heard - times)
        self._labels.extend(
            numbers, levels, times, records["score"], pairs, np.ones(len(pairs), np.int64)
        )
        # a label that was waiting is known from the prediction on
        self._outcomes.extend(numbers, np.maximum(heard, times), pairs)
        own = np.flatnonzero(records["offset"] & FORWARDED == 0)
        newest = np.full(int(models.max()) + 1, NEVER)
        np.maximum.at(newest, models[own], heard[own])
        for clock in np.unique(models[own]).tolist():
            self.heard(self._requests.series.model(clock), int(newest[clock]))

    def _known(self, outcomes: Coded, at: int) -> Known:
        return known(int(outcomes.kinds[at]), int(outcomes.values[at]), self._requests.names)

    def _series_of(self, records: Rows) -> tuple[Ints, Ints]:
        """The number in this batch of each row's series, and the clock that is its model."""
        table = self._requests.series
        present, of_row = np.unique(records["series"], return_inverse=True)
        found = []
        for series in map(table.series, present.tolist()):
            key = (series.model, series.version or "", series.segments)
            found.append(self._numbers.setdefault(key, len(self._numbers)))
        return np.array(found)[of_row], table.terms(present).clock[of_row]

    def heard(self, model: str, time_ms: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        if time_ms > self.newest_labels.get(model, NEVER):
            self.newest_labels[model] = time_ms

    def features(
        self,
        model: str,
        version: str,
        reference: str,
        rows: Sequence[FeatureRow],
        starts: Ints,
    ) -> None:
        """Count predictions' features under the reference id that is in effect for them.

        Args:
            model: the model.
            version: its version as it is told apart.
            reference: the reference's id, or empty.
            rows: the features of each prediction.
            starts: the start of each one's finest pane in ms.
        """
        features = self._features.setdefault((model, version, reference), _Features([], []))
        features.rows.extend(rows)
        features.starts.append(starts)

    def _number(self, answer: Answer) -> int:
        """The number of the answer's series in this batch."""
        key = (answer.model, answer.version, answer.segments)
        return self._numbers.setdefault(key, len(self._numbers))

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
        score = np.nan if answer.score is None else answer.score
        self._labels.add(self._number(answer), level, answer.time, score, pair, count)

    def first(self, answer: Answer, label: Known, time_ms: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        # a label that was waiting is known from the prediction on
        time_ms = max(time_ms, answer.time)
        pair = self._pairs.number(answer.model, answer.predicted, label)
        self._outcomes.add(self._number(answer), time_ms, pair)

    def corrected(self, answer: Answer, labels: Labels, first_ms: int, time_ms: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        self._corrected.add(answer, labels, first_ms, time_ms, self._pairs)

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
            self._count_traffic(series, deltas)
        if self._pairs:
            labels = self._labels.columns() if self._labels else None
            rows = np.empty(0, np.int64) if labels is None else labels[_PAIR]
            pairs = self._pairs.table(rows, self._models)
            if labels is not None:
                self._count_labels(labels, series, pairs, deltas)
            if self._outcomes:
                self._count_outcomes(series, pairs, deltas)
            for model, corrected, change in self._corrected.finish(pairs):
                deltas.setdefault(model, Deltas()).corrections[corrected] = change
            for model, key, other, counts in self._paired.finish(pairs, self._models, self._levels):
                deltas.setdefault(model, Deltas()).slot(key).add_pairs(other, counts)
        self._count_features(profiles, deltas)
        self._clear()
        return deltas

    def _spread(self, number: Ints, level: Ints, time: Ints, series: list[_Series]) -> _Spread:
        """Find the slots that rows go to: the whole version and each of its segments."""
        cells = cells_of(number, level, time, self._levels)
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
        at_row = np.broadcast_to(np.arange(len(number))[:, None], by_row.shape)
        return _Spread(list(numbers), at_row[kept], by_row[kept])

    def _count_features(
        self, profiles: Mapping[str, ReferenceProfile], deltas: dict[str, Deltas]
    ) -> None:
        for (model, version, reference), features in self._features.items():
            starts, groups = np.unique(np.concatenate(features.starts), return_inverse=True)
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

    def _count_traffic(self, series: list[_Series], deltas: dict[str, Deltas]) -> None:
        number, time, scores, answers, latencies = self._traffic.columns()
        spread = self._spread(number, np.zeros(len(number), np.int64), time, series)
        rows, slots = spread.rows, spread.slots
        count = len(spread.keys)
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
        for at, (model, key) in enumerate(spread.keys):
            counts = TrafficCounts(scores=score_bins[at], latencies=latency_bins[at])
            for name, column in sums.items():
                setattr(counts, name, int(column[at]))
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.traffic, slot.answers = counts, answered[at]

    def _count_labels(
        self,
        columns: list[Column],
        series: list[_Series],
        table: PairTable,
        deltas: dict[str, Deltas],
    ) -> None:
        number, level, time, scores, pairs, signs = columns
        spread = self._spread(number, level, time, series)
        at = spread.rows
        rows = Labelled(spread.slots, scores[at], signs[at], pairs[at])
        counts = fold_labelled(rows, table, len(spread.keys))
        for (model, key), counted in zip(spread.keys, counts, strict=True):
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.labels, slot.classes, slot.numbers = counted

    def _count_outcomes(
        self, series: list[_Series], table: PairTable, deltas: dict[str, Deltas]
    ) -> None:
        number, time, pairs = self._outcomes.columns()
        spread = self._spread(number, np.zeros(len(number), np.int64), time, series)
        counts = fold_first(spread.slots, pairs[spread.rows], table, len(spread.keys))
        for (model, key), first in zip(spread.keys, counts, strict=True):
            if first.trials or first.numbers:
                outcome = OutcomeKey(key.version, key.field, key.value, key.start)
                deltas.setdefault(model, Deltas()).outcomes[outcome] = first


def _sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Exact integer sums by group."""
    result = np.zeros(count, np.int64)
    np.add.at(result, groups, values)
    return result
