"""Which partition a key belongs to, by the rules of the Kafka clients.

Two rules are in use, and they disagree. The Java client, kafka-python and aiokafka take murmur2 of
the key; librdkafka (kcat, confluent-kafka) takes CRC32 unless told otherwise. Both are here for one
key and, many times faster, for a batch of keys.

Sources: ``org.apache.kafka.common.utils.Utils.murmur2`` and ``toPositive`` of Apache Kafka;
``rd_kafka_msg_partitioner_consistent`` of librdkafka.
"""

import zlib
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

Partitioner: TypeAlias = Literal["murmur2", "crc32"]

NO_PARTITION: Final = -1
"""The partition of a record without a key: it has none, a producer may put it anywhere."""

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_MAX_BATCHED_KEY: Final = 1_024
"""Longer keys are hashed one by one: a batch is padded to the length of its longest key."""


def murmur2(key: bytes) -> int:
    """The 32-bit murmur2 hash of ``key`` with Kafka's seed, as an unsigned integer."""
    length = len(key)
    tail_at = length & ~3
    mixed = _SEED ^ length
    for at in range(0, tail_at, 4):
        word = int.from_bytes(key[at : at + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        mixed = mixed * _MULTIPLIER & _MASK ^ word
    if tail_at < length:
        mixed = (mixed ^ int.from_bytes(key[tail_at:], "little")) * _MULTIPLIER & _MASK
    mixed = (mixed ^ mixed >> 13) * _MULTIPLIER & _MASK
    return mixed ^ mixed >> 15


def partition_for(key: bytes | None, partitions: int, partitioner: Partitioner = "murmur2") -> int:
    """The partition of one key among ``partitions``; `NO_PARTITION` for a record without a key."""
    if key is None:
        return NO_PARTITION
    if partitioner == "crc32":
        return zlib.crc32(key) % partitions
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def partitions_for(
    keys: Sequence[bytes | None], partitions: int, partitioner: Partitioner = "murmur2"
) -> NDArray[np.int64]:
    """The partition of every key, as `partition_for` gives it, for a whole batch at once.

    Args:
        keys: Record keys; ``None`` stands for a record without one.
        partitions: Number of partitions of the topic, at least 1.
        partitioner: The rule of the producing client.

    Returns:
        One partition per key, in the order of ``keys``; shape ``(len(keys),)``.
    """
    keyless = [at for at, key in enumerate(keys) if key is None] if None in keys else []
    present = [key or b"" for key in keys] if keyless else cast("Sequence[bytes]", keys)
    hashes = _crc32_many(present) if partitioner == "crc32" else _murmur2_many(present) & 0x7FFFFFFF
    homes = hashes % partitions
    homes[keyless] = NO_PARTITION
    return homes


def _crc32_many(keys: Sequence[bytes]) -> NDArray[np.int64]:
    return np.fromiter(map(zlib.crc32, keys), dtype=np.int64, count=len(keys))


def _murmur2_many(keys: Sequence[bytes]) -> NDArray[np.int64]:
    """`murmur2` of every key.

    The keys, padded with zeros, are the columns of a matrix of little-endian words. Ordered from
    long to short, the keys that still have a word in some row are a prefix of the columns, so one
    step over a prefix mixes that row into all hashes. The zero padding turns the one to three
    bytes left over into a word that is mixed in as it stands.
    """
    count = len(keys)
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=count)
    if count == 0:
        return lengths
    longest = int(lengths.max())
    if longest > _MAX_BATCHED_KEY:
        return _murmur2_outliers(keys, lengths)
    rows = longest // 4 + 1
    order = np.argsort(-lengths.astype(np.int16), kind="stable")
    matrix = np.array(keys, dtype=f"S{4 * rows}").view("<u4").reshape(count, rows)
    words = np.ascontiguousarray(matrix[order].T)
    lengths = lengths[order]
    whole_words = lengths >> 2
    multiplier = np.uint32(_MULTIPLIER)
    tails = words[whole_words, np.arange(count)]
    words *= multiplier
    words ^= words >> 24
    words *= multiplier
    mixed = np.uint32(_SEED) ^ lengths.astype(np.uint32)
    reaching = np.searchsorted(-whole_words, -np.arange(1, rows), side="right")
    for row, width in zip(words, reaching.tolist(), strict=False):
        prefix = mixed[:width]
        prefix *= multiplier
        prefix ^= row[:width]
    mixed ^= tails
    np.multiply(mixed, multiplier, out=mixed, where=(lengths & 3) > 0)
    mixed ^= mixed >> 13
    mixed *= multiplier
    mixed ^= mixed >> 15
    hashes = np.empty(count, dtype=np.int64)
    hashes[order] = mixed
    return hashes


def _murmur2_outliers(keys: Sequence[bytes], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """`murmur2` of keys of which some are too long to pad the others to."""
    hashes = np.empty(len(keys), dtype=np.int64)
    usual = lengths <= _MAX_BATCHED_KEY
    hashes[usual] = _murmur2_many([keys[at] for at in np.flatnonzero(usual).tolist()])
    for at in np.flatnonzero(~usual).tolist():
        hashes[at] = murmur2(keys[at])
    return hashes
