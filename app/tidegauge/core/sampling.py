"""Which predictions are offered for learning a reference profile.

The predictions with the smallest hashes of their request id are a fair sample that does not depend
on order or partition. Each source partition offers those that are among its own smallest so far;
the merged sample is cut to the smallest again.
"""

import heapq

import xxhash

from tidegauge.core.events import Prediction
from tidegauge.core.partial import SampleRow
from tidegauge.core.request import Answer


class Sampler:
    """Offers predictions of versions that have no reference yet."""

    def __init__(self) -> None:
        self._smallest: dict[tuple[str, str], list[int]] = {}
        self._rows: dict[str, list[SampleRow]] = {}

    def offer(self, key: bytes, answer: Answer, version: str, event: Prediction, size: int) -> None:
        """Consider an accepted prediction of a version whose sample is to have ``size`` rows."""
        digest = xxhash.xxh3_64_intdigest(key)
        heap = self._smallest.get((answer.model, version))
        if heap is None:
            heap = self._smallest[answer.model, version] = []
        if len(heap) < size:
            heapq.heappush(heap, -digest)
        elif digest < -heap[0]:
            heapq.heapreplace(heap, -digest)
        else:
            return
        self._rows.setdefault(answer.model, []).append(
            SampleRow(digest, answer.time, version, answer.score, answer.predicted, event.features)
        )

    def stop(self, model: str, version: str) -> None:
        """A reference has come: no more rows of this version are needed."""
        self._smallest.pop((model, version), None)

    def take(self) -> dict[str, list[SampleRow]]:
        """The rows offered since the last call, by model."""
        rows, self._rows = self._rows, {}
        return rows
