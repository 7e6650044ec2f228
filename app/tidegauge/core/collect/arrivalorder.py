"""In which order the feedback of one request arrived, in whatever partitions it was published."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_OFFSET_BITS = 20
_LOW = (1 << _OFFSET_BITS) - 1
FORWARDED = 1 << _OFFSET_BITS
"""The bit that is set where an event was not published to its home."""
_SCATTER = 611_953
"""Odd, so that no two sources out of a million shift offsets alike."""

Ints = npt.NDArray[np.int64]


def arrival_order(
    appends: Sequence[int], offsets: Sequence[int], sources: Sequence[int] | None
) -> Ints:
    """A number for each event that orders the arrivals of a request and tells them apart.

    ``append_ms << 21 | forwarded << 20 | offset mod 2**20``: by the time the broker appended it,
    then by its place in its log. A log does not get a million records in a millisecond, so within
    one log no two numbers are equal. Logs of other partitions have offsets of their own, which are
    shifted by source, so that equal offsets of two of them differ as well.

    Args:
        appends: the time each was appended to the topic it was published to, in ms.
        offsets: its offset there.
        sources: the partition it was published to, where that is not its home; None: all at home.

    Returns:
        Positive numbers until the year 2109; shape ``(n,)``.
    """
    low = np.array(offsets, np.int64)
    forwarded = 0
    if sources is not None:
        low = low + np.array(sources, np.int64) * _SCATTER
        forwarded = FORWARDED
    ordered: Ints = np.array(appends, np.int64) << (_OFFSET_BITS + 1) | forwarded | low & _LOW
    return ordered


def append_time(order: int) -> int:
    """When an event with this number was appended, in ms."""
    return order >> (_OFFSET_BITS + 1)
