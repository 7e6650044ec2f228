"""A bounded, fair sample of wrong answers with their real request ids, for people to look at.

Each wrong answer has the priority ``u / w``: ``u`` in (0, 1] is the hash of its request id and
``w`` how wrong it is, 1 for a class and the absolute error for a number. Those with the smallest
priorities are kept. Of classes that is a sample in which every error is as likely, of numbers one
in which larger errors are likelier in proportion (Duffield, Lund and Thorup, "Priority sampling for
estimation of arbitrary subset sums", 2007). It depends on no order, and samples merge.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

KEPT = 5
"""Errors of one pane, and of one alert."""

_HASHES = 2.0**64


class ErrorSample(NamedTuple):
    """One wrong answer."""

    priority: float
    request_id: str
    time: int
    """Of its prediction, ms."""


def merged(one: list[ErrorSample], other: list[ErrorSample]) -> list[ErrorSample]:
    """The sample of both together."""
    return sorted({*one, *other})[:KEPT]


def smallest(
    weights: NDArray[np.float64],
    hashes: NDArray[np.uint64],
    groups: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows that are in the sample of their group.

    Args:
        weights: how wrong each row is; 0 where it is right.
        hashes: of the request ids.
        groups: the group of each row.

    Returns:
        The rows, and their priorities.
    """
    wrong = np.flatnonzero(weights > 0.0)
    # a shift by half keeps it above 0, and division is rounded the same everywhere
    priorities = (hashes[wrong].astype(np.float64) + 0.5) / _HASHES / weights[wrong]
    order = np.lexsort((priorities, groups[wrong]))
    sorted_groups = groups[wrong][order]
    first = np.searchsorted(sorted_groups, sorted_groups)
    kept = order[np.arange(len(order)) - first < KEPT]
    return wrong[kept], priorities[kept]
