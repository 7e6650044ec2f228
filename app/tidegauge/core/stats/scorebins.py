"""Fixed bins for scores in [0, 1], and proper scores of single predictions as integers.

The bins are 0.01 wide. The first and the last one are halved again and again towards 0 and 1, so
that models of rare events, whose scores crowd there, keep their ranking. Fixed bins make histograms
mergeable across any panes, versions and partitions.
"""

import numpy as np
from numpy.typing import NDArray

UNIFORM_BINS = 100
HALVINGS = 10

_TAIL = [1.0 / UNIFORM_BINS / 2**step for step in range(HALVINGS, 0, -1)]
EDGES: NDArray[np.float64] = np.array(
    [0.0, *_TAIL]
    + [step / UNIFORM_BINS for step in range(1, UNIFORM_BINS)]
    + [1.0 - edge for edge in reversed(_TAIL)]
    + [1.0]
)
"""Ascending edges; a bin holds its lower edge, and the last one also its upper edge, 1."""
LOWER = EDGES[:-1]
UPPER = EDGES[1:]
MIDDLE = (LOWER + UPPER) / 2
N_BINS = len(LOWER)
NO_SCORE = N_BINS
"""The bin of a prediction without a score."""

UNITS = 2**20
"""Brier score and log loss of one prediction are integers in units of 1 / UNITS."""
LOG_LOSS_CLIP = float(np.finfo(np.float64).eps)
"""Scores are kept this far from 0 and 1 in the log loss, as scikit-learn does."""

_INNER = EDGES[1:-1]
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476
_ATANH_TERMS = 8


def bin_scores(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the bin of each score in [0, 1]; `NO_SCORE` for NaN."""
    bins = np.searchsorted(_INNER, scores, side="right")
    bins[np.isnan(scores)] = NO_SCORE
    return bins


def brier_units(scores: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the squared error of each score against its 0/1 label, in `UNITS`."""
    error: NDArray[np.float64] = scores - labels
    return np.rint(error * error * UNITS).astype(np.int64)


def log_loss_units(scores: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the negative log likelihood (natural) of each 0/1 label given its score, in `UNITS`.

    Scores are clipped by `LOG_LOSS_CLIP`.
    """
    clipped = np.clip(scores, LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP)
    likelihood = np.where(labels == 1, clipped, 1.0 - clipped)
    return np.rint(-portable_log(likelihood) * UNITS).astype(np.int64)


def portable_log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Natural logarithm of positive values within 1e-14, from IEEE basic operations only.

    The logarithm of numpy depends on the processor's vector instructions in the last bit, and two
    workers on different machines must agree. Uses log(m) = 2 atanh((m - 1) / (m + 1)).
    """
    mantissa, exponent = np.frexp(x)
    small = mantissa < _ROOT_HALF
    mantissa = np.where(small, 2.0 * mantissa, mantissa)
    t = (mantissa - 1.0) / (mantissa + 1.0)
    square = t * t
    series = np.zeros_like(t)
    for term in range(_ATANH_TERMS, -1, -1):
        series = series * square + 1.0 / (2 * term + 1)
    return 2.0 * t * series + (exponent - small) * _LN2
