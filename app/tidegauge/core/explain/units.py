"""Whether the numbers of a feature look like those of before in another unit.

In another unit every value is multiplied by the same factor, so mean and spread are, too (between
Celsius and Fahrenheit the mean moves by 32 as well). What is near a factor in both is named; a mean
that moved with its spread as before, or the reverse, is none of them.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

FACTORS = (
    *(10.0, 100.0, 1_000.0, 1e6),
    *(60.0, 3_600.0, 86_400.0, 24.0),
    *(3.6, 2.54, 1.609344, 2.204623, 3.280840),
)
"""Powers of ten; time; m/s to km/h, inches, miles, pounds, feet."""
FAHRENHEIT = 1.8
FREEZING = 32.0
LARGE = 10.0
"""Factors from here on are so far from their neighbours that they may be met less closely."""
CLOSE, ROUGH = 0.08, 0.3
"""How far the logarithm of the spread may be off, for small factors and for large ones."""


class Moments(NamedTuple):
    """Mean and standard deviation of single values."""

    mean: float
    deviation: float


class _Change(NamedTuple):
    scale: float
    offset: float
    words: str


def unit_change(before: Moments, now: Moments) -> str | None:
    """What the values look like in words, such as ``multiplied by 1000``; None for nothing."""
    if before.deviation <= 0.0 or now.deviation <= 0.0:
        return None
    found = [(_distance(change, before, now), change.words) for change in _changes()]
    distance, words = min(found)
    return words if math.isfinite(distance) else None


def _changes() -> Iterator[_Change]:
    for factor in FACTORS:
        yield _Change(factor, 0.0, f"multiplied by {factor:.10g}")
        yield _Change(1.0 / factor, 0.0, f"divided by {factor:.10g}")
    yield _Change(FAHRENHEIT, FREEZING, "turned from Celsius into Fahrenheit")
    yield _Change(1.0 / FAHRENHEIT, -FREEZING / FAHRENHEIT, "turned from Fahrenheit into Celsius")


def _distance(change: _Change, before: Moments, now: Moments) -> float:
    """How far the figures are from those that a change would give; infinite if too far."""
    mean = change.scale * before.mean + change.offset
    deviation = change.scale * before.deviation
    size = max(change.scale, 1.0 / change.scale)
    allowed = ROUGH if size >= LARGE else CLOSE
    spread = abs(math.log(now.deviation / deviation))
    shift = abs(now.mean - mean) / max(deviation, abs(mean))
    return spread + shift if spread <= allowed and shift <= allowed else math.inf
