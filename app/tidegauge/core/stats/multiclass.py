"""Quality figures of a classifier of any number of classes, read from its confusion matrix.

All of it is exact, but for the calibration error, which states its error.
"""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from tidegauge.core.stats.calibration import (
    CalibrationBin,
    calibration_curve,
    expected_calibration_error,
)
from tidegauge.core.stats.classes import OTHER, ClassCounts, Pair
from tidegauge.core.stats.counts import add_counts, table
from tidegauge.core.stats.quality import N_CELLS, LabelCounts
from tidegauge.core.stats.scorebins import N_BINS


class ClassQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the model was about one class; a figure that is undefined is None."""

    predicted: int
    """Labelled predictions that are this class."""
    support: int
    """Labels that are."""
    true_positives: int
    precision: float | None
    """None when it was never predicted."""
    recall: float | None
    """None when it never turned out true."""
    f1: float | None


class MulticlassQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How right the labelled predictions are; a figure that is undefined is None.

    Names and definitions are scikit-learn's; a macro average is the plain mean over the classes for
    which the figure is defined (``zero_division=nan``).
    """

    n: int
    right: int
    accuracy: float | None
    precision: float | None
    """Macro average, as the next two."""
    recall: float | None
    f1: float | None
    ece: float | None
    """Expected calibration error of the confidence in the predicted class (Guo, Pleiss, Sun and
    Weinberger, 2017), within `tidegauge.core.stats.calibration.CALIBRATION_ERROR`."""
    calibration_curve: tuple[CalibrationBin, ...] | None
    """Mean confidence and share of right predictions, where there is any confidence."""
    classes: dict[str, ClassQuality]
    """By name."""
    confusion: dict[Pair, int]
    """Count by predicted and true class; cells without any are left out."""


def multiclass_quality(
    counts: ClassCounts, binary: LabelCounts | None, limit: int
) -> MulticlassQuality:
    """Read every figure from the total counts of a window, which has no negative cells.

    Args:
        counts: Counts by class.
        binary: Those of the same rows that are pairs of binary classes, by score.
        limit: Most classes told apart; the rarer ones become `OTHER`.
    """
    folded = _within(counts, limit)
    n = sum(folded.confusion.values())
    hits = _hits(folded)
    right = sum(hits.values())
    classes = {name: _class(folded.confusion, name, hits) for name in _names(folded.confusion)}
    curve = calibration_curve(*_confidence(counts, binary))
    return MulticlassQuality(
        n=n,
        right=right,
        accuracy=right / n if n else None,
        precision=_mean([x.precision for x in classes.values()]),
        recall=_mean([x.recall for x in classes.values()]),
        f1=_mean([x.f1 for x in classes.values()]),
        ece=expected_calibration_error(curve),
        calibration_curve=curve,
        classes=classes,
        confusion=dict(sorted(folded.confusion.items())),
    )


def right_and_wrong(counts: ClassCounts) -> tuple[int, int]:
    """How many labelled predictions equal their label, and how many do not."""
    right = sum(_hits(counts).values())
    return right, sum(counts.confusion.values()) - right


def _names(confusion: Mapping[Pair, int]) -> list[str]:
    return sorted({name for pair in confusion for name in pair})


def _within(counts: ClassCounts, limit: int) -> ClassCounts:
    """The same counts with no more than ``limit`` classes, the most frequent ones."""
    shares: dict[str, int] = {}
    for (predicted, label), count in counts.confusion.items():
        add_counts(shares, {predicted: count})
        add_counts(shares, {label: count})
    shares.pop(OTHER, None)
    ranked = sorted(shares, key=lambda name: (-shares[name], name))
    if len(ranked) <= limit:
        return counts
    kept = set(ranked[:limit])
    folded = ClassCounts(other_errors=counts.other_errors)
    for (predicted, label), count in counts.confusion.items():
        pair = (predicted if predicted in kept else OTHER, label if label in kept else OTHER)
        add_counts(folded.confusion, {pair: count})
        if pair == (OTHER, OTHER) and predicted != label:
            folded.other_errors += count
    return folded


def _hits(counts: ClassCounts) -> dict[str, int]:
    """Right predictions by class."""
    hits = {p: n for (p, label), n in counts.confusion.items() if p == label}
    if OTHER in hits:
        hits[OTHER] -= counts.other_errors
    return hits


def _class(confusion: Mapping[Pair, int], name: str, hits: Mapping[str, int]) -> ClassQuality:
    predicted = sum(n for (p, _), n in confusion.items() if p == name)
    support = sum(n for (_, label), n in confusion.items() if label == name)
    right = hits.get(name, 0)
    return ClassQuality(
        predicted=predicted,
        support=support,
        true_positives=right,
        precision=right / predicted if predicted else None,
        recall=right / support if support else None,
        f1=2 * right / (predicted + support) if predicted + support else None,
    )


def _mean(figures: list[float | None]) -> float | None:
    defined = [figure for figure in figures if figure is not None]
    return sum(defined) / len(defined) if defined else None


def _confidence(
    counts: ClassCounts, binary: LabelCounts | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Wrong and right predictions by score bin."""
    by_right = table(counts.confidence, 2 * N_BINS).reshape(-1, 2)
    if binary is not None:
        cells = table(binary.cells, N_CELLS).reshape(-1, 2, 2)[:N_BINS]
        by_right[:, 1] += cells[:, 0, 0] + cells[:, 1, 1]
        by_right[:, 0] += cells[:, 0, 1] + cells[:, 1, 0]
    return by_right[:, 0], by_right[:, 1]
