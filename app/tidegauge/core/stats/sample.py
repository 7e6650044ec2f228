"""A uniform sample of predictions that depends on nothing but which predictions there were.

The sample holds the ``k`` predictions whose request ids have the smallest hashes (a bottom-k
sketch: Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007). It is bounded, and any
order, batches and partitions give the same sample.
"""

import heapq
from typing import Any

import msgspec
import xxhash

from tidegauge.core.events import FeatureValue


class SampledPrediction(msgspec.Struct, frozen=True):
    """What a reference profile is learned from."""

    features: dict[str, FeatureValue]
    score: float | None
    predicted: int
    """1 where the positive class was predicted, else 0."""


def hash_request(request_id: str) -> int:
    """Return the 64-bit XXH3 hash of a request id."""
    return xxhash.xxh3_64_intdigest(request_id.encode())


class HashSample:
    """The predictions with the ``k`` smallest hashes among those that were added."""

    __slots__ = ("_largest", "_rows", "k")

    def __init__(self, k: int) -> None:
        if k < 1:
            raise ValueError(f"a sample needs room for at least one prediction, not {k}")
        self.k = k
        self._rows: dict[int, SampledPrediction] = {}
        self._largest: list[int] = []
        """A heap of negated hashes."""

    def __len__(self) -> int:
        return len(self._rows)

    def items(self) -> list[tuple[int, SampledPrediction]]:
        """Return the sampled predictions with their hashes, by ascending hash."""
        return sorted(self._rows.items())

    def accepts(self, hashed: int) -> bool:
        """Whether a prediction with this hash would enter; ask before building its row."""
        return len(self._rows) < self.k or hashed <= -self._largest[0]

    def add(self, hashed: int, row: SampledPrediction) -> None:
        """Offer a prediction by the hash of its request id.

        One hash holds one row. Should two differ, the one whose encoding is smaller stays,
        whichever came first.
        """
        if not self.accepts(hashed):
            return
        if hashed in self._rows:
            self._rows[hashed] = min(row, self._rows[hashed], key=_encoding)
            return
        if len(self._rows) < self.k:
            heapq.heappush(self._largest, -hashed)
        else:
            del self._rows[-heapq.heapreplace(self._largest, -hashed)]
        self._rows[hashed] = row

    def merge(self, other: "HashSample") -> None:
        """Add every prediction of another sample."""
        for hashed, row in other.items():
            self.add(hashed, row)

    def to_wire(self) -> list[Any]:
        """Return plain builtins for msgpack."""
        rows = [[hashed, row.features, row.score, row.predicted] for hashed, row in self.items()]
        return [self.k, rows]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> "HashSample":
        """Read what `to_wire` wrote."""
        k, rows = wire
        sample = cls(k)
        for hashed, features, score, predicted in rows:
            sample.add(hashed, SampledPrediction(features, score, predicted))
        return sample


def _encoding(row: SampledPrediction) -> bytes:
    return msgspec.msgpack.encode(row, order="deterministic")
