"""Segments by what bringing them to the average of their version would gain.

A segment with ``n`` labels and a mean error ``e`` has ``n (e - m)`` errors beyond the average
``m``; over the segments of a field, which are parts of one whole, these add up to 0. Small segments
are far from the average by chance alone, so each is shrunk towards it: with ``v`` the variance of
one error and ``t`` the variance between the segments of the field beyond chance (by the method of
moments; DerSimonian and Laird, "Meta-analysis in clinical trials", 1986), what is left is ``t / (t
+ v / n)`` of the distance, with variance ``t v / (n t + v)`` (empirical Bayes; Efron and Morris,
"Data analysis using Stein's estimator and its generalizations", 1975). So shrunk, the largest may
be picked without correcting for the choice (Efron, "Tweedie's formula and selection bias", 2011).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from tidegauge.core.improvement import Gain, SegmentGain
from tidegauge.core.stats.mcnemar import Z95

MAX_SEGMENTS = 10
"""Most segments that are published of one version."""
MIN_LABELS = 30
"""Labels of a segment below which nothing is said of it: its mean is too far from normal."""


class Errors(NamedTuple):
    """The errors of labelled predictions: mistakes count 1, numbers by their absolute error."""

    labelled: int
    mean: float
    mean_square: float


class Part(NamedTuple):
    """The errors of one segment."""

    field: str
    value: str
    errors: Errors


def segment_gains(whole: Errors, parts: Iterable[Part]) -> list[SegmentGain]:
    """What each segment would gain, the surest gain first.

    Args:
        whole: the errors of the version.
        parts: those of its segments; the segments of a field are parts of the whole.
    """
    fields: dict[str, list[Part]] = {}
    for part in parts:
        if part.errors.labelled:
            fields.setdefault(part.field, []).append(part)
    gains = [gain for field in fields.values() for gain in _of_field(whole, field)]
    return sorted(gains, key=lambda g: (-g.gain.low, -g.gain.value, g.field, g.value))


def best_segments(gains: Iterable[SegmentGain]) -> tuple[SegmentGain, ...]:
    """Of ranked segments the first that gain anything, at most `MAX_SEGMENTS`."""
    told = [gain for gain in gains if gain.gain.value > 0 and gain.labelled >= MIN_LABELS]
    return tuple(told[:MAX_SEGMENTS])


def _of_field(whole: Errors, parts: list[Part]) -> Iterable[SegmentGain]:
    variance = max(whole.mean_square - whole.mean**2, 0.0)
    between = _between(whole, parts, variance)
    errors = whole.labelled * whole.mean
    for part in parts:
        n, mean, _ = part.errors
        excess = n * (mean - whole.mean)
        kept = between / (between + variance / n) if between else 0.0
        half = Z95 * math.sqrt(n * kept * variance)
        gain = Gain(kept * excess, kept * excess - half, kept * excess + half)
        yield SegmentGain(
            field=part.field,
            value=part.value,
            labelled=n,
            mean=mean,
            average=whole.mean,
            excess=excess,
            gain=gain,
            share=gain.value / errors if errors else None,
        )


def _between(whole: Errors, parts: list[Part], variance: float) -> float:
    """The variance between the true means of segments, beyond what chance explains."""
    n = sum(part.errors.labelled for part in parts)
    room = n - sum(part.errors.labelled**2 for part in parts) / n
    if room <= 0:
        return 0.0
    spread = math.fsum(p.errors.labelled * (p.errors.mean - whole.mean) ** 2 for p in parts)
    return max((spread - (len(parts) - 1) * variance) / room, 0.0)
