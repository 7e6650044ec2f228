"""The interval of a mean gain per prediction."""

import math

from tidegauge.core.improvement import Gain
from tidegauge.core.stats.mcnemar import Z95


def mean_gain(value: float, n: int, total: float, squares: float, largest: float) -> Gain:
    """A mean gain with its 95 % interval.

    The interval is the normal one around an estimate by cross-validation (Bayle, Bayle, Janson and
    Mackey, "Cross-validation confidence intervals for test error", 2020). Its variance is that of
    the rows with one more gain and one more loss of the largest size, as Bonett and Price (2012)
    have it for paired proportions, so that a change of few decisions is not taken for sure.

    Args:
        value: the mean gain, judged on other rows than the change was chosen on.
        n: rows.
        total: sum of the gains of the rows.
        squares: sum of their squares.
        largest: the largest gain or loss of one row.
    """
    mean = total / (n + 2)
    variance = max((squares + 2 * largest * largest) / (n + 2) - mean * mean, 0.0)
    half = Z95 * math.sqrt(variance / (n + 2))
    return Gain(value, value - half, value + half)
