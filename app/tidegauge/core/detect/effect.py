"""Effect sizes: how much a change matters, whatever the number of samples that show it.

Reference: J. Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 2nd ed., 1988,
chapters 2 (d) and 6 (h).
"""

import math

from tidegauge.core.config import DetectionConfig
from tidegauge.core.detect.verdict import StreamKind

MAX_EFFECT = 1_000.0
"""Effects are cut here: beyond it (a feature that was constant) the figure says nothing more."""


def cohen_d(current: float, baseline: float, deviation: float) -> float:
    """The change of a mean in standard deviations of single values, signed, within `MAX_EFFECT`.

    ``deviation`` is positive.
    """
    return max(-MAX_EFFECT, min(MAX_EFFECT, (current - baseline) / deviation))


def cohen_h(current: float, baseline: float) -> float:
    """The change of a rate on the arcsine scale, signed, from -pi to pi.

    About ``(current - baseline) / sqrt(p (1 - p))`` for a small change of a rate ``p``.
    """
    return 2.0 * (_arcsine(current) - _arcsine(baseline))


def relative(current: float, expected: float, unit: float) -> float:
    """The part of ``unit``, which is positive, by which a figure is off what was expected."""
    return max(-MAX_EFFECT, min(MAX_EFFECT, (current - expected) / unit))


def min_effect(kind: StreamKind, config: DetectionConfig) -> float:
    """The smallest effect worth an alert, in the measure of the kind."""
    return {
        StreamKind.RATE: config.min_rate_effect,
        StreamKind.COVERAGE: config.min_rate_effect,
        StreamKind.FAULTS: config.min_rate_effect,
        StreamKind.MEAN: config.min_effect,
        StreamKind.COUNT: config.min_loss,
    }[kind]


def rate_change(baseline: float, effect: float) -> float:
    """How much a rate rises by a change of ``effect`` (Cohen's h), or falls if it cannot rise."""
    angle = _arcsine(baseline)
    if angle + effect / 2.0 <= math.pi / 2.0:
        return math.sin(angle + effect / 2.0) ** 2 - baseline
    return baseline - math.sin(max(0.0, angle - effect / 2.0)) ** 2


def _arcsine(rate: float) -> float:
    # a weighted mean of rates may leave 0..1 by a rounding
    return math.asin(math.sqrt(max(0.0, min(1.0, rate))))
