"""Link functions: from the outputs of a linear part to probabilities."""

import numpy as np
from numpy.typing import NDArray


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of the positive class; of the same shape, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability of each class; shape (rows, classes), rows add up to 1."""
    powers: NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
