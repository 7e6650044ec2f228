"""Which quality figures are shown of each kind of model: one table, the most telling figure first.

A kind of model is added by one entry in `QUALITY`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import median
from typing import Final

from tidegauge.core.config import ModelKind
from tidegauge.core.records import MetricRecord
from tidegauge.live import words


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of quality.

    Attributes:
        title: Head of its column.
        read: Takes it from a window; None where it is undefined.
        higher_is_better: The direction of an improvement; None where there is none.
        told: Writes it.
        change: Writes the difference of two.
    """

    title: str
    read: Callable[[MetricRecord], float | None]
    higher_is_better: bool | None
    told: Callable[[float | None], str]
    change: Callable[[float | None], str]

    def difference(self, now: MetricRecord | None, usual: Sequence[MetricRecord]) -> float | None:
        """By how much it is above the median of other windows; None where either is undefined."""
        value = self.read(now) if now is not None else None
        known = [other for window in usual if (other := self.read(window)) is not None]
        return value - median(known) if value is not None and known else None

    def worse(self, difference: float | None) -> bool:
        """Whether a difference is to the worse."""
        if not difference or self.higher_is_better is None:
            return False
        return (difference < 0) is self.higher_is_better

    def goodness(self, value: float | None) -> float | None:
        """What rises with the figure's quality, to sort by: the worst comes first."""
        if value is None:
            return None
        return -value if self.higher_is_better is False else value


def _share(title: str, path: str, *, higher_is_better: bool = True) -> Figure:
    return Figure(title, attrgetter(path), higher_is_better, words.share, words.points)


def _decimals(title: str, path: str, *, higher_is_better: bool = True) -> Figure:
    told, change = words.decimals, words.signed_decimals
    return Figure(title, attrgetter(path), higher_is_better, told, change)


def _number(title: str, path: str, *, higher_is_better: bool | None = False) -> Figure:
    return Figure(title, attrgetter(path), higher_is_better, words.number, words.signed_number)


QUALITY: Final[Mapping[ModelKind, tuple[Figure, ...]]] = {
    ModelKind.BINARY: (
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
    ModelKind.MULTICLASS: (
        _share("accuracy", "quality.accuracy"),
        _decimals("macro F1", "quality.macro_f1"),
        _share("macro recall", "quality.macro_recall"),
        _share("macro prec.", "quality.macro_precision"),
        _decimals("calib. err", "quality.expected_calibration_error", higher_is_better=False),
    ),
    ModelKind.REGRESSION: (
        _number("MAE", "regression.mean_absolute_error"),
        _number("RMSE", "regression.root_mean_squared_error"),
        _number("bias", "regression.bias", higher_is_better=None),
        _decimals("R2", "regression.r2"),
        _number("p90 error", "regression.absolute_error_p90"),
        _number("p99 error", "regression.absolute_error_p99"),
    ),
}


def figures_of(window: MetricRecord | None) -> tuple[Figure, ...]:
    """The quality figures to show of a window's model."""
    return QUALITY[ModelKind.BINARY if window is None else window.kind]
