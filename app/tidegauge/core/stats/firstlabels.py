"""First labels of predictions, as the error detectors read them."""

from typing import Any, Self

import msgspec

from tidegauge.core.stats import exactsum
from tidegauge.core.stats.attributions import JudgedAttributions
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.core.stats.errorsample import ErrorSample, merged


class FirstLabels(msgspec.Struct):
    """Pairs of an answer and the label that came first.

    ``trials`` are those of two classes and ``errors`` those of them that differ; ``numbers`` are
    those of two numbers, with the exact sums of ``absolute`` errors and their ``squares`` in units
    of 2**-1074. A pair of whole numbers is both.

    ``bins`` has those whose features were binned, by reference id, ``judged`` the attributions of
    those that carry any, and ``sample`` some of the errors; only first labels of whole versions
    have the three.
    """

    trials: int = 0
    errors: int = 0
    numbers: int = 0
    absolute: int = 0
    squares: int = 0
    bins: dict[str, ErrorBins] = {}
    sample: list[ErrorSample] = []
    judged: JudgedAttributions | None = None

    def add(self, other: Self) -> None:
        """Add other pairs."""
        self.trials += other.trials
        self.errors += other.errors
        self.numbers += other.numbers
        self.absolute += other.absolute
        self.squares += other.squares
        for reference, counts in other.bins.items():
            self.bins.setdefault(reference, ErrorBins()).add(counts)
        if other.sample:
            self.sample = merged(self.sample, other.sample)
        if other.judged is not None:
            self.judge(other.judged)

    def judge(self, judged: JudgedAttributions) -> None:
        """Add attributions."""
        if self.judged is None:
            self.judged = JudgedAttributions()
        self.judged.add(judged)

    def absolute_error(self) -> tuple[int, float, float]:
        """How many numbers there are, and mean and sample deviation of their absolute errors."""
        mean = exactsum.mean(self.numbers, self.absolute)
        deviation = exactsum.deviation(self.numbers, self.absolute, self.squares)
        return self.numbers, mean or 0.0, deviation or 0.0

    def to_wire(self) -> list[Any]:
        """Return plain integers and bytes for msgpack."""
        sums = (exactsum.encode(self.absolute), exactsum.encode(self.squares))
        bins = {reference: counts.to_wire() for reference, counts in self.bins.items()}
        sample = [list(error) for error in self.sample]
        judged = None if self.judged is None else self.judged.to_wire()
        return [self.trials, self.errors, self.numbers, *sums, bins, sample, judged]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Self:
        """Read what `to_wire` wrote."""
        trials, errors, numbers, absolute, squares, bins, sample, judged = wire
        return cls(
            trials,
            errors,
            numbers,
            exactsum.decode(absolute),
            exactsum.decode(squares),
            {reference: ErrorBins.from_wire(counts) for reference, counts in bins.items()},
            [ErrorSample(*error) for error in sample],
            None if judged is None else JudgedAttributions.from_wire(judged),
        )
