"""How often a two-sided CUSUM raises a false alarm, for scores of any distribution.

The cumulative sum of scores less an allowance, reflected at zero, exceeds a high threshold ``h``
about once in ``(exp(k b) - 1 - k b) / (k a)`` updates, where ``a`` is the mean downward drift,
``k`` the Lundberg exponent (the positive root of ``E exp(k (X - a)) = 1``) and ``b = h + r`` the
threshold with the mean overshoots added. For normal scores ``k = 2 a`` and ``r = 1.166``:
Siegmund's approximation. For others ``k`` is solved from the scores themselves and ``r`` is read
off an exact solution (Brook and Evans' Markov chain) at a threshold low enough for a small
chain.

The baseline and the variance of the scores are estimates. The rate is averaged over what they may
be, since the rates of streams that were unlucky outweigh those of the lucky ones: with a variance
from few batches it falls as a power of the threshold only, as the tail of Student's t does.

References: D. Siegmund, "Sequential Analysis", 1985, chapters 2 and 10; D. Brook and D. Evans, "An
approach to the probability distribution of CUSUM run length", Biometrika 59, 1972.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STATES = 96
"""Of the Markov chain that the overshoot is read off."""
MODERATE = 3.0
"""Its threshold in units of ``1 / k``."""
STEPS = 60
"""Of Newton's method, which ends earlier."""
THRESHOLD_PRECISION = 1e-3
PRECISION = 1e-6
STEEPEST = 30.0
"""Largest exponent: of scores that never exceed their allowance, and so raise no alarm."""
MAX_THRESHOLD = 200.0
SPREADS = 96
SPREAD = (-10.0, 5.0)
"""Errors of the variance that a rate is averaged over, in standard errors."""
PRIOR = 12.0
"""Degrees of freedom that it is worth that streams in general vary much as they did, without which
no change could be found in a stream that wanders from day to day."""
FARTHEST = math.sqrt(3.0)
NODES = ((0.0, 2 / 3), (-FARTHEST, 1 / 6), (FARTHEST, 1 / 6))
"""Gauss-Hermite quadrature of a normal error, in standard errors."""

Floats = NDArray[np.float64]


class Scores(NamedTuple):
    """A distribution of scores: distinct values with their probabilities."""

    values: Floats
    weights: Floats

    def flipped(self) -> "Scores":
        """The distribution of the negated scores."""
        return Scores(-self.values, self.weights)

    @classmethod
    def of(cls, sample: Floats, resolution: float) -> "Scores":
        """The distribution of a sample with mean 0, its values rounded to ``resolution``."""
        rounded, counts = np.unique(np.round(sample / resolution), return_counts=True)
        weights = counts / len(sample)
        values = rounded * resolution
        return cls(values - float(values @ weights), weights)


class _Side(NamedTuple):
    """A one-sided CUSUM over scores with one allowance."""

    allowance: float
    exponent: float
    overshoot: float

    def rate(self, threshold: float, stretches: Floats) -> Floats:
        """Alarms per update, if scores vary so much that the exponent is ``stretches`` times."""
        exponent = self.exponent * stretches
        reach = np.minimum(exponent * (threshold + self.overshoot), 600.0)
        rates: Floats = exponent * self.allowance / (np.expm1(reach) - reach)
        return np.minimum(1.0, rates)


class Calibrated(NamedTuple):
    """The false-alarm rate of a two-sided CUSUM as a function of its threshold."""

    sides: tuple[tuple[float, _Side], ...]
    """With the weight of each."""
    stretches: Scores
    """By how much an exponent may be off, since it is as the reciprocal of the variance."""

    def rate(self, threshold: float) -> float:
        """Alarms per update, averaged over what the estimates may be."""
        return math.fsum(
            weight * float(self.stretches.weights @ side.rate(threshold, self.stretches.values))
            for weight, side in self.sides
        )

    def threshold(self, rate: float) -> float:
        """The smallest threshold with at most ``rate`` alarms per update."""
        low, high = 0.0, MAX_THRESHOLD
        while high - low > THRESHOLD_PRECISION:
            middle = (low + high) / 2.0
            low, high = (middle, high) if self.rate(middle) > rate else (low, middle)
        return high


def calibrated(
    scores: Scores,
    allowance: float,
    *,
    level_error: float,
    scale_error: float,
) -> Calibrated:
    """The false-alarm rates of a two-sided CUSUM.

    Args:
        scores: what is fed while nothing changes; mean 0.
        allowance: taken from every score; more than 1.8 times ``level_error``.
        level_error: standard error of the mean of the scores.
        scale_error: relative standard error of their variance over long times.
    """
    sides = []
    for distribution in (scores, scores.flipped()):
        overshoot = _overshoot(distribution, allowance)
        for error, weight in NODES:
            drift = allowance + error * level_error
            exponent = lundberg(distribution, drift)
            sides.append((weight, _Side(drift, exponent, overshoot)))
    return Calibrated(tuple(sides), _stretches(scale_error))


def _stretches(error: float) -> Scores:
    """An estimate of a variance over the variance: chi-squared over its degrees of freedom.

    As many of these as give it such an error, and `PRIOR` more. The grid of logarithms reaches far
    to where the estimate is too small, since that is where most alarms are raised.
    """
    if error == 0.0:
        return Scores(np.ones(1), np.ones(1))
    error = math.sqrt(2.0 / (2.0 / error**2 + PRIOR))
    logs = error * np.linspace(*SPREAD, SPREADS)
    density = np.exp((logs - np.expm1(logs)) / error**2)
    return Scores(np.exp(logs), density / density.sum())


def lundberg(scores: Scores, allowance: float) -> float:
    """The positive root ``k`` of ``E exp(k (X - a)) = 1``, at most `STEEPEST`.

    Newton's method from above; the logarithm of the left side is convex.
    """
    excess = scores.values - allowance
    largest = float(excess.max())
    if largest <= 0.0 or _moment(scores, excess, STEEPEST)[0] <= 0.0:
        return STEEPEST
    exponent = min(STEEPEST, 2.0 * allowance / float(scores.weights @ scores.values**2))
    while _moment(scores, excess, exponent)[0] < 0.0:
        exponent = min(STEEPEST, 2.0 * exponent)
    for _ in range(STEPS):
        value, slope = _moment(scores, excess, exponent)
        step = value / slope
        exponent -= step
        if abs(step) < PRECISION * exponent:
            break
    return exponent


def _moment(scores: Scores, excess: Floats, exponent: float) -> tuple[float, float]:
    """Logarithm of the moment generating function, and its derivative."""
    powers = exponent * excess
    top = float(powers.max())
    terms = scores.weights * np.exp(powers - top)
    total = float(terms.sum())
    return top + math.log(total), float(terms @ excess) / total


def _overshoot(scores: Scores, allowance: float) -> float:
    """What has to be added to a threshold for the formula to be right at a moderate one."""
    exponent = lundberg(scores, allowance)
    if exponent == STEEPEST:
        return 0.0
    threshold = MODERATE / exponent
    cell = threshold / STATES
    # probabilities of moving by so many cells; in between, split so that the mean is kept
    moves = (scores.values - allowance) / cell
    floor = np.floor(moves)
    upper = moves - floor
    places = np.clip(np.concatenate([floor, floor + 1.0]), -STATES, STATES).astype(np.int64)
    chances = np.concatenate([scores.weights * (1.0 - upper), scores.weights * upper])
    step = np.bincount(places + STATES, chances, 2 * STATES + 1)
    below = np.cumsum(step)
    state = np.arange(STATES)
    chain = step[state[None, :] - state[:, None] + STATES]
    chain[:, 0] = below[STATES - state]  # all that would fall below zero
    length = float(np.linalg.solve(np.eye(STATES) - chain, np.ones(STATES))[0])
    reach = _inverse(length * exponent * allowance)
    return max(0.0, reach / exponent - threshold)


def _inverse(value: float) -> float:
    """The ``y`` with ``exp(y) - 1 - y = value``."""
    guess = math.log1p(value + math.sqrt(2.0 * value))
    for _ in range(STEPS):
        step = (math.expm1(guess) - guess - value) / math.expm1(guess)
        guess -= step
        if abs(step) < PRECISION:
            break
    return guess
