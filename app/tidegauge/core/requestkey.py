"""The key of a request id: 128 bits of XXH3, under which a request is retained and sampled.

Ids are as long as publishers like; keys have one size, so that retained requests are rows of an
array. Two ids that share a key would be taken for one request; among ten thousand million ids that
happens with a probability of about 1e-19.

Source: XXH3 of the xxHash library, whose 128-bit variant is stable across platforms.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

KEY_BYTES = 16

Words = npt.NDArray[np.uint64]

request_key = xxhash.xxh3_128_digest
"""The key of one request id, given as UTF-8."""


class Keys(NamedTuple):
    """Keys by column, each in two halves of 64 bits; shape ``(n,)``."""

    high: Words
    low: Words

    def at(self, rows: "npt.NDArray[np.int64] | npt.NDArray[np.bool_]") -> "Keys":
        """Some of the keys."""
        return Keys(self.high[rows], self.low[rows])

    def to_bytes(self, prefix: bytes = b"") -> list[bytes]:
        """The keys one by one, each after a prefix."""
        size = len(prefix) + KEY_BYTES
        packed = np.empty((len(self.high), size), np.uint8)
        packed[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
        halves = np.stack(self, axis=1).astype(">u8")
        packed[:, len(prefix) :] = halves.view(np.uint8).reshape(-1, KEY_BYTES)
        blob = packed.tobytes()
        return [blob[at : at + size] for at in range(0, len(blob), size)]


def as_columns(keys: Iterable[bytes]) -> Keys:
    """Keys of `KEY_BYTES` bytes each, by column."""
    halves = np.frombuffer(b"".join(keys), ">u8").astype(np.uint64).reshape(-1, 2)
    return Keys(np.ascontiguousarray(halves[:, 0]), np.ascontiguousarray(halves[:, 1]))


def request_keys(request_ids: Iterable[bytes]) -> Keys:
    """The keys of many request ids."""
    return as_columns(map(request_key, request_ids))


def sample_hash(key: bytes) -> int:
    """What a request is sampled by: the first half of its key (``Keys.high``)."""
    return int.from_bytes(key[: KEY_BYTES // 2], "big")
