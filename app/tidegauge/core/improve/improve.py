"""From the counts of a version and its segments to what would make it do better."""

from collections.abc import Iterable
from typing import NamedTuple

from tidegauge.core.config import Costs, ModelKind
from tidegauge.core.improve.isotonic import recalibration
from tidegauge.core.improve.segments import Errors, Part, best_segments, segment_gains
from tidegauge.core.improve.threshold import best_threshold
from tidegauge.core.improvement import ImprovementStats
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.classes import ClassCounts
from tidegauge.core.stats.counts import table
from tidegauge.core.stats.multiclass import right_and_wrong
from tidegauge.core.stats.numbers import NumberCounts, with_small
from tidegauge.core.stats.quality import N_CELLS, LabelCounts
from tidegauge.core.stats.scorebins import N_BINS

MIN_LABELS = 200
"""Labelled predictions of a version below which nothing is said."""
MIN_OF_EACH = 10
"""Labels of either class, among those with a score, below which nothing is said of scores."""


class Counts(NamedTuple):
    """The labelled predictions of a version or segment, in every reading."""

    labels: LabelCounts | None
    classes: ClassCounts | None
    numbers: NumberCounts | None


def improvement(
    whole: Counts, parts: Iterable[tuple[str, str, Counts]], kind: ModelKind, costs: Costs
) -> ImprovementStats | None:
    """What would make a version do better; None while there are too few labels.

    Args:
        whole: the counts of the version in a window.
        parts: field, value and counts of its segments in the same window.
        kind: the kind of its model.
        costs: what decisions of a binary model cost.
    """
    errors = _errors(whole, kind)
    if errors.labelled < MIN_LABELS:
        return None
    gains = segment_gains(errors, (Part(f, v, _errors(counts, kind)) for f, v, counts in parts))
    segments = best_segments(gains)
    if kind is not ModelKind.BINARY or whole.labels is None:
        return ImprovementStats(segments=segments)
    cells = table(whole.labels.cells, N_CELLS).reshape(-1, 2, 2)[:N_BINS]
    labels = cells.sum(axis=1)
    if labels.sum(axis=0).min() < MIN_OF_EACH:
        return ImprovementStats(segments=segments)
    return ImprovementStats(
        threshold=best_threshold(cells, costs),
        recalibration=recalibration(labels),
        segments=segments,
    )


def _errors(counts: Counts, kind: ModelKind) -> Errors:
    if kind is ModelKind.REGRESSION:
        return _absolute(counts)
    if kind is ModelKind.BINARY:
        cells = counts.labels.cells if counts.labels else {}
        n = sum(cells.values())
        # the last two bits of a cell are the decision and the label
        wrong = sum(count for cell, count in cells.items() if cell & 3 in (1, 2))
    else:
        right, wrong = right_and_wrong(counts.classes or ClassCounts())
        n = right + wrong
    rate = wrong / n if n else 0.0
    return Errors(n, rate, rate)


def _absolute(counts: Counts) -> Errors:
    confusion = counts.classes.confusion if counts.classes else {}
    numbers = with_small(counts.numbers or NumberCounts(), confusion)
    mean = exactsum.mean(numbers.n, numbers.absolute) or 0.0
    return Errors(numbers.n, mean, exactsum.mean(numbers.n, numbers.squares) or 0.0)
