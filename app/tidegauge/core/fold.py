"""Folding one batch of a source partition into the deltas of its slots.

Rows are gathered as columns while the join runs and are counted with numpy at the end of the
batch. A row goes to several slots (the whole version and each of its segments): rows with the
same set of slots share a *combination*, looked up once per row.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tidegauge.core.config import PaneLevel
from tidegauge.core.events import FeatureValue
from tidegauge.core.panes import WHOLE, OutcomeKey, SlotKey, level_of, pane_start
from tidegauge.core.request import UNSUPPORTED, Answer
from tidegauge.core.stats.counts import count_cells
from tidegauge.core.stats.features import fold_features
from tidegauge.core.stats.latency import bin_latencies
from tidegauge.core.stats.quality import fold_labels
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.stats.scorebins import N_BINS, NO_SCORE, bin_scores
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


class _Slots:
    """Numbers for slots, and for the combinations of slots that rows go to together."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, SlotKey]] = []
        self._numbers: dict[tuple[str, SlotKey], int] = {}
        self._combinations: dict[tuple[str, str, tuple[str, ...], int, int], int] = {}
        self._members: list[list[int]] = []

    def combination(
        self, model: str, version: str, segments: tuple[str, ...], level: int, start: int
    ) -> int:
        key = (model, version, segments, level, start)
        number = self._combinations.get(key)
        if number is None:
            number = self._combinations[key] = len(self._members)
            pairs = [WHOLE, *zip(segments[::2], segments[1::2], strict=True)]
            self._members.append(
                [self._number(model, SlotKey(version, f, v, level, start)) for f, v in pairs]
            )
        return number

    def _number(self, model: str, key: SlotKey) -> int:
        number = self._numbers.get((model, key))
        if number is None:
            number = self._numbers[model, key] = len(self.keys)
            self.keys.append((model, key))
        return number

    def spread(self, combinations: list[int]) -> tuple[Ints, Ints]:
        """For each pair of a row and a slot it goes to: the row's index, the slot's number."""
        width = max(len(m) for m in self._members)
        table = np.full((len(self._members), width), -1, dtype=np.int64)
        for i, members in enumerate(self._members):
            table[i, : len(members)] = members
        slots = table[np.asarray(combinations)]
        rows = np.broadcast_to(np.arange(len(combinations))[:, None], slots.shape)
        kept = slots >= 0
        return rows[kept], slots[kept]


class _Rows(NamedTuple):
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
        self._width = levels[0].width_ms
        self._clear()

    def _clear(self) -> None:
        self._traffic = _Slots()
        self._traffic_in: list[int] = []
        self._scores: list[float] = []
        self._predicted: list[int] = []
        self._latencies: list[float] = []
        self._labels = _Slots()
        self._labels_in: list[int] = []
        self._label_rows: list[tuple[float, int, int, int]] = []
        self._outcomes = _Slots()
        self._outcomes_in: list[int] = []
        self._errors: list[int] = []
        self.newest_labels: dict[str, int] = {}
        self._features: dict[tuple[str, str, str], _Rows] = {}

    def prediction(self, answer: Answer, latency: float | None) -> None:
        """Count a prediction that was accepted."""
        start = pane_start(answer.time, self._width)
        self._traffic_in.append(self._combination(self._traffic, answer, 0, start))
        self._scores.append(np.nan if answer.score is None else answer.score)
        self._predicted.append(answer.predicted)
        self._latencies.append(np.nan if latency is None else latency)

    def features(self, answer: Answer, row: Row, reference: str) -> None:
        """Count a prediction's features under the reference id that is in effect for it."""
        key = (answer.model, self._version_of(answer.model, answer.version), reference)
        rows = self._features.get(key)
        if rows is None:
            rows = self._features[key] = _Rows([], [])
        rows.rows.append(row)
        rows.starts.append(pane_start(answer.time, self._width))

    def _combination(self, slots: _Slots, answer: Answer, level: int, start: int) -> int:
        version = self._version_of(answer.model, answer.version)
        return slots.combination(answer.model, version, answer.segments, level, start)

    def level(self, delay_ms: int) -> int:
        """See `tidegauge.core.join.LabelSink`."""
        return level_of(delay_ms, self._levels)

    def label(self, answer: Answer, sign: int) -> None:
        """See `tidegauge.core.join.LabelSink`."""
        if UNSUPPORTED in {answer.predicted, answer.label}:
            return
        start = pane_start(answer.time, self._levels[answer.level].width_ms)
        self._labels_in.append(self._combination(self._labels, answer, answer.level, start))
        score = np.nan if answer.score is None else answer.score
        self._label_rows.append((score, answer.predicted, answer.label, sign))

    def first(self, answer: Answer, label: int, time_ms: int) -> None:
        """See `tidegauge.core.join.LabelSink`."""
        self.newest_labels[answer.model] = max(
            time_ms, self.newest_labels.get(answer.model, time_ms)
        )
        if UNSUPPORTED in {answer.predicted, label}:
            return
        start = pane_start(time_ms, self._width)
        self._outcomes_in.append(self._combination(self._outcomes, answer, 0, start))
        self._errors.append(int(answer.predicted != label))

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
        if self._traffic_in:
            self._count_traffic(deltas)
        if self._labels_in:
            self._count_labels(deltas)
        if self._outcomes_in:
            self._count_outcomes(deltas)
        for (model, version, reference), rows in self._features.items():
            starts, groups = np.unique(rows.starts, return_inverse=True)
            tables = fold_features(
                rows.rows, groups, len(starts), names[model], profiles.get(reference)
            )
            mine = deltas.setdefault(model, Deltas())
            for start, table in zip(starts.tolist(), tables, strict=True):
                sums = mine.slot(SlotKey(version, *WHOLE, 0, start))
                sums.features[reference] = table
        self._clear()
        return deltas

    def _count_traffic(self, deltas: dict[str, Deltas]) -> None:
        rows, slots = self._traffic.spread(self._traffic_in)
        count = len(self._traffic.keys)
        scores = np.asarray(self._scores)
        latencies = np.asarray(self._latencies)
        predicted = np.asarray(self._predicted)
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
        for number, (model, key) in enumerate(self._traffic.keys):
            counts = TrafficCounts(scores=score_bins[number], latencies=latency_bins[number])
            for name, column in sums.items():
                setattr(counts, name, int(column[number]))
            deltas.setdefault(model, Deltas()).slot(key).traffic = counts

    def _count_labels(self, deltas: dict[str, Deltas]) -> None:
        rows, slots = self._labels.spread(self._labels_in)
        table = np.asarray(self._label_rows)
        whole = table[:, 1:].astype(np.int64)
        counts = fold_labels(
            table[rows, 0],
            whole[rows, 0],
            whole[rows, 1],
            whole[rows, 2],
            groups=slots,
            n_groups=len(self._labels.keys),
        )
        for (model, key), labels in zip(self._labels.keys, counts, strict=True):
            deltas.setdefault(model, Deltas()).slot(key).labels = labels

    def _count_outcomes(self, deltas: dict[str, Deltas]) -> None:
        rows, slots = self._outcomes.spread(self._outcomes_in)
        count = len(self._outcomes.keys)
        trials = np.bincount(slots, minlength=count)
        errors = _sums(np.asarray(self._errors)[rows], slots, count)
        for number, (model, key) in enumerate(self._outcomes.keys):
            outcome = OutcomeKey(key.version, key.field, key.value, key.start)
            pair = [int(trials[number]), int(errors[number])]
            deltas.setdefault(model, Deltas()).outcomes[outcome] = pair


def _sums(values: Ints, groups: Ints, count: int) -> Ints:
    """Exact integer sums by group."""
    result = np.zeros(count, np.int64)
    np.add.at(result, groups, values)
    return result
