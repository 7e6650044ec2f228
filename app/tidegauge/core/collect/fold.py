"""Folding one batch of a source partition into the deltas of its slots.

Rows are gathered while the join runs and are counted with numpy, by column, at the end of the
batch. A row goes to several slots: the whole version and each of its segments.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.arrivalorder import FORWARDED
from tidegauge.core.collect.attributed import AttributedFold
from tidegauge.core.collect.cells import Column, Gathered, Ints, distinct
from tidegauge.core.collect.corrected import CorrectedFold
from tidegauge.core.collect.firstfold import FirstFold
from tidegauge.core.collect.labeldelay import DelayCounts
from tidegauge.core.collect.labelled import Labelled, fold_labelled
from tidegauge.core.collect.layout import Coded, Rows, known, numbered
from tidegauge.core.collect.ordinary import LabelledRows
from tidegauge.core.collect.paired import PairedFold
from tidegauge.core.collect.pairing import Labels
from tidegauge.core.collect.pairs import Answers, Floats, Pairs, PairTable
from tidegauge.core.collect.request import Answer
from tidegauge.core.collect.requests import Requests
from tidegauge.core.collect.spread import Series, spread
from tidegauge.core.collect.state import ModelState
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, level_of
from tidegauge.core.requestkey import request_key, sample_hash
from tidegauge.core.stats.answers import fold_answers
from tidegauge.core.stats.attributions import JudgedAttributions
from tidegauge.core.stats.corrections import CorrectionKey, ErrorCounts
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.features import BinnedColumn, fold_columns
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.latency import bin_latencies
from tidegauge.core.stats.outcomes import UNSUPPORTED, Known
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import LATENCY_UNIT, SCORE_UNIT, SlotSums, TrafficCounts


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

    def put(
        self, key: OutcomeKey | SlotKey, found: FirstLabels | JudgedAttributions | DelayCounts
    ) -> None:
        """Take what was counted of first labels."""
        if isinstance(key, OutcomeKey) and isinstance(found, FirstLabels):
            self.outcomes[key] = found
        elif isinstance(key, SlotKey) and isinstance(found, JudgedAttributions):
            self.slot(key).add(SlotSums(judged=found))
        elif isinstance(key, SlotKey) and isinstance(found, dict):
            self.slot(key).add(SlotSums(delays=found))

    def slot(self, key: SlotKey) -> SlotSums:
        """The delta of one slot, to be added to."""
        sums = self.slots.get(key)
        if sums is None:
            sums = self.slots[key] = SlotSums()
        return sums


_PAIR = 4
"""The column of labels that has the number of the pair."""


class _Features(NamedTuple):
    """Features of a model version under one reference, and the panes they fall in."""

    model: str
    version: str
    reference: str
    columns: Mapping[str, BinnedColumn]
    starts: Ints


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
        self._first = FirstFold()
        self._corrected = CorrectedFold(self._levels[0].width_ms)
        self._paired = PairedFold()
        self.newest_labels: dict[str, int] = {}
        self._features: list[_Features] = []
        self.attributed = AttributedFold()

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

    def labelled(self, labelled: LabelledRows) -> None:
        """See `tidegauge.core.collect.ordinary.LabelledSink`."""
        records = labelled.records
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
        references = self._references_of(records)
        self._first.extend(
            (numbers, times, heard, pairs, references),
            records["high"],
            labelled.codes,
            labelled.request_ids,
        )
        own = np.flatnonzero(records["offset"] & FORWARDED == 0)
        newest = np.full(int(models.max()) + 1, NEVER)
        np.maximum.at(newest, models[own], heard[own])
        for clock in np.unique(models[own]).tolist():
            self.heard(self._requests.series.model(clock), int(newest[clock]))

    def _references_of(self, records: Rows) -> Ints:
        """The number in this batch of the reference of each row's codes."""
        present, of_row = np.unique(records["reference"], return_inverse=True)
        names = self._requests.names
        ids = [names.value(number - 1) if number else "" for number in present.tolist()]
        return np.array([self._first.reference(name) for name in ids])[of_row]

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
        columns: Mapping[str, BinnedColumn],
        starts: Ints,
    ) -> None:
        """Count predictions' features under the reference id that is in effect for them.

        Args:
            model: the model.
            version: its version as it is told apart.
            reference: the reference's id, or empty.
            columns: the features of the predictions in its bins, by name.
            starts: the start of each one's finest pane in ms.
        """
        self._features.append(_Features(model, version, reference, columns, starts))

    def _number(self, answer: Answer) -> int:
        """The number of the answer's series in this batch."""
        key = (answer.model, answer.version, answer.segments)
        return self._numbers.setdefault(key, len(self._numbers))

    def _series(self) -> list[Series]:
        return [
            Series(
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

    def first(self, answer: Answer, label: Known, time_ms: int, request_id: str | None) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        pair = self._pairs.number(answer.model, answer.predicted, label)
        reference = self._first.reference(answer.reference)
        row = (self._number(answer), answer.time, time_ms, pair, reference)
        told = request_id or ""
        self._first.add(row, sample_hash(request_key(told.encode())), answer.codes, told)

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
            if self._first:
                counted = self._first.finish(series, pairs, self._levels, profiles)
                for model, place, found in counted:
                    deltas.setdefault(model, Deltas()).put(place, found)
            for model, corrected, change in self._corrected.finish(pairs):
                deltas.setdefault(model, Deltas()).corrections[corrected] = change
            for model, key, other, counts in self._paired.finish(pairs, self._models, self._levels):
                deltas.setdefault(model, Deltas()).slot(key).add_pairs(other, counts)
        self._count_features(deltas)
        for model, key, told in self.attributed.finish():
            deltas.setdefault(model, Deltas()).slot(key).add(SlotSums(attributions=told))
        self._clear()
        return deltas

    def _count_features(self, deltas: dict[str, Deltas]) -> None:
        for model, version, reference, columns, times in self._features:
            starts, groups = np.unique(times, return_inverse=True)
            mine = deltas.setdefault(model, Deltas())
            for start, table in zip(
                starts.tolist(), fold_columns(columns, groups, len(starts)), strict=True
            ):
                # a feature that no row has is left out: which are known depends on what was read
                present = {name: c for name, c in table.items() if c.rows > c.missing}
                if present:
                    sums = mine.slot(SlotKey(version, *WHOLE, 0, start))
                    sums.features[reference] = present

    def _count_traffic(self, series: list[Series], deltas: dict[str, Deltas]) -> None:
        number, time, scores, answers, latencies = self._traffic.columns()
        level = np.zeros(len(number), np.int64)
        places = spread(number, level, time, series, self._levels)
        rows, slots = places.rows, places.slots
        count = len(places.keys)
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
        for at, (model, key) in enumerate(places.keys):
            counts = TrafficCounts(scores=score_bins[at], latencies=latency_bins[at])
            for name, column in sums.items():
                setattr(counts, name, int(column[at]))
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.traffic, slot.answers = counts, answered[at]

    def _count_labels(
        self,
        columns: list[Column],
        series: list[Series],
        table: PairTable,
        deltas: dict[str, Deltas],
    ) -> None:
        number, level, time, scores, pairs, signs = columns
        places = spread(number, level, time, series, self._levels)
        at = places.rows
        rows = Labelled(places.slots, scores[at], signs[at], pairs[at])
        counts = fold_labelled(rows, table, len(places.keys))
        for (model, key), counted in zip(places.keys, counts, strict=True):
            slot = deltas.setdefault(model, Deltas()).slot(key)
            slot.labels, slot.classes, slot.numbers = counted


def _sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Exact integer sums by group."""
    result = np.zeros(count, np.int64)
    np.add.at(result, groups, values)
    return result
