"""Searching record batches for bytes, so that only batches that hold them need to be decoded.

Kafka keeps keys and values of a batch as they were published, one after the other (Kafka protocol,
"Record Batch", magic 2), so bytes that no batch has are in none of its records. That is told at the
speed of memory, where decoding costs microseconds a record.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode

_HEAD: Final = struct.Struct(">qiibIhiqq")
"""Base offset, length of what follows it, leader epoch, magic, checksum, attributes, last offset
delta, base timestamp, maximal timestamp."""
_BEFORE_LENGTH: Final = 12
"""Bytes up to the end of the length, which the length does not count."""
_RECORDS_AT: Final = 61
_BATCHES: Final = 2
"""The magic number of batches; below are sets of messages of old brokers."""
_CODEC, _CONTROL = 0b111, 0b100000
"""Bits of the attributes."""
_DECOMPRESS: Final[dict[int, Callable[[bytes], bytes]]] = {
    1: gzip_decode,
    2: snappy_decode,
    3: lz4_decode,
    4: zstd_decode,
}


class Sieved(NamedTuple):
    """What is left of some batches."""

    kept: bytes
    """Whole batches that hold what is sought, and control batches, which end transactions."""
    next_offset: int | None
    """The one after the last whole batch; None: there is none."""
    time_ms: int
    """The newest time in the first batch; 0 without one."""


def sieve(data: bytes, sought: Sequence[bytes]) -> Sieved:
    """Keep the batches that hold any of some bytes in a key, a value or a header.

    Args:
        data: Batches as a broker sends them; the last may be cut off.
        sought: Any of these, none of them empty; without any, all batches are kept.
    """
    hits = _places(data, sought)
    kept: list[bytes] = []
    start, hit, next_offset, time_ms = 0, 0, None, 0
    while start + _HEAD.size <= len(data):
        base, length, _, magic, _, attributes, delta, _, newest = _HEAD.unpack_from(data, start)
        end = start + _BEFORE_LENGTH + length
        if end > len(data):
            break
        if next_offset is None:
            time_ms = newest if magic >= _BATCHES else 0
        while hit < len(hits) and hits[hit] < start:
            hit += 1
        wanted = not sought or (hit < len(hits) and hits[hit] < end)
        if magic < _BATCHES:
            wanted, next_offset = True, base + 1
        else:
            next_offset = base + delta + 1
            if attributes & _CODEC and not wanted:
                wanted = _in_compressed(data[start + _RECORDS_AT : end], attributes, sought)
        if wanted or attributes & _CONTROL:
            kept.append(data[start:end])
        start = end
    return Sieved(b"".join(kept), next_offset, time_ms)


def _places(data: bytes, sought: Sequence[bytes]) -> list[int]:
    """Where any of some bytes begin, in order."""
    found: list[int] = []
    for needle in sought:
        place = data.find(needle)
        while place >= 0:
            found.append(place)
            place = data.find(needle, place + 1)
    return sorted(found)


def _in_compressed(records: bytes, attributes: int, sought: Sequence[bytes]) -> bool:
    """Whether compressed records hold any; also where they can't be read, which decoding words."""
    decompress = _DECOMPRESS.get(attributes & _CODEC)
    if decompress is None:
        return True
    try:
        plain = decompress(records)
    except NotImplementedError:
        return True
    return any(needle in plain for needle in sought)
