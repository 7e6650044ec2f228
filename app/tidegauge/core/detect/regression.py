"""What one figure of a pane is expected to be, given others: weighted least squares on panes.

Sums of products are added up while a stream learns, each pane weighing as much as it has samples,
about the first values that came, so that large levels do not take the digits. Then the figure is a
linear function of the others. A small ridge (A. Hoerl and R. Kennard, "Ridge regression: biased
estimation for nonorthogonal problems", Technometrics 12, 1970) keeps inputs that say the same from
having large opposite weights. Beyond what was seen while learning, a line knows nothing, so inputs
count as the nearest that was seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

MAX_INPUTS = 20
"""Inputs that are looked at, the first that came."""
RIDGE = 0.01
"""Of an input's variance."""
SMALLEST = 1e-200
"""Variance from which on a figure varies, and numbers stay within what a float holds."""
PANES_EACH = 5
"""Panes that are needed for each input."""

Floats = NDArray[np.float64]


class _Seen(NamedTuple):
    """The values of one input while it was learned."""

    first: float
    """What its sums are about."""
    low: float
    high: float


class Regression:
    """Learns from panes, then says what the figure is expected to be.

    Args:
        learn_ms: event time that is learned from, at least.
        learn_samples: samples that are learned from, at least.
    """

    def __init__(self, learn_ms: int, learn_samples: int) -> None:
        self._learn_ms = learn_ms
        self._learn_samples = learn_samples
        self._first_ms: int | None = None
        self._panes = 0
        self._inputs: dict[str, _Seen] = {}
        self._about = 0.0
        """What the sums of the figure are about."""
        self._sums: Floats = np.zeros((2, 2))
        """Of products of 1, the inputs and the figure, in this order."""
        self._weights: Floats = np.zeros(0)
        self._usual: Floats = np.zeros(0)
        """Means of the inputs, less what their sums are about."""
        self._level = 0.0
        """The figure where all inputs are usual."""
        self.explained: float | None = None
        """Part of the figure's variance that the inputs explain; None while learning."""

    def learn(
        self, figure: float, inputs: Mapping[str, float], samples: int, span: tuple[int, int]
    ) -> None:
        """Take a pane.

        Args:
            figure: its figure.
            inputs: the other figures; one that is missing counts as its first value.
            samples: how much it weighs, above 0.
            span: its start and end in ms.
        """
        if self._first_ms is None:
            self._first_ms, self._about = span[0], figure
        for name, value in sorted(inputs.items()):
            seen = self._inputs.get(name)
            if seen is not None:
                wider = _Seen(seen.first, min(seen.low, value), max(seen.high, value))
                self._inputs[name] = wider
            elif len(self._inputs) < MAX_INPUTS:
                self._inputs[name] = _Seen(value, value, value)
                at = len(self._inputs)
                self._sums = np.insert(np.insert(self._sums, at, 0.0, axis=0), at, 0.0, axis=1)
        nothing = np.zeros(len(self._inputs))
        row = np.array([1.0, *self._offsets(inputs, nothing), figure - self._about])
        with np.errstate(over="ignore", invalid="ignore"):
            self._sums += samples * np.outer(row, row)
        self._panes += 1
        enough = self._panes >= PANES_EACH * (len(self._inputs) + 1)
        lasting = span[1] - self._first_ms >= self._learn_ms
        if enough and lasting and self._sums[0, 0] >= self._learn_samples:
            self._fit()

    def expected(self, inputs: Mapping[str, float]) -> float:
        """The figure, given the inputs of a pane; to be asked once `explained` is known.

        An input that is missing counts as usual.
        """
        off = self._offsets(inputs, self._usual) - self._usual
        return self._level + float(off @ self._weights)

    def _offsets(self, inputs: Mapping[str, float], absent: Floats) -> Floats:
        """The inputs less what sums are about; those that are missing as they are given."""
        found = absent.copy()
        for at, (name, seen) in enumerate(self._inputs.items()):
            if name in inputs:
                found[at] = min(max(inputs[name], seen.low), seen.high) - seen.first
        return found

    def _fit(self) -> None:
        self._weights = self._usual = np.zeros(len(self._inputs))
        self.explained = 0.0
        if not np.isfinite(self._sums).all():
            return  # squares of such numbers are beyond what a float holds
        means = self._sums[0, 1:] / self._sums[0, 0]
        self._usual, self._level = means[:-1], self._about + float(means[-1])
        spread = self._sums[1:, 1:] / self._sums[0, 0] - np.outer(means, means)
        variances = np.diag(spread)
        moving = np.flatnonzero(variances[:-1] > SMALLEST)
        if len(moving) and variances[-1] > SMALLEST:
            self._solve(spread, moving)

    def _solve(self, spread: Floats, moving: NDArray[np.intp]) -> None:
        """Find the weights of the inputs that vary, from variances and covariances."""
        units = np.sqrt(np.diag(spread))
        chosen = np.append(moving, len(spread) - 1)
        alike = spread[np.ix_(chosen, chosen)] / np.outer(units[chosen], units[chosen])
        within, shared = alike[:-1, :-1], alike[:-1, -1]
        found = np.linalg.solve(within + RIDGE * np.eye(len(moving)), shared)
        self._weights = np.zeros(len(self._inputs))
        self._weights[moving] = found * units[-1] / units[moving]
        self.explained = float(2.0 * found @ shared - found @ within @ found)

    def to_state(self) -> list[Any]:
        """Plain lists, dicts and numbers."""
        known = self._first_ms, self._panes, self._inputs, self._about, self._sums.ravel().tolist()
        fitted = self._weights.tolist(), self._usual.tolist(), self._level, self.explained
        return [*known, *fitted]

    @classmethod
    def from_state(cls, learn_ms: int, learn_samples: int, state: Sequence[Any]) -> Self:
        """The regression that gave ``state``; the other arguments are those it was made with."""
        regression = cls(learn_ms, learn_samples)
        first_ms, panes, inputs, about, sums, weights, usual, level, explained = state
        regression._first_ms, regression._panes, regression._about = first_ms, panes, about
        regression._inputs = {name: _Seen(*seen) for name, seen in inputs.items()}
        side = len(inputs) + 2
        regression._sums = np.array(sums, np.float64).reshape(side, side)
        regression._weights = np.array(weights, np.float64)
        regression._usual = np.array(usual, np.float64)
        regression._level, regression.explained = level, explained
        return regression
