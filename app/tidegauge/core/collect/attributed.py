"""Folding the attributions of a batch: of all predictions, and of those with their first label."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.cells import Ints
from tidegauge.core.collect.spread import Series, spread
from tidegauge.core.config import PaneLevel
from tidegauge.core.panes import WHOLE, SlotKey
from tidegauge.core.stats.attributions import (
    Attributed,
    AttributionCounts,
    JudgedAttributions,
    fold_attributions,
    fold_judged,
)
from tidegauge.core.stats.errorbins import NO_CODE, Codes, LabelColumns, binned
from tidegauge.core.stats.reference import ReferenceProfile


class _Part(NamedTuple):
    """Predictions of one model version that carry attributions."""

    model: str
    version: str
    rows: Sequence[Attributed]
    starts: Ints
    names: frozenset[str]


class AttributedFold:
    """Gathers the attributions of predictions."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def add(
        self,
        model: str,
        version: str,
        rows: Sequence[Attributed],
        starts: Ints,
        names: frozenset[str],
    ) -> None:
        """Take those of some predictions.

        Args:
            model: the model.
            version: its version as it is told apart.
            rows: of each prediction.
            starts: the start of each one's finest pane in ms.
            names: the features that are told apart.
        """
        self._parts.append(_Part(model, version, rows, starts, names))

    def finish(self) -> Iterator[tuple[str, SlotKey, AttributionCounts]]:
        """Count everything gathered, by model and slot of the whole version."""
        for model, version, rows, times, names in self._parts:
            starts, groups = np.unique(times, return_inverse=True)
            counts = fold_attributions(rows, groups, len(starts), names)
            for start, found in zip(starts.tolist(), counts, strict=True):
                yield model, SlotKey(version, *WHOLE, 0, start), found


class Judged(NamedTuple):
    """First labels by column, shape ``(n,)`` each."""

    number: Ints
    """Of the series."""
    level: Ints
    """Of the pane that takes a label with such a delay."""
    time: Ints
    """Of the answer, ms."""
    references: Ints
    """Of the codes, by its number in the batch; 0 for none."""
    labels: LabelColumns
    """``groups`` has the slot on the axis of label time."""


def share_columns(codes: Codes, profile: ReferenceProfile) -> Codes:
    """The codes of shares that follow the codes of bins under a reference."""
    width = len(binned(profile))
    return codes[:, width : 2 * width]


def judged_slots(
    rows: Judged,
    codes: Codes,
    profiles: Mapping[int, ReferenceProfile],
    series: list[Series],
    levels: tuple[PaneLevel, ...],
) -> Iterator[tuple[str, SlotKey, JudgedAttributions]]:
    """Count the attributions of answers with their first label, in the panes of the answers.

    Args:
        rows: the first labels.
        codes: of the answers' features.
        profiles: the references in use, by their number in the batch.
        series: the series by number.
        levels: the pane pyramid.
    """
    for reference, profile in profiles.items():
        shares = share_columns(codes, profile)
        if not shares.shape[1]:
            continue
        at = np.flatnonzero((rows.references == reference) & (shares[:, 0] != NO_CODE))
        if not len(at):
            continue
        places = spread(rows.number[at], rows.level[at], rows.time[at], series, levels)
        present, groups = np.unique(places.whole, return_inverse=True)
        names = [feature.name for feature in binned(profile)]
        mine = rows.labels.at(at)._replace(groups=groups)
        found = fold_judged(shares[at], mine, names, len(present))
        for slot, counts in zip(present.tolist(), found, strict=True):
            if not counts.is_zero():
                model, key = places.keys[slot]
                yield model, key, counts
