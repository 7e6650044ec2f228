"""Which predictions are offered for learning a reference profile.

The predictions with the smallest hashes of their request id are a fair sample that does not depend
on order or partition. Each source partition offers those that are among its own smallest so far;
the merged sample is cut to the smallest again.

Learning ends with a pane, and what comes later than that pane is no part of the sample. So a
prediction is left out only for others of its own pane or of earlier ones: for each pane that may
still get predictions, the smallest hashes up to that pane are known.
"""

import heapq

import numpy as np
import numpy.typing as npt

from tidegauge.core.config import ModelConfig
from tidegauge.core.partial import SampleRow
from tidegauge.core.requestkey import Words

Ints = npt.NDArray[np.int64]

_ANY = 2**64 - 1


class Sampler:
    """Offers predictions of versions that have no reference yet."""

    def __init__(self) -> None:
        self._smallest: dict[tuple[str, str], _Smallest] = {}
        self._rows: dict[str, list[SampleRow]] = {}

    def offer(
        self, model: str, version: str, hashes: Words, starts: Ints, rules: ModelConfig
    ) -> list[int]:
        """Consider accepted predictions of a version without a reference.

        Args:
            model: their model.
            version: their version as it is told apart.
            hashes: what each is sampled by (`tidegauge.core.requestkey`).
            starts: the start of each one's finest pane in ms.
            rules: the rules of the model.

        Returns:
            Which of them are wanted, to be given to `keep`.
        """
        smallest = self._smallest.get((model, version))
        if smallest is None:
            smallest = _Smallest(rules.reference.sample_size, rules.out_of_orderness_ms)
            self._smallest[model, version] = smallest
        return smallest.add(hashes, starts)

    def keep(self, model: str, row: SampleRow) -> None:
        """Offer a prediction that is wanted."""
        self._rows.setdefault(model, []).append(row)

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

    def add(self, hashes: Words, starts: Ints) -> list[int]:
        """Which of the hashes are among the smallest up to their panes."""
        limits = np.full(len(hashes), _ANY, np.uint64)
        for start in starts[np.sort(np.unique(starts, return_index=True)[1])].tolist():
            heap = self._heaps[start] if start in self._heaps else self._open(start)
            if len(heap) >= self._size:
                limits[starts == start] = -heap[0]
        small = np.flatnonzero(hashes <= limits).tolist()
        return [at for at in small if self._add(int(hashes[at]), int(starts[at]))]

    def _add(self, digest: int, start: int) -> bool:
        heap = self._heaps[start] if start in self._heaps else self._open(start)
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
