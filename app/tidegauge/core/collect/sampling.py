"""Which predictions are offered for learning a reference profile.

The predictions with the smallest hashes of their request id are a fair sample that does not depend
on order or partition. Each source partition offers those that are among its own smallest so far;
the merged sample is cut to the smallest again.

Learning ends with a pane, and what comes later than that pane is no part of the sample. So a
prediction is left out only for others of its own pane or of earlier ones: for each pane that may
still get predictions, the smallest hashes up to that pane are known.
"""

import heapq

import xxhash

from tidegauge.core.collect.request import Answer
from tidegauge.core.config import ModelConfig
from tidegauge.core.events import Prediction
from tidegauge.core.partial import SampleRow


class Sampler:
    """Offers predictions of versions that have no reference yet."""

    def __init__(self) -> None:
        self._smallest: dict[tuple[str, str], _Smallest] = {}
        self._rows: dict[str, list[SampleRow]] = {}

    def offer(
        self,
        key: bytes,
        answer: Answer,
        version: str,
        event: Prediction,
        *,
        start: int,
        rules: ModelConfig,
    ) -> None:
        """Consider an accepted prediction of a version without a reference.

        Args:
            key: its request id.
            answer: the prediction as it is retained.
            version: its version as it is told apart.
            event: the prediction as it was published.
            start: the start of its finest pane in ms.
            rules: the rules of its model.
        """
        digest = xxhash.xxh3_64_intdigest(key)
        smallest = self._smallest.get((answer.model, version))
        if smallest is None:
            smallest = _Smallest(rules.reference.sample_size, rules.out_of_orderness_ms)
            self._smallest[answer.model, version] = smallest
        if smallest.add(digest, start):
            self._rows.setdefault(answer.model, []).append(
                SampleRow(
                    digest, answer.time, version, answer.score, answer.predicted, event.features
                )
            )

    def stop(self, model: str, version: str) -> None:
        """A reference has come: no more rows of this version are needed."""
        self._smallest.pop((model, version), None)

    def take(self) -> dict[str, list[SampleRow]]:
        """The rows offered since the last call, by model."""
        rows, self._rows = self._rows, {}
        return rows


class _Smallest:
    """The smallest hashes of all panes up to each of the latest ones.

    Args:
        size: how many.
        order: how far behind the newest pane one may still get predictions, ms.
    """

    def __init__(self, size: int, order: int) -> None:
        self._size = size
        self._order = order
        self._heaps: dict[int, list[int]] = {}
        """Negated hashes, the largest hash first, by the pane's start."""

    def add(self, digest: int, start: int) -> bool:
        """Whether the hash is among the smallest up to its pane."""
        heap = self._heaps.get(start)
        if heap is None:
            heap = self._open(start)
        if len(heap) >= self._size and digest >= -heap[0]:
            return False
        for pane, later in self._heaps.items():
            if pane < start:
                continue
            if len(later) < self._size:
                heapq.heappush(later, -digest)
            elif digest < -later[0]:
                heapq.heapreplace(later, -digest)
        return True

    def _open(self, start: int) -> list[int]:
        before = max((pane for pane in self._heaps if pane < start), default=None)
        heap = [] if before is None else self._heaps[before].copy()
        self._heaps[start] = heap
        newest = max(self._heaps)
        for pane in [p for p in self._heaps if p < min(newest - self._order, start)]:
            del self._heaps[pane]
        return heap
