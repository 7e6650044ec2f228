"""Two versions on shared requests, over several windows: which one to run, and how sure that is.

The counts of windows add up. So do, for numbers, the moments of the paired differences, which
follow from each window's mean and interval.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from tidegauge.core.improvement import Gain
from tidegauge.core.records import PairedStats
from tidegauge.core.stats.mcnemar import Z95, difference_interval


class Choice(StrEnum):
    """What to do with a challenger."""

    PROMOTE = "promote"
    HOLD = "hold"
    """It is worse than the champion."""
    UNDECIDED = "undecided"
    """Neither is told apart from the other yet."""


class Comparison(NamedTuple):
    """What a challenger would bring."""

    choice: Choice
    pairs: int
    champion: float
    """Its error rate, or mean absolute error, on the shared requests."""
    gain: Gain
    """Fall of that figure with the challenger in its place."""


def compared(windows: Sequence[PairedStats]) -> Comparison | None:
    """Compare the challenger of some windows with its champion.

    Args:
        windows: the challenger's pairs with the champion, of windows that do not overlap.

    Returns:
        What they say together; None without pairs.
    """
    held = [window for window in windows if window.pairs]
    if not held:
        return None
    if held[0].accuracy_difference is not None:
        champion, gain = _classes(held)
    else:
        champion, gain = _numbers(held)
    pairs = sum(window.pairs for window in held)
    choice = Choice.UNDECIDED
    if gain.low > 0:
        choice = Choice.PROMOTE
    elif gain.high < 0:
        choice = Choice.HOLD
    return Comparison(choice, pairs, champion, gain)


def _classes(windows: Sequence[PairedStats]) -> tuple[float, Gain]:
    pairs = sum(window.pairs for window in windows)
    this = sum(window.only_this_right or 0 for window in windows)
    other = sum(window.only_other_right or 0 for window in windows)
    wrong = sum(window.both_wrong or 0 for window in windows)
    low, high = difference_interval(pairs, this, other) or (-1.0, 1.0)
    return (wrong + this) / pairs, Gain((this - other) / pairs, low, high)


def _numbers(windows: Sequence[PairedStats]) -> tuple[float, Gain]:
    pairs = sum(window.pairs for window in windows)
    gains = [-(window.error_difference or 0.0) for window in windows]
    mean = math.fsum(w.pairs * gain for w, gain in zip(windows, gains, strict=True)) / pairs
    spread = math.fsum(
        window.pairs * (_variance(window) + (gain - mean) ** 2)
        for window, gain in zip(windows, gains, strict=True)
    )
    half = Z95 * math.sqrt(spread) / pairs
    champion = math.fsum(w.pairs * (w.other_mean_absolute_error or 0.0) for w in windows) / pairs
    return champion, Gain(mean, mean - half, mean + half)


def _variance(window: PairedStats) -> float:
    if window.error_difference_high is None or window.error_difference is None:
        return 0.0
    half = window.error_difference_high - window.error_difference
    return window.pairs * (half / Z95) ** 2
