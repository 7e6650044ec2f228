"""What a pane of prediction time says when no label can come any more: coverage, precision, recall.

Labels arrive in any order of their predictions, so how many of the predictions get one, and which
of the answers were right, is only known when the label horizon has passed.
"""

from collections.abc import Iterable, Iterator

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.stats.numbers import NumberCounts, with_small
from tidegauge.core.stats.quality import LabelCounts
from tidegauge.core.sums import SlotSums

_CELLS = 4
"""Of a score bin: predicted 0 or 1, then label 0 or 1."""
_FALSE_NEGATIVE, _FALSE_POSITIVE, _TRUE_POSITIVE = 1, 2, 3


def settled_inputs(
    whole: SlotSums, start: int, end: int, kind: ModelKind, subjects: Iterable[Subject]
) -> Iterator[tuple[StreamKey, PaneInput]]:
    """What a settled pane feeds.

    Args:
        whole: the sums of the pane over all versions.
        start: the pane's start in ms.
        end: its end.
        kind: the kind of the model.
        subjects: those of `tidegauge.core.monitor.streams.SETTLED_TARGETS` that are watched.
    """
    covered = min(labelled(whole, kind), whole.predictions)
    yield StreamKey(Subject.COVERAGE), PaneInput(start, end, whole.predictions, covered)
    outcomes = _outcomes(whole.labels or LabelCounts())
    for subject in subjects:
        wrong = _FALSE_NEGATIVE if subject is Subject.RECALL_TARGET else _FALSE_POSITIVE
        trials = outcomes[_TRUE_POSITIVE] + outcomes[wrong]
        yield StreamKey(subject), PaneInput(start, end, trials, outcomes[wrong])


def labelled(sums: SlotSums, kind: ModelKind) -> int:
    """How many predictions have a label that fits the kind of the model."""
    confusion = sums.classes.confusion if sums.classes else {}
    if kind is ModelKind.BINARY:
        return sum(_outcomes(sums.labels or LabelCounts()))
    if kind is ModelKind.MULTICLASS:
        return sum(confusion.values())
    return with_small(sums.numbers or NumberCounts(), confusion).n


def _outcomes(counts: LabelCounts) -> list[int]:
    outcomes = [0] * _CELLS
    for cell, count in counts.cells.items():
        outcomes[cell % _CELLS] += count
    return outcomes
