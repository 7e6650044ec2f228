"""Streams that do not change, for the detection benchmark: a pane a minute, any distribution."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tidegauge.core.config import DAY, MINUTE
from tidegauge.core.detect.verdict import PaneInput, StreamKind

PANES_A_DAY = DAY // MINUTE
Values = NDArray[np.float64]


class Condition(NamedTuple):
    """One kind of stream."""

    kind: StreamKind
    samples: int
    """Trials or values of a pane."""
    draw: Callable[[Generator, int], Values]
    """Means of so many panes."""

    def panes(self, values: Values, first: int = 0) -> Iterator[PaneInput]:
        """Panes with these means, from pane number ``first`` on."""
        for at, value in enumerate(values.tolist(), first):
            total = round(value * self.samples) if self.kind is StreamKind.RATE else value
            yield PaneInput(at * MINUTE, (at + 1) * MINUTE, self.samples, total)


def bernoulli(rate: float, trials: int) -> Condition:
    """Independent errors."""
    return Condition(
        StreamKind.RATE, trials, lambda rng, size: rng.binomial(trials, rate, size) / trials
    )


def mean(draw: Callable[[Generator, int], Values]) -> Condition:
    """A mean; panes hold one value, so nothing is evened out within them."""
    return Condition(StreamKind.MEAN, 1, draw)


def autoregression(persistence: float) -> Callable[[Generator, int], Values]:
    """First-order, of mean 0 and variance 1."""

    def draw(rng: Generator, size: int) -> Values:
        level = float(rng.normal())
        drawn = []
        for step in (rng.normal(size=size) * math.sqrt(1.0 - persistence**2)).tolist():
            level = persistence * level + step
            drawn.append(level)
        return np.array(drawn)

    return draw


def daily(rng: Generator, size: int) -> Values:
    """A day's wave of twice the noise's standard deviation."""
    wave = np.sin(2.0 * np.pi * np.arange(size) / PANES_A_DAY)
    return 2.0 * wave + rng.normal(size=size)


STILL = {
    "Bernoulli 0.1, one trial a pane": bernoulli(0.1, 1),
    "Bernoulli 0.1, 100 trials a pane": bernoulli(0.1, 100),
    "N(0, 1)": mean(lambda rng, size: rng.normal(size=size)),
    "N(50, 10)": mean(lambda rng, size: rng.normal(50.0, 10.0, size)),
    "lognormal": mean(lambda rng, size: rng.lognormal(size=size)),
    "AR(1) 0.5": mean(autoregression(0.5)),
    "AR(1) 0.9": mean(autoregression(0.9)),
    "daily season": mean(daily),
    "Student t, 3 degrees of freedom": mean(lambda rng, size: rng.standard_t(3, size)),
}
