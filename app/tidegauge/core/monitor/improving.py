"""What would make versions do better, kept until the counts it was read from change."""

from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from tidegauge.core.config import Costs, ModelKind
from tidegauge.core.improve.improve import Counts, improvement
from tidegauge.core.improvement import ImprovementStats
from tidegauge.core.monitor.windows import Series
from tidegauge.core.sums import SlotSums


class _From(NamedTuple):
    changes: int
    segments: int
    segment_changes: int
    kind: ModelKind


class Improving:
    """What would make the versions of one model do better.

    Args:
        costs: what decisions of a binary model cost.
    """

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._kept: WeakKeyDictionary[SlotSums, tuple[_From, ImprovementStats | None]] = (
            WeakKeyDictionary()
        )

    def of(
        self, sums: SlotSums, segments: Iterable[tuple[Series, SlotSums]], kind: ModelKind
    ) -> ImprovementStats | None:
        """What would make a version do better; None while there are too few labels.

        Args:
            sums: the counts of the version in a window; they change by `SlotSums.add` alone.
            segments: those of its segments in the same window.
            kind: the kind of its model.
        """
        parts = sorted(segments, key=lambda part: part[0])
        changes = sum(part.labelled_changes for _, part in parts)
        asked = _From(sums.labelled_changes, len(parts), changes, kind)
        known = self._kept.get(sums)
        if known is None or known[0] != asked:
            named = ((series.field, series.value, _counts(part)) for series, part in parts)
            known = self._kept[sums] = (
                asked,
                improvement(_counts(sums), named, kind, self._costs),
            )
        return known[1]


def _counts(sums: SlotSums) -> Counts:
    return Counts(sums.labels, sums.classes, sums.numbers)
