"""Which confidence makes ADWIN raise so many false alarms on independent, standard normal scores.

ADWIN's bound holds for any bounded values, so its ``delta`` is no rate: with the ring that it is
fed here (`tidegauge.core.detect.ring`) it raises far fewer alarms. The rate was counted over eight
million scores (``benchmarks/adwin.py``); below the smallest rate that can be counted it is taken to
fall as slowly as between the largest ones, which is on the safe side.
"""

import math

COUNTED = (
    (1.0, 2.1e-3),
    (0.5, 7.6e-4),
    (0.2, 1.9e-4),
    (0.1, 6.2e-5),
    (0.05, 1.7e-5),
    (0.03, 7.0e-6),
)
"""Confidence and false alarms per score, by falling confidence."""

SLOPE = 1.5
"""By how many powers the rate falls for one of the confidence."""


def adwin_delta(rate: float) -> float:
    """The confidence with which ADWIN raises at most ``rate`` false alarms per score.

    Interpolated between the logarithms of `COUNTED`.
    """
    points = [(math.log(delta), math.log(counted)) for delta, counted in COUNTED]
    wanted = math.log(rate)
    (delta, above), *rest = points
    if wanted >= above:
        return math.exp(delta)
    for lower, below in rest:
        if wanted >= below:
            part = (wanted - below) / (above - below)
            return math.exp(lower + part * (delta - lower))
        delta, above = lower, below
    return math.exp(delta + (wanted - above) / SLOPE)
