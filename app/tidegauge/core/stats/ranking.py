"""How well scores rank positives above negatives, from a histogram of scores by label.

Scores are known to their bin, so scores in one bin count as tied. Each figure that this can move
comes with a bound: the figure from the scores themselves lies at most so far away.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.scorebins import LOWER, N_BINS

ROC_POINTS = 20
"""Most points of a ROC curve."""


class Bounded(NamedTuple):
    """A figure and the bound of its error; both None where it is undefined."""

    value: float | None = None
    error: float | None = None


class RocVertex(NamedTuple):
    """What calling every score from ``threshold`` on positive would give."""

    threshold: float | None
    """The lower edge of a score bin, so that the rates are exact; None: nothing is positive."""
    false_positive_rate: float
    true_positive_rate: float


class Ranking:
    """The scored labels of a window in descending order of score.

    Args:
        negatives: Rows whose label is the negative class, by score bin.
        positives: Rows whose label is the positive class, by score bin.
    """

    def __init__(self, negatives: NDArray[np.int64], positives: NDArray[np.int64]) -> None:
        held = np.flatnonzero((negatives + positives)[:N_BINS])[::-1]
        self._thresholds: list[float] = LOWER[held].tolist()
        self._counts = np.stack((negatives[held], positives[held]), axis=1)
        # Python integers: a product of two counts can pass 2**63
        self._bins: list[list[int]] = self._counts.tolist()
        self._negatives = sum(n for n, _ in self._bins)
        self._positives = sum(p for _, p in self._bins)

    def roc_auc(self) -> Bounded:
        """Area under the ROC curve: the share of pairs in the right order, ties as half.

        ``P(score of a positive > score of a negative) + P(equal) / 2`` (Hanley and McNeil, "The
        meaning and use of the area under a receiver operating characteristic curve", 1982).
        Undefined for a single class.
        """
        pairs = self._negatives * self._positives
        if not pairs:
            return Bounded()
        ordered = tied = above = 0
        for n, p in self._bins:
            ordered += n * above
            tied += n * p
            above += p
        return Bounded((2 * ordered + tied) / (2 * pairs), tied / (2 * pairs))

    def average_precision(self) -> Bounded:
        """Area under the precision-recall curve as a step function.

        ``sum((recall_i - recall_(i-1)) * precision_i)`` over the descending thresholds ``i``, as
        scikit-learn's ``average_precision_score`` (Zhu, "Recall, precision and average precision",
        2004). A ranking by chance has the share of positives. Undefined without positives.

        Within a bin the most that its positives can add is what they add when they are tied with
        each other and above its negatives; the least, when they follow the negatives one by one.
        """
        if not self._positives:
            return Bounded()
        terms, highest, lowest = [], [], []
        true = false = 0
        for n, p in self._bins:
            if p:
                terms.append(p * ((true + p) / (true + p + false + n)))
                highest.append(p * ((true + p) / (true + p + false)))
                lowest.append(_one_by_one(true, false + n, p))
            true += p
            false += n
        value, high, low = (math.fsum(t) / self._positives for t in (terms, highest, lowest))
        return Bounded(value, max(high - value, value - low))

    def lift_top_decile(self) -> Bounded:
        """How many times more frequent positives are in the top tenth by score than overall.

        ``(positives in the top n / 10) / (n / 10) / (positives / n)``, from 0 to 10 (Ling and Li,
        "Data mining for direct marketing: problems and solutions", 1998). The rows of the bin at
        the cut count in part, as if evenly mixed. Undefined without positives.
        """
        if not self._positives:
            return Bounded()
        room = self._negatives + self._positives  # in tenths of a row
        above = 0
        for n, p in self._bins:
            if room <= 10 * (n + p):
                break
            room -= 10 * (n + p)
            above += p
        mixed = room * p / (n + p)
        most, least = min(room, 10 * p), max(room - 10 * n, 0)
        error = max(most - mixed, mixed - least) / self._positives
        return Bounded((10 * above + mixed) / self._positives, error)

    def roc_curve(self) -> tuple[RocVertex, ...] | None:
        """At most `ROC_POINTS` points of the ROC curve, from (0, 0) to (1, 1); each is exact.

        The false positive rate is ``FP / (FP + TN)``, the true positive rate ``TP / (TP + FN)``
        (Fawcett, "An introduction to ROC analysis", 2006). Where the curve has more vertices, they
        are the ones nearest to even steps along the sum of both rates. None for a single class.
        """
        if not self._negatives or not self._positives:
            return None
        rates = np.zeros((len(self._counts) + 1, 2))
        rates[1:] = np.cumsum(self._counts, axis=0) / (self._negatives, self._positives)
        chosen = np.arange(len(rates))
        if len(rates) > ROC_POINTS:
            along = rates.sum(axis=1)
            even = np.linspace(0.0, 2.0, ROC_POINTS)
            chosen = np.unique(np.abs(along[:, None] - even).argmin(axis=0))
        thresholds = (None, *self._thresholds)
        return tuple(
            RocVertex(thresholds[i], *pair)
            for i, pair in zip(chosen.tolist(), rates[chosen].tolist(), strict=True)
        )


def _one_by_one(true: int, false: int, p: int) -> float:
    """A lower bound of ``sum((true + i) / (true + i + false))`` for ``i`` from 1 to ``p``.

    The terms rise with ``i``, so the integral from 0 to ``p`` lies below.
    """
    return p - false * math.log1p(p / (true + false)) if false else float(p)
