"""Predictions' features in the bins of the references in effect, before they are joined.

They are counted once the join has accepted them, and their codes go with the retained request, so
that its first label can be counted by bin (`tidegauge.core.stats.errorbins`). Where an event says
how much each feature moved its answer, the codes of those shares follow, as many as the codes of
bins (`tidegauge.core.stats.attributions`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.arrivals import Arrivals, Ints
from tidegauge.core.collect.state import ModelState
from tidegauge.core.events import FeatureValue, Prediction
from tidegauge.core.stats.attributions import share_codes
from tidegauge.core.stats.errorbins import NO_CODE, Codes, binned
from tidegauge.core.stats.features import BinnedColumn, bin_features
from tidegauge.core.stats.reference import ReferenceProfile


class BinnedPart(NamedTuple):
    """The predictions that one reference is in effect for."""

    rows: Ints
    """Ascending."""
    columns: dict[str, BinnedColumn]

    def at(self, rows: Ints) -> dict[str, BinnedColumn]:
        """The columns of some of the predictions, in ascending order."""
        if len(rows) == len(self.rows):
            return self.columns
        places = np.searchsorted(self.rows, rows)
        return {
            name: BinnedColumn(
                column.codes[places], None if column.numbers is None else column.numbers[places]
            )
            for name, column in self.columns.items()
        }


class BinnedArrivals(NamedTuple):
    """The features of arrivals in the bins of their references."""

    codes: Codes
    parts: dict[str, BinnedPart]
    """By reference id."""

    def columns(
        self,
        reference: str,
        rows: Ints,
        features: Sequence[Mapping[str, FeatureValue]],
        names: Sequence[str],
    ) -> dict[str, BinnedColumn]:
        """Some features of the predictions ``rows``, of which ``features`` are all."""
        part = self.parts.get(reference)
        known = {} if part is None else part.at(rows)
        found = {name: known[name] for name in names if name in known}
        if len(found) < len(names):
            # no reference has them, so there are no bins
            found |= bin_features(features, [n for n in names if n not in found], None)
        return found


def bin_arrivals(
    arrivals: Arrivals[Prediction],
    models: Sequence[ModelState],
    profiles: Mapping[str, ReferenceProfile],
    width: int,
) -> BinnedArrivals:
    """Put the features of predictions in bins.

    Args:
        arrivals: the predictions.
        models: the model of each group.
        profiles: the references in use, by id.
        width: length of a finest pane in ms.
    """
    parts: dict[str, BinnedPart] = {}
    for reference, rows in _by_reference(arrivals, models, width).items():
        rows_of = [arrivals.events[row].features for row in rows.tolist()]
        profile = profiles[reference]
        names = [feature.name for feature in profile.features]
        parts[reference] = BinnedPart(rows, bin_features(rows_of, names, profile))
    told = [event.attributions for event in arrivals.events]
    attributed = any(told)
    widest = max((len(binned(profiles[reference])) for reference in parts), default=0)
    codes = np.full((len(arrivals.events), widest * (1 + attributed)), NO_CODE, np.uint8)
    for reference, part in parts.items():
        features = binned(profiles[reference])
        for at, feature in enumerate(features):
            codes[part.rows, at] = part.columns[feature.name].codes
        if attributed:
            names = [feature.name for feature in features]
            shares = share_codes([told[row] for row in part.rows.tolist()], names)
            codes[part.rows, len(names) : 2 * len(names)] = shares
    return BinnedArrivals(codes, parts)


def _by_reference(
    arrivals: Arrivals[Prediction], models: Sequence[ModelState], width: int
) -> dict[str, Ints]:
    """The rows that each reference is in effect for."""
    found: dict[str, list[Ints]] = {}
    for group, (event, model) in enumerate(zip(arrivals.groups, models, strict=True)):
        version = model.names.next_version(model.version_of(event))
        if version not in model.references:
            continue
        rows = np.flatnonzero(arrivals.group == group)
        starts = arrivals.times[rows] // width
        for start in np.unique(starts).tolist():
            reference = model.reference_at(version, start * width)
            if reference:
                found.setdefault(reference, []).append(rows[starts == start])
    return {reference: np.sort(np.concatenate(rows)) for reference, rows in found.items()}
