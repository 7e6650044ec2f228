"""Which quality figures are shown of each kind of model: one table, the most telling figure first.

A kind of model is added by one entry in `QUALITY` and one line in `kind_of`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from statistics import median
from typing import Final

from tidegauge.core.records import MetricRecord
from tidegauge.top import words


class Kind(StrEnum):
    """What a model answers."""

    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of quality.

    Attributes:
        title: Head of its column.
        read: Takes it from a window; None where it is undefined.
        higher_is_better: The direction of an improvement.
        told: Writes it.
        change: Writes the difference of two.
    """

    title: str
    read: Callable[[MetricRecord], float | None]
    higher_is_better: bool
    told: Callable[[float | None], str]
    change: Callable[[float | None], str]

    def difference(self, now: MetricRecord | None, usual: Sequence[MetricRecord]) -> float | None:
        """By how much it is above the median of other windows; None where either is undefined."""
        value = self.read(now) if now is not None else None
        known = [other for window in usual if (other := self.read(window)) is not None]
        return value - median(known) if value is not None and known else None

    def worse(self, difference: float | None) -> bool:
        """Whether a difference is to the worse."""
        return difference is not None and (difference < 0) is self.higher_is_better


def _share(title: str, path: str, *, higher_is_better: bool = True) -> Figure:
    return Figure(title, attrgetter(path), higher_is_better, words.share, words.points)


def _decimals(title: str, path: str, *, higher_is_better: bool = True) -> Figure:
    told, change = words.decimals, words.signed_decimals
    return Figure(title, attrgetter(path), higher_is_better, told, change)


QUALITY: Final[Mapping[Kind, tuple[Figure, ...]]] = {
    Kind.BINARY: (
        _share("accuracy", "quality.accuracy"),
        _decimals("AUC", "quality.auc"),
        _decimals("F1", "quality.f1"),
        _share("precision", "quality.precision"),
        _share("recall", "quality.recall"),
        _share("specificity", "quality.specificity"),
        _share("balanced acc.", "quality.balanced_accuracy"),
        _decimals("MCC", "quality.matthews_correlation"),
        _decimals("avg precision", "quality.average_precision"),
        _decimals("lift 10%", "quality.lift_top_decile"),
        _decimals("log loss", "quality.log_loss", higher_is_better=False),
        _decimals("Brier", "quality.brier", higher_is_better=False),
        _decimals("calib. err", "quality.expected_calibration_error", higher_is_better=False),
    ),
}


def kind_of(_window: MetricRecord | None) -> Kind:
    """The kind of the model that a window is of."""
    return Kind.BINARY


def figures_of(window: MetricRecord | None) -> tuple[Figure, ...]:
    """The quality figures to show of a window's model."""
    return QUALITY[kind_of(window)]
