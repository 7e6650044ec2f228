"""Folding one batch of a source partition into the deltas of its slots.

Rows are gathered while the join runs and are counted with numpy, by column, at the end of the
batch. A row goes to several slots: the whole version and each of its segments.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.collect.request import Answer
from tidegauge.core.config import PaneLevel
from tidegauge.core.events import FeatureValue
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, level_of
from tidegauge.core.partial import UNSUPPORTED
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.features import fold_features
from tidegauge.core.stats.latency import bin_latencies
from tidegauge.core.stats.quality import fold_labels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores
from tidegauge.core.streamtime import NEVER
from tidegauge.core.sums import LATENCY_UNIT, SCORE_UNIT, SlotSums, TrafficCounts

Ints = npt.NDArray[np.int64]
Row = Mapping[str, FeatureValue]


class Deltas:
    """What one batch changes for one model."""

    __slots__ = ("outcomes", "slots")

    def __init__(self) -> None:
        self.slots: dict[SlotKey, SlotSums] = {}
        self.outcomes: dict[OutcomeKey, list[int]] = {}

    def add(self, other: "Deltas") -> None:
        """Add the deltas of a later batch."""
        for key, sums in other.slots.items():
            self.slot(key).add(sums)
        for outcome, (trials, errors) in other.outcomes.items():
            pair = self.outcomes.setdefault(outcome, [0, 0])
            pair[0] += trials
            pair[1] += errors

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


_Row = tuple[Any, ...]
"""The number of a series, a level, a time in ms, and whatever is to be counted."""


def _spread(rows: list[_Row], series: list[_Series], levels: tuple[PaneLevel, ...]) -> _Spread:
    """Find the slots that rows go to, once for each distinct series, level and pane among them."""
    columns = list(zip(*rows, strict=True))
    number, level, time = (np.array(column, np.int64) for column in columns[:3])
    panes = time // np.array([x.width_ms for x in levels])[level]
    first = int(panes.min())
    extent = int(panes.max()) - first + 1
    cells = (number * len(levels) + level) * extent + (panes - first)
    present, inverse = np.unique(cells, return_inverse=True)
    numbers: dict[tuple[str, SlotKey], int] = {}
    members: list[list[int]] = []
    for cell in present.tolist():
        at, pane = divmod(cell, extent)
        (model, version, pairs), depth = series[at // len(levels)], at % len(levels)
        start = (pane + first) * levels[depth].width_ms
        keys = [(model, SlotKey(version, f, v, depth, start)) for f, v in pairs]
        members.append([numbers.setdefault(key, len(numbers)) for key in keys])
    table = np.full((len(members), max(map(len, members))), -1, dtype=np.int64)
    for i, slots in enumerate(members):
        table[i, : len(slots)] = slots
    by_row = table[inverse]
    kept = by_row >= 0
    at_row = np.broadcast_to(np.arange(len(rows))[:, None], by_row.shape)
    return _Spread(columns[3:], list(numbers), at_row[kept], by_row[kept])


class _Features(NamedTuple):
    """The feature rows of one model version under one reference, and the panes they fall in."""

    rows: list[Row]
    starts: list[int]


class BatchFold:
    """Gathers the rows of one batch; `finish` counts them. It is the join's `LabelSink`.

    ``newest_labels`` holds the newest label time in the batch by model, which feedback that names
    no model does not tell before it is joined.

    Args:
        levels: the pane pyramid.
        version_of: the version of a model as it is told apart.
    """

    def __init__(
        self, levels: tuple[PaneLevel, ...], version_of: Callable[[str, str], str]
    ) -> None:
        self._levels = levels
        self._version_of = version_of
        self._clear()

    def _clear(self) -> None:
        self._numbers: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._traffic: list[_Row] = []
        self._labels: list[_Row] = []
        self._outcomes: list[_Row] = []
        self.newest_labels: dict[str, int] = {}
        self._features: dict[tuple[str, str, str], _Features] = {}

    def prediction(self, answer: Answer, latency: float | None) -> None:
        """Count a prediction that was accepted."""
        self._traffic.append(
            (self._number(answer), 0, answer.time, answer.score, answer.predicted, latency)
        )

    def features(self, answer: Answer, version: str, start: int, row: Row, reference: str) -> None:
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
                self._version_of(model, version),
                (WHOLE, *zip(segments[::2], segments[1::2], strict=True)),
            )
            for model, version, segments in self._numbers
        ]

    def level(self, delay_ms: int) -> int:
        """See `tidegauge.core.collect.join.LabelSink`."""
        return level_of(delay_ms, self._levels)

    def label(self, answer: Answer, level: int, label: int, count: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        if UNSUPPORTED in (answer.predicted, label):
            return
        series = self._number(answer)
        self._labels.append(
            (series, level, answer.time, answer.score, answer.predicted, label, count)
        )

    def first(self, answer: Answer, label: int, time_ms: int) -> None:
        """See `tidegauge.core.collect.join.LabelSink`."""
        model = answer.model
        if time_ms > self.newest_labels.get(model, NEVER):
            self.newest_labels[model] = time_ms
        if UNSUPPORTED not in (answer.predicted, label):
            error = answer.predicted != label
            # a label that was waiting is known from the prediction on
            time_ms = max(time_ms, answer.time)
            self._outcomes.append((self._number(answer), 0, time_ms, error))

    def finish(
        self,
        names: Mapping[str, list[str]],
        profiles: Mapping[str, ReferenceProfile],
    ) -> dict[str, Deltas]:
        """Count everything gathered.

        Args:
            names: the features told apart in each model, in order.
            profiles: the reference profiles in use, by id.

        Returns:
            The deltas by model.
        """
        deltas: dict[str, Deltas] = {}
        series = self._series()
        if self._traffic:
            self._count_traffic(_spread(self._traffic, series, self._levels), deltas)
        if self._labels:
            self._count_labels(_spread(self._labels, series, self._levels), deltas)
        if self._outcomes:
            self._count_outcomes(_spread(self._outcomes, series, self._levels), deltas)
        for (model, version, reference), features in self._features.items():
            starts, groups = np.unique(features.starts, return_inverse=True)
            tables = fold_features(
                features.rows, groups, len(starts), names[model], profiles.get(reference)
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
        predicted = np.array(spread.columns[1], np.int64)
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
        for number, (model, key) in enumerate(spread.keys):
            counts = TrafficCounts(scores=score_bins[number], latencies=latency_bins[number])
            for name, column in sums.items():
                setattr(counts, name, int(column[number]))
            deltas.setdefault(model, Deltas()).slot(key).traffic = counts

    def _count_labels(self, spread: _Spread, deltas: dict[str, Deltas]) -> None:
        rows = spread.rows
        scores = np.array(spread.columns[0], np.float64)
        predicted, labels, signs = (np.array(column, np.int64) for column in spread.columns[1:])
        counts = fold_labels(
            scores[rows],
            predicted[rows],
            labels[rows],
            signs[rows],
            groups=spread.slots,
            n_groups=len(spread.keys),
        )
        for (model, key), label_counts in zip(spread.keys, counts, strict=True):
            deltas.setdefault(model, Deltas()).slot(key).labels = label_counts

    def _count_outcomes(self, spread: _Spread, deltas: dict[str, Deltas]) -> None:
        count = len(spread.keys)
        trials = np.bincount(spread.slots, minlength=count)
        wrong = np.array(spread.columns[0], np.int64)[spread.rows]
        errors = _sums(wrong, spread.slots, count)
        for number, (model, key) in enumerate(spread.keys):
            outcome = OutcomeKey(key.version, key.field, key.value, key.start)
            pair = [int(trials[number]), int(errors[number])]
            deltas.setdefault(model, Deltas()).outcomes[outcome] = pair


def _sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Exact integer sums by group."""
    result = np.zeros(count, np.int64)
    np.add.at(result, groups, values)
    return result
