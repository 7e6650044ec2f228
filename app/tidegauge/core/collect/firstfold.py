"""Folding first labels: errors by slot and feature bin, attributions, and a sample of errors."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tidegauge.core.collect.attributed import Judged, judged_slots, share_columns
from tidegauge.core.collect.cells import Gathered, Ints
from tidegauge.core.collect.labeldelay import DelayCounts, delay_slots
from tidegauge.core.collect.labelled import fold_first
from tidegauge.core.collect.pairs import PairTable
from tidegauge.core.collect.spread import Series, Spread, spread
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import OutcomeKey, SlotKey
from tidegauge.core.requestkey import Words
from tidegauge.core.stats.attributions import JudgedAttributions, fold_judged
from tidegauge.core.stats.errorbins import NO_CODE, Cells, Codes, LabelColumns, fold_error_bins
from tidegauge.core.stats.errorsample import ErrorSample, smallest
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import ReferenceProfile

_NO_REFERENCE = ""
_Counted = (
    tuple[str, OutcomeKey, FirstLabels] | tuple[str, SlotKey, JudgedAttributions | DelayCounts]
)


class FirstFold:
    """Gathers first labels. What each row holds is said at `extend`."""

    def __init__(self) -> None:
        # series, answer's time, label's time, pair, reference, hash of the request id
        self._rows = Gathered(*[np.int64] * 5, np.uint64)
        self._references: dict[str, int] = {_NO_REFERENCE: 0}
        self._codes: list[Codes] = []
        self._single_codes: list[bytes] = []
        self._ids: list[Sequence[str]] = []
        self._single_ids: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._rows)

    def reference(self, reference: str) -> int:
        """The number of a reference id in this batch; 0 for none."""
        return self._references.setdefault(reference, len(self._references))

    def extend(
        self,
        columns: tuple[Ints, Ints, Ints, Ints, Ints],
        hashes: Words,
        codes: Codes,
        request_ids: Sequence[str],
    ) -> None:
        """Take first labels, given by column.

        Args:
            columns: numbers of the series, times of answers and of labels in ms, numbers of pairs
                and of references.
            hashes: of the request ids.
            codes: of the features.
            request_ids: the request ids.
        """
        if len(hashes):
            self._rows.extend(*columns, hashes)
            self._codes.append(codes)
            self._ids.append(request_ids)

    def add(
        self, row: tuple[int, int, int, int, int], hashed: int, codes: bytes, request_id: str
    ) -> None:
        """Take one first label; see `extend`. An empty request id is not sampled."""
        self._rows.add(*row, hashed)
        self._single_codes.append(codes)
        self._single_ids.append(request_id)

    def finish(
        self,
        series: list[Series],
        table: PairTable,
        levels: tuple[PaneLevel, ...],
        profiles: Mapping[str, ReferenceProfile],
    ) -> Iterator[_Counted]:
        """Count everything gathered, by model and slot.

        Args:
            series: the series by number.
            table: the pairs by number.
            levels: the pane pyramid.
            profiles: the references in use, by id.

        Returns:
            On the axis of label time first labels; in the panes of their answers attributions, and
            how long the labels took.
        """
        number, time, heard, pairs, references, hashes = self._rows.columns()
        # a label that was waiting is known from the prediction on
        moments = np.maximum(time, heard)
        places = spread(number, np.zeros(len(number), np.int64), moments, series, levels)
        counts = fold_first(places.slots, pairs[places.rows], table, len(places.keys))
        labels = _columns(places, pairs, table)
        delays = moments - time
        yield from delay_slots(number, delays, time, series, levels)
        used = {n: profiles[name] for name, n in self._references.items() if name in profiles}
        if used:
            codes = self._all_codes()
            for reference, profile in used.items():
                rows = np.flatnonzero(references == reference)
                _count_bins(codes[rows], labels.at(rows), profile, counts)
            depths = np.searchsorted([level.span_ms for level in levels[:-1]], delays)
            judged = Judged(number, depths, time, references, labels)
            yield from judged_slots(judged, codes, used, series, levels)
        self._sample(labels, hashes, time, counts)
        for (model, key), first in zip(places.keys, counts, strict=True):
            if first.trials or first.numbers:
                yield model, OutcomeKey(key.version, key.field, key.value, key.start), first

    def _all_codes(self) -> Codes:
        single = [np.frombuffer(codes, np.uint8)[None, :] for codes in self._single_codes]
        parts = [*self._codes, *single]
        if len(parts) == 1:
            return parts[0]
        width = max(part.shape[1] for part in parts)
        codes = np.full((sum(map(len, parts)), width), NO_CODE, np.uint8)
        first = 0
        for part in parts:
            codes[first : first + len(part), : part.shape[1]] = part
            first += len(part)
        return codes

    def _sample(
        self, labels: LabelColumns, hashes: Words, time: Ints, counts: list[FirstLabels]
    ) -> None:
        ids = [name for part in (*self._ids, self._single_ids) for name in part]
        off = np.where(labels.numbers, labels.absolute, 0.0)
        weights = np.where(labels.classes, labels.wrong.astype(np.float64), off)
        rows, priorities = smallest(weights, hashes, labels.groups)
        for row, priority in zip(rows.tolist(), priorities.tolist(), strict=True):
            if ids[row]:
                error = ErrorSample(priority, ids[row], int(time[row]))
                counts[int(labels.groups[row])].sample.append(error)


def _count_bins(
    codes: Codes, labels: LabelColumns, profile: ReferenceProfile, counts: list[FirstLabels]
) -> None:
    """Count first labels under one reference, by bins and by what moved their answers."""
    if not len(codes):
        return
    cells = Cells(profile)
    present, groups = np.unique(labels.groups, return_inverse=True)
    mine = labels._replace(groups=groups)
    bins = fold_error_bins(codes, mine, cells, len(present))
    for slot, found in zip(present.tolist(), bins, strict=True):
        counts[slot].bins[profile.id] = found
    shares = share_columns(codes, profile)
    if not shares.size or (shares[:, 0] == NO_CODE).all():
        return
    names = [feature.name for feature in cells.features]
    for slot, judged in zip(
        present.tolist(), fold_judged(shares, mine, names, len(present)), strict=True
    ):
        if not judged.is_zero():
            counts[slot].judge(judged)


def _columns(places: Spread, pairs: Ints, table: PairTable) -> LabelColumns:
    """What is counted of each row, in the slot of its whole version."""
    numbers = table.numbers & ~table.small
    absolute = np.where(table.numbers, np.abs(table.predicted - table.labels), 0.0)
    return LabelColumns(
        places.whole, table.classes[pairs], table.wrong[pairs], numbers[pairs], absolute[pairs]
    )
