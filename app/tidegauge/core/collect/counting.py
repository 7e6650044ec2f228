"""Counting accepted predictions: traffic, features, candidates for references and examples."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tidegauge.core.collect.arrivals import Arrivals, Ints, by_model
from tidegauge.core.collect.binning import BinnedArrivals
from tidegauge.core.collect.cells import distinct
from tidegauge.core.collect.examples import Candidates
from tidegauge.core.collect.fold import BatchFold
from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import Rows
from tidegauge.core.collect.sampling import Sampler
from tidegauge.core.collect.state import CollectState, ModelState
from tidegauge.core.config import HOUR, CoreConfig
from tidegauge.core.events import Prediction
from tidegauge.core.partial import SampleRow
from tidegauge.core.stats.outcomes import kept


class Accepted(NamedTuple):
    """The arrivals that the join accepted, and which of all arrivals they are."""

    arrivals: Arrivals[Prediction]
    rows: Ints


class Counting:
    """Hands accepted predictions on.

    Args:
        config: the rules.
        state: what is kept of each model.
        fold: where rows are counted.
        names: the names that rows refer to by number.
    """

    def __init__(
        self, config: CoreConfig, state: CollectState, fold: BatchFold, names: Interned[str]
    ) -> None:
        self._width = config.panes[0].width_ms
        self._state = state
        self._fold = fold
        self.sampler = Sampler()
        self.examples = Candidates(names)

    def count(
        self,
        accepted: Accepted,
        records: Rows,
        models: Sequence[ModelState],
        binned: BinnedArrivals,
    ) -> None:
        """Count predictions that were accepted.

        Args:
            accepted: the predictions.
            records: their rows.
            models: the model of each group.
            binned: the features of all that arrived.
        """
        arrivals = accepted.arrivals
        if not len(records):
            return
        latencies = [event.latency_seconds for event in arrivals.events]
        self._fold.predictions(records, np.array(latencies, np.float64))
        versions = self._versions(arrivals, models)
        starts = arrivals.times - arrivals.times % self._width
        for (model, version), rows in _by_version(arrivals, models, versions).items():
            self._count_features(accepted, binned, (model, version), rows, starts[rows])
            self._count_attributions(accepted, (model, version), rows, starts[rows])
            if version not in model.references:
                self._sample(arrivals, records, (model, version), rows, starts[rows])
        codes = binned.codes[accepted.rows]
        for told, rows in by_model(arrivals, models):
            self.examples.offer(told.name, arrivals, records, codes, rows=rows, starts=starts[rows])
        self._note_deployments(arrivals, models, versions)

    def _versions(self, arrivals: Arrivals[Prediction], models: Sequence[ModelState]) -> list[str]:
        """The version of each group as it is told apart; empty for a group without rows."""
        found = []
        for event, model, count in zip(arrivals.groups, models, arrivals.counts(), strict=True):
            version = model.version_of(event)
            found.append(model.names.version(version, count) if count else "")
        return found

    def _count_features(
        self,
        accepted: Accepted,
        binned: BinnedArrivals,
        told: tuple[ModelState, str],
        rows: Ints,
        starts: Ints,
    ) -> None:
        model, version = told
        features = [accepted.arrivals.events[row].features for row in rows.tolist()]
        model.names.take_features(features)
        panes, of_row = np.unique(starts, return_inverse=True)
        references = [model.reference_at(version, pane) for pane in panes.tolist()]
        held = np.array([bool(row) for row in features], np.bool_)
        for reference in dict.fromkeys(references):
            wanted = np.array([other == reference for other in references], np.bool_)
            part = np.flatnonzero(wanted[of_row] & held)
            if len(part):
                chosen = [features[row] for row in part.tolist()]
                names = model.names.catalog.features
                columns = binned.columns(reference, accepted.rows[rows[part]], chosen, names)
                self._fold.features(model.name, version, reference, columns, starts[part])

    def _count_attributions(
        self, accepted: Accepted, told: tuple[ModelState, str], rows: Ints, starts: Ints
    ) -> None:
        model, version = told
        events = accepted.arrivals.events
        found = [events[row].attributions for row in rows.tolist()]
        attributed = [(at, one) for at, one in enumerate(found) if one]
        if attributed:
            given = [one for _, one in attributed]
            model.names.take_features(given)
            panes = starts[[at for at, _ in attributed]]
            self._fold.attributed.add(model.name, version, given, panes, model.names.features)

    def _sample(
        self,
        arrivals: Arrivals[Prediction],
        records: Rows,
        told: tuple[ModelState, str],
        rows: Ints,
        starts: Ints,
    ) -> None:
        model, version = told
        hashes = records["high"][rows]
        for at in self.sampler.offer(model.name, version, hashes, starts, model.rules):
            row = int(rows[at])
            event, score = arrivals.events[row], float(records["score"][row])
            self.sampler.keep(
                model.name,
                SampleRow(
                    int(hashes[at]),
                    int(arrivals.times[row]),
                    version,
                    None if np.isnan(score) else score,
                    kept(event.prediction),
                    event.features,
                ),
            )

    def _note_deployments(
        self,
        arrivals: Arrivals[Prediction],
        models: Sequence[ModelState],
        versions: Sequence[str],
    ) -> None:
        hours = arrivals.times // HOUR
        (_, group), of_row = distinct([hours - hours.min(), arrivals.group])
        counts = np.bincount(of_row).tolist()
        earliest = np.full(len(counts), np.iinfo(np.int64).max)
        np.minimum.at(earliest, of_row, arrivals.times)
        for number, time, count in zip(group.tolist(), earliest.tolist(), counts, strict=True):
            event, model = arrivals.groups[number], models[number]
            code, data = event.code_version or "", event.data_version or ""
            if not model.sightings.note(versions[number], code, data, time):
                model.names.count("deployments", count)


def _by_version(
    arrivals: Arrivals[Prediction], models: Sequence[ModelState], versions: Sequence[str]
) -> dict[tuple[ModelState, str], Ints]:
    """The rows of each version, in the order of arrival."""
    told = list(zip(models, versions, strict=True))
    number = {pair: at for at, pair in enumerate(dict.fromkeys(told))}
    of_row = np.array([number[pair] for pair in told], np.int64)[arrivals.group]
    found = {pair: np.flatnonzero(of_row == at) for pair, at in number.items()}
    return {pair: rows for pair, rows in found.items() if len(rows)}
