"""The calibration map: how often a score comes true, as a function that never falls.

Isotonic regression by pooling adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman, "An
empirical distribution function for sampling with incomplete information", 1955; for scores:
Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
2002), over the bins of scores. Scores count as the middle of their bin.

What the map brings is *cross-fitted*, as a threshold is (`tidegauge.core.improve.threshold`): made
from one half of the counts, judged on the other.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.improve.halves import REPEATS, halves
from tidegauge.core.improve.interval import mean_gain
from tidegauge.core.improvement import CalibrationStep, Gain, RecalibrationStats
from tidegauge.core.stats.scorebins import LOWER, MIDDLE, N_BINS, portable_log

_BINS = np.arange(N_BINS)


class Step(NamedTuple):
    """Adjacent bins with one rate."""

    first: int
    """The first bin with rows."""
    negatives: int
    positives: int

    @property
    def rows(self) -> int:
        """Labelled predictions."""
        return self.negatives + self.positives

    @property
    def rate(self) -> float:
        """Share of positives."""
        return self.positives / self.rows


def isotonic(labels: NDArray[np.int64]) -> list[Step]:
    """Fit the map; its rates rise strictly from step to step.

    Args:
        labels: Rows by score bin and label, shape ``(N_BINS, 2)``.
    """
    steps: list[tuple[int, int, int]] = []
    held = np.flatnonzero(labels.sum(axis=1))
    for begin, (n, p) in zip(held.tolist(), labels[held].tolist(), strict=True):
        first, negatives, positives = begin, n, p
        # odds are compared as products of counts, which is exact
        while steps and steps[-1][2] * negatives >= positives * steps[-1][1]:
            first, before_n, before_p = steps.pop()
            negatives, positives = negatives + before_n, positives + before_p
        steps.append((first, negatives, positives))
    return [Step(*step) for step in steps]


def recalibration(labels: NDArray[np.int64]) -> RecalibrationStats:
    """Fit the map and judge it.

    Args:
        labels: Rows by score bin and label, shape ``(N_BINS, 2)``, with both labels.
    """
    steps = isotonic(labels)
    n = int(labels.sum())
    one, other = halves(labels)
    fitted_on, judged_on = np.concatenate((one, other)), np.concatenate((other, one))
    # the last map is the one from all rows
    rates, safe = _maps([*map(isotonic, fitted_on), steps])
    brier = _brier(MIDDLE) - _brier(rates)
    log_loss = _log_loss(MIDDLE) - _log_loss(safe)
    brier_gain, log_gain = (
        float((judged_on * each[:-1]).sum()) / REPEATS / n for each in (brier, log_loss)
    )
    return RecalibrationStats(
        labelled=n,
        brier_gain=_gain(brier_gain, labels, brier[-1]),
        log_loss_gain=_gain(log_gain, labels, log_loss[-1]),
        steps=tuple(CalibrationStep(float(LOWER[s.first]), s.rate, s.rows) for s in steps),
    )


def _maps(fits: list[list[Step]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rate of each bin by fit, and the same kept off 0 and 1 by half a row, for logarithms."""
    rates = np.tile(MIDDLE, (len(fits), 1))
    safe = rates.copy()
    for fit, steps in enumerate(fits):
        if not steps:
            continue  # by the luck of the toss a half of very few rows can be empty
        own = [step.rate for step in steps]
        off = own.copy()
        if not own[0]:
            off[0] = min([0.5 / (steps[0].rows + 1), *own[1:2]])
        if own[-1] == 1.0:
            off[-1] = max([1.0 - 0.5 / (steps[-1].rows + 1), *own[-2:-1]])
        place = np.searchsorted([step.first for step in steps], _BINS, side="right") - 1
        place = np.maximum(place, 0)
        rates[fit], safe[fit] = np.array(own)[place], np.array(off)[place]
    return rates, safe


def _brier(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The squared error of each bin by label."""
    return np.stack((rates**2, (1.0 - rates) ** 2), axis=-1)


def _log_loss(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The negative log likelihood of each bin by label, in nats."""
    return -np.stack((portable_log(1.0 - rates), portable_log(rates)), axis=-1)


def _gain(value: float, labels: NDArray[np.int64], each: NDArray[np.float64]) -> Gain:
    """The interval of a mean gain from the gain of each bin by label."""
    held = np.where(labels > 0, np.abs(each), 0.0)
    total, squares = float((labels * each).sum()), float((labels * each * each).sum())
    return mean_gain(value, int(labels.sum()), total, squares, float(held.max()))
