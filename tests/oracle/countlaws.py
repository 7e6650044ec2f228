"""What holds of every kind of counts, whatever is counted."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any


def merged(empty: Callable[[], Any], *parts: Sequence[Any]) -> list[Any]:
    """The counts of all parts added up, by group."""
    totals = [empty() for _ in parts[0]]
    for part in parts:
        for total, counts in zip(totals, part, strict=True):
            total.add(counts)
    return totals


def check_laws(
    empty: type[Any],
    fold: Callable[[list[Any]], list[Any]],
    rows: list[Any],
    random: Random,
) -> None:
    """Any order and any batches give the same; what is retracted leaves nothing; it round-trips.

    Args:
        empty: the counts of nothing, with ``add``, ``is_zero``, ``to_wire`` and ``from_wire``.
        fold: gives the counts of rows by group; a row's last but one value is its sign.
        rows: what is counted.
        random: chooses order and batches.
    """
    whole = fold(rows)
    shuffled = random.sample(rows, len(rows))
    first, second = sorted(random.randint(0, len(rows)) for _ in range(2))
    parts = [fold(shuffled[:first]), fold(shuffled[first:second]), fold(shuffled[second:])]
    assert merged(empty, *parts) == merged(empty, *reversed(parts)) == whole
    retracted = [(*values, -sign, group) for *values, sign, group in rows]
    assert all(counts.is_zero() for counts in merged(empty, whole, fold(retracted)))
    for counts in whole:
        assert empty.from_wire(counts.to_wire()) == counts
