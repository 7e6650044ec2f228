"""What corrected labels change in errors that a detector was shown."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from tidegauge.core.config import ModelKind
from tidegauge.core.stats import exactsum


class ErrorCounts(msgspec.Struct):
    """How many pairs of an answer and a label there are, and how wrong; or a change of that.

    ``trials``, ``errors``, ``numbers`` and ``absolute`` as in
    `tidegauge.core.stats.firstlabels.FirstLabels`; in a change they may be negative.
    """

    trials: int = 0
    errors: int = 0
    numbers: int = 0
    absolute: int = 0

    def add(self, other: Self) -> None:
        """Add other pairs, or a change."""
        self.trials += other.trials
        self.errors += other.errors
        self.numbers += other.numbers
        self.absolute += other.absolute

    def mean_error(self, kind: ModelKind) -> float | None:
        """The error rate or the mean absolute error; None where nothing is left of it."""
        if kind is ModelKind.REGRESSION:
            return exactsum.mean(self.numbers, self.absolute) if self.numbers > 0 else None
        return self.errors / self.trials if self.trials > 0 else None

    def samples(self, kind: ModelKind) -> int:
        """How many pairs `mean_error` is the mean of."""
        return self.numbers if kind is ModelKind.REGRESSION else self.trials

    def to_wire(self) -> list[Any]:
        """Return plain integers and bytes for msgpack."""
        return [self.trials, self.errors, self.numbers, exactsum.encode(self.absolute)]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        trials, errors, numbers, absolute = wire
        return cls(trials, errors, numbers, exactsum.decode(absolute))


CorrectionKey = tuple[int, int]
"""Starts of two panes of label time in ms: where a correction became known, and where the first
label that it corrects stands."""
Corrections = Mapping[CorrectionKey, ErrorCounts]
