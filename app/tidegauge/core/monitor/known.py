"""Figures of windows that are kept until the counts they were read from change.

A window is published and shown many times while little of it changes: labels come long after the
predictions, and a window that becomes final has all that it is to have. So the figures of all
predictions and those of the labelled ones are kept apart, each with what it was read from.
"""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from tidegauge.core.config import ModelKind
from tidegauge.core.monitor.figures import Figures, Predicted, assembled, predicted_figures
from tidegauge.core.monitor.quality import Labelled, labelled_figures
from tidegauge.core.stats.reference import ReferenceProfile
from tidegauge.core.sums import SlotSums


class _PredictedFrom(NamedTuple):
    changes: int
    window_ms: int
    reference: str | None
    kind: ModelKind


class _LabelledFrom(NamedTuple):
    changes: int
    answers: int
    kind: ModelKind


class _Kept:
    __slots__ = ("labelled", "predicted")

    def __init__(self) -> None:
        self.predicted: tuple[_PredictedFrom, Predicted] | None = None
        self.labelled: tuple[_LabelledFrom, Labelled] | None = None


class KnownFigures:
    """The figures of the windows of one model, as long as their counts are kept elsewhere.

    Args:
        max_classes: most classes told apart.
    """

    def __init__(self, max_classes: int) -> None:
        self._max_classes = max_classes
        self._kept: WeakKeyDictionary[SlotSums, _Kept] = WeakKeyDictionary()

    def of(
        self,
        sums: SlotSums,
        window_ms: int,
        reference: ReferenceProfile | None,
        kind: ModelKind,
    ) -> Figures:
        """What `tidegauge.core.monitor.figures.figures` gives.

        Args:
            sums: the counts of a window; they change by `SlotSums.add` alone.
            window_ms: its length.
            reference: what drift is measured against.
            kind: the kind of its model.
        """
        kept = self._kept.get(sums)
        if kept is None:
            kept = self._kept[sums] = _Kept()
        reference_id = reference.id if reference else None
        asked = _PredictedFrom(sums.predicted_changes, window_ms, reference_id, kind)
        if kept.predicted is None or kept.predicted[0] != asked:
            kept.predicted = asked, predicted_figures(sums, window_ms, reference, kind)
        # figures by class count the answers, too
        answers = sums.predicted_changes if kind is ModelKind.MULTICLASS else 0
        labels = _LabelledFrom(sums.labelled_changes, answers, kind)
        if kept.labelled is None or kept.labelled[0] != labels:
            kept.labelled = labels, labelled_figures(sums, kind, self._max_classes)
        return assembled(kept.predicted[1], kept.labelled[1])
