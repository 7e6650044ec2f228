"""The decision threshold that costs least, from a histogram of scores by decision and label.

With the four costs of a decision given, the cost of every threshold is a sum of counts (Elkan, "The
foundations of cost-sensitive learning", 2001), so the optimum over the edges of the score bins is
exact. The lowest cost of many is lower than what it will be on the next predictions. So the gain is
*cross-fitted*: the counts are halved at random, the threshold is chosen on one half and judged on
the other, and the other way round, several times. As half the data choose a little worse than all
of them, this errs on the side of caution.
"""

import numpy as np
from numpy.typing import NDArray

from tidegauge.core.config import Costs
from tidegauge.core.improve.halves import REPEATS, halves
from tidegauge.core.improve.interval import mean_gain
from tidegauge.core.improvement import CostPoint, Gain, ThresholdStats
from tidegauge.core.stats.scorebins import EDGES, LOWER, N_BINS

COST_THRESHOLDS = (0.0, 0.01, 0.02, *(step / 20 for step in range(1, 20)), 0.98, 0.99)
"""The thresholds of the cost curve; all are edges of score bins."""

_POINTS = np.searchsorted(EDGES, np.array(COST_THRESHOLDS) - 1e-9)

_Costs = NDArray[np.float64]
"""By decision (0 negative, 1 positive) and label."""


def best_threshold(cells: NDArray[np.int64], costs: Costs) -> ThresholdStats:
    """Find the threshold of least cost, and what it gains on the model's own decisions.

    Among thresholds of equal cost the nearest to the one in use wins.

    Args:
        cells: Labelled predictions by score bin, decision and label, at least one; shape
            ``(N_BINS, 2, 2)``.
        costs: What each decision costs by its label.
    """
    prices = np.array(
        [[costs.true_negative, costs.false_negative], [costs.false_positive, costs.true_positive]]
    )
    n = int(cells.sum())
    in_use, agreed = _in_use(cells)
    curve = _curve(cells, prices)
    best = int(_cheapest(curve, in_use))
    return ThresholdStats(
        labelled=n,
        in_use=_score(in_use),
        agreement=agreed / n,
        best=_score(best),
        cost=float(_cost(cells, prices)) / n,
        best_cost=float(curve[best]) / n,
        gain=_gain(cells, prices, in_use, best),
        costs=tuple(
            CostPoint(threshold, cost / n)
            for threshold, cost in zip(COST_THRESHOLDS, curve[_POINTS].tolist(), strict=True)
        ),
    )


def _score(edge: int) -> float | None:
    return float(LOWER[edge]) if edge < N_BINS else None


def _in_use(cells: NDArray[np.int64]) -> tuple[int, int]:
    """The edge that repeats most decisions (the middle one of many), and how many it repeats."""
    decided = np.moveaxis(cells.sum(axis=2), 1, 0)
    below = np.concatenate(([0], np.cumsum(decided[0])))
    above = np.concatenate((np.cumsum(decided[1][::-1])[::-1], [0]))
    agreed = below + above
    fitting = np.flatnonzero(agreed == agreed.max())
    return int(fitting[len(fitting) // 2]), int(agreed.max())


def _curve(cells: NDArray[np.int64], prices: _Costs) -> NDArray[np.float64]:
    """The cost of each edge as threshold, shape ``(..., N_BINS + 1)``; the last: never positive."""
    labels = cells.sum(axis=-2)
    passed = np.cumsum(labels, axis=-2)
    below = np.concatenate((np.zeros_like(passed[..., :1, :]), passed), axis=-2)
    above = below[..., -1:, :] - below
    cost: NDArray[np.float64] = (below * prices[0] + above * prices[1]).sum(axis=-1)
    return cost


def _cheapest(curve: NDArray[np.float64], in_use: int) -> NDArray[np.intp]:
    """The edge of least cost, the nearest to the one in use of several."""
    distance = np.abs(np.arange(N_BINS + 1) - in_use)
    lowest = curve == curve.min(axis=-1, keepdims=True)
    chosen: NDArray[np.intp] = np.where(lowest, distance, N_BINS + 1).argmin(axis=-1)
    return chosen


def _cost(cells: NDArray[np.int64], prices: _Costs) -> NDArray[np.float64]:
    cost: NDArray[np.float64] = (cells.sum(axis=-3) * prices).sum(axis=(-2, -1))
    return cost


def _gain(cells: NDArray[np.int64], prices: _Costs, in_use: int, best: int) -> Gain:
    n = int(cells.sum())
    decision = (np.arange(N_BINS) >= best).astype(np.intp)
    each = prices - prices[decision][:, np.newaxis, :]
    squares = float((cells * each * each).sum())
    if not squares:
        return Gain(0.0, 0.0, 0.0)
    folds = halves(cells)
    total = 0.0
    for chosen_on, judged_on in (folds, folds[::-1]):
        edges = _cheapest(_curve(chosen_on, prices), in_use)
        judged = _curve(judged_on, prices)[np.arange(REPEATS), edges]
        total += float((_cost(judged_on, prices) - judged).sum()) / REPEATS
    largest = float(np.abs(prices[1] - prices[0]).max())
    return mean_gain(total / n, n, float((cells * each).sum()), squares, largest)
