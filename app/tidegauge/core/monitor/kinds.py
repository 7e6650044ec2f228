"""Which kind a model is of: as configured, or told by its answers.

Closed panes are counted in order of event time, over all versions, so what is told is the same for
any partitions and any order of reading. A few odd answers decide nothing: a model is taken for a
regression model once a tenth of all answers so far have a fraction, for a multiclass one once more
than a hundredth are neither of the two classes of a binary model, and for a binary one otherwise.

What is told holds from the end of the pane that told it; a window has the kind that held at its
end. Counts do not depend on the kind (`tidegauge.core.sums.SlotSums`), so a guess that was wrong is
put right by configuration, also for the windows that are kept.
"""

from itertools import pairwise
from typing import Any

from tidegauge.core.config import ModelKind
from tidegauge.core.sums import SlotSums

FRACTIONS = 10
"""One in so many answers with a fraction makes a regression model."""
OTHER_CLASSES = 100
"""More than one in so many answers that are no binary class make a multiclass model."""
MAX_HISTORY = 16


class Kinds:
    """The kind of one model over event time.

    Args:
        fixed: the kind that is configured, if one is.
    """

    def __init__(self, fixed: ModelKind | None) -> None:
        self._fixed = fixed
        self._counts = [0, 0, 0]
        self._history: list[tuple[int, ModelKind]] = []
        """The end of the pane that told each kind in ms, ascending."""

    def close(self, end: int, pane: SlotSums) -> ModelKind:
        """Count the answers of a closed pane; the kind from its end on."""
        self._counts = [a + b for a, b in zip(self._counts, _counted(pane), strict=True)]
        kind = told(*self._counts)
        if self._counts[0] and (not self._history or self._history[-1][1] is not kind):
            self._history.append((end, kind))
            del self._history[:-MAX_HISTORY]
        return self._fixed or kind

    def at(self, end: int, window: SlotSums | None = None) -> ModelKind:
        """The kind of a window or pane that ends at ``end``.

        Args:
            end: its end in ms.
            window: what it holds, which tells the kind as long as no pane is closed.
        """
        if self._fixed is not None:
            return self._fixed
        if not self._history:
            return told(*_counted(window or SlotSums()))
        for (_, kind), (until, _) in pairwise(self._history):
            if end < until:
                return kind
        return self._history[-1][1]

    def to_state(self) -> list[Any]:
        """The state as plain lists."""
        return [self._counts, [[since, kind.value] for since, kind in self._history]]

    def restore(self, state: list[Any]) -> None:
        """The inverse of `to_state`."""
        counts, history = state
        self._counts = list(counts)
        self._history = [(since, ModelKind(kind)) for since, kind in history]


def _counted(sums: SlotSums) -> list[int]:
    """Answers, those with a fraction, and those that are some other class than a binary one."""
    if sums.traffic is None:
        return [0, 0, 0]
    fractions = sums.answers.fractions if sums.answers else 0
    predictions = sums.traffic.predictions
    return [predictions, fractions, predictions - fractions - sums.traffic.classes]


def told(answers: int, fractions: int, others: int) -> ModelKind:
    """The kind that answers tell.

    Args:
        answers: how many there are.
        fractions: those with a fraction.
        others: those that are some other class than one of a binary model.
    """
    if fractions * FRACTIONS >= max(answers, 1):
        return ModelKind.REGRESSION
    if others * OTHER_CLASSES > answers:
        return ModelKind.MULTICLASS
    return ModelKind.BINARY
