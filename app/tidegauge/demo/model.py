"""The frozen model: a logistic regression read from a data file and applied with numpy.

The file is written by ``python -m tidegauge.demo.train``. It holds plain numbers: nothing in it is
code, and nothing is unpickled.
"""

from collections.abc import Sequence
from importlib import resources

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.events import Features

MODEL_FILE = "model.json"
LATE_MINUTES = 15
"""A flight is late when it arrives more than so many minutes after its scheduled time."""


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a numeric feature counts: standardised; a missing value stands at the mean."""

    mean: float
    deviation: float
    coefficient: float


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A logistic regression on numbers and one-hot categories; an unknown category counts 0."""

    name: str
    version: str
    code_version: str
    data_version: str
    threshold: float
    """The score from which on a flight is predicted to be late."""
    intercept: float
    numbers: dict[str, Number]
    categories: dict[str, dict[str, float]]

    def scores(self, rows: Sequence[Features]) -> NDArray[np.float64]:
        """The probability of arriving late, for each of ``rows``; shape (rows,)."""
        return 0.5 * (1.0 + np.tanh(0.5 * self._log_odds(rows)))

    def predict(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """1 (late) or 0 for each score."""
        return (scores >= self.threshold).astype(np.int64)

    def _log_odds(self, rows: Sequence[Features]) -> NDArray[np.float64]:
        total = np.full(len(rows), self.intercept)
        for name, number in self.numbers.items():
            total += number.coefficient * standardise(column(rows, name), number)
        for name, coefficients in self.categories.items():
            total += [coefficients.get(str(row[name]), 0.0) for row in rows]
        return total


def column(rows: Sequence[Features], name: str) -> NDArray[np.float64]:
    """The numeric feature ``name`` of each row, NaN where it is missing; shape (rows,)."""
    return np.array([row[name] for row in rows], dtype=np.float64)


def standardise(values: NDArray[np.float64], number: Number) -> NDArray[np.float64]:
    """Deviations from the mean of training, 0 where the value is missing."""
    return np.nan_to_num((values - number.mean) / number.deviation)


def load_model() -> Model:
    """The frozen model that the package ships."""
    data = resources.files("tidegauge.demo").joinpath(MODEL_FILE).read_bytes()
    return msgspec.json.decode(data, type=Model)
