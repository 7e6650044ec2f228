"""Which predictions of each pane are kept as examples for alerts."""

import numpy as np

from tidegauge.core.collect.arrivals import Arrivals, Ints
from tidegauge.core.collect.interned import Interned
from tidegauge.core.collect.layout import Rows
from tidegauge.core.events import Prediction
from tidegauge.core.requestkey import Words
from tidegauge.core.stats.errorbins import Codes, without_filler
from tidegauge.core.stats.outcomes import kept
from tidegauge.core.stats.predictionsample import KEPT, SampledPrediction, merged


class Candidates:
    """The smallest by hash of each model and pane since they were last taken.

    Args:
        names: the names that rows refer to by number.
    """

    def __init__(self, names: Interned[str]) -> None:
        self._names = names
        self._panes: dict[str, dict[int, list[SampledPrediction]]] = {}

    def offer(
        self,
        model: str,
        arrivals: Arrivals[Prediction],
        records: Rows,
        codes: Codes,
        *,
        rows: Ints,
        starts: Ints,
    ) -> None:
        """Consider accepted predictions of one model.

        Args:
            model: the model.
            arrivals: accepted predictions.
            records: their rows.
            codes: of their features.
            rows: which of them are of the model.
            starts: the start of the finest pane of each of these in ms.
        """
        panes = self._panes.setdefault(model, {})
        for start in np.unique(starts).tolist():
            mine = rows[starts == start]
            small = mine[_smallest(records["high"][mine])]
            found = [self._row(arrivals, records, codes, row) for row in small.tolist()]
            panes[start] = merged(panes.get(start, ()), found)

    def _row(
        self, arrivals: Arrivals[Prediction], records: Rows, codes: Codes, row: int
    ) -> SampledPrediction:
        event, score = arrivals.events[row], float(records["score"][row])
        reference = int(records["reference"][row])
        return SampledPrediction(
            int(records["high"][row]),
            event.request_id,
            self._names.value(reference - 1) if reference else "",
            without_filler(codes[row]) if reference else b"",
            kept(event.prediction),
            None if np.isnan(score) else score,
            event.latency_seconds,
        )

    def take(self) -> dict[str, list[tuple[int, list[SampledPrediction]]]]:
        """The samples since the last call by model, each with the start of its pane."""
        panes, self._panes = self._panes, {}
        return {model: sorted(found.items()) for model, found in panes.items()}


def _smallest(hashes: Words) -> Ints:
    """The places of the smallest hashes, and of all that are as small as the last of them."""
    if len(hashes) <= KEPT:
        return np.arange(len(hashes))
    return np.flatnonzero(hashes <= np.partition(hashes, KEPT - 1)[KEPT - 1])
