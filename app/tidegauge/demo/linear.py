"""The linear part of a frozen model: one weighted sum of features for each of its outputs."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.events import Features

Weights = tuple[float, ...]
"""One for each output."""


class Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a numeric feature counts: standardised; a missing value stands at the mean."""

    mean: float
    deviation: float
    weights: Weights


class Linear(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Weights of numbers and one-hot categories; an unknown category counts 0."""

    intercepts: Weights
    numbers: dict[str, Number]
    categories: dict[str, dict[str, Weights]]

    def parts(self, rows: Sequence[Features]) -> dict[str, NDArray[np.float64]]:
        """What each feature adds to the outputs of each of ``rows``; shape (rows, outputs)."""
        found = {
            name: np.outer(standardise(column(rows, name), number), number.weights)
            for name, number in self.numbers.items()
        }
        unknown = (0.0,) * len(self.intercepts)
        for name, weights in self.categories.items():
            found[name] = np.array([weights.get(str(row[name]), unknown) for row in rows])
        return found

    def outputs(self, parts: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """The weighted sums, given their `parts`; shape (rows, outputs)."""
        rows = len(next(iter(parts.values())))
        total = np.tile(np.array(self.intercepts), (rows, 1))
        for part in parts.values():
            total += part
        return total

    def negated(self) -> "Linear":
        """The same with every output of the opposite sign."""
        return Linear(
            _negated(self.intercepts),
            {
                name: msgspec.structs.replace(number, weights=_negated(number.weights))
                for name, number in self.numbers.items()
            },
            {
                name: {level: _negated(weights) for level, weights in levels.items()}
                for name, levels in self.categories.items()
            },
        )


def column(rows: Sequence[Features], name: str) -> NDArray[np.float64]:
    """The numeric feature ``name`` of each row, NaN where it is missing; shape (rows,)."""
    return np.array([row[name] for row in rows], dtype=np.float64)


def standardise(values: NDArray[np.float64], number: Number) -> NDArray[np.float64]:
    """Deviations from the mean of training, 0 where the value is missing."""
    return np.nan_to_num((values - number.mean) / number.deviation)


def _negated(weights: Weights) -> Weights:
    return tuple(-weight for weight in weights)
