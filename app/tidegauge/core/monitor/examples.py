"""Requests that show what an alert is about, from the samples that collect keeps of each pane.

Wrong answers are told with the errors themselves (`tidegauge.core.monitor.errorbook`), but the
panes that hold them go by the time of their labels, and are let go early. For alerts about the
answers of a pane of prediction time that no label can reach any more they are kept here as well.
"""

from collections.abc import Callable, Iterable

from tidegauge.core.panes import pane_start
from tidegauge.core.stats.errorsample import KEPT as KEPT_OF_ALERT
from tidegauge.core.stats.errorsample import ErrorSample
from tidegauge.core.stats.errorsample import merged as merged_errors
from tidegauge.core.stats.predictionsample import SampledPrediction, merged

Shows = Callable[[SampledPrediction], bool]
"""Whether a prediction shows a change."""


class Examples:
    """Samples of one model by pane of prediction time.

    Args:
        settling: length of the panes that are looked at when no label can reach them, ms.
    """

    def __init__(self, settling: int) -> None:
        self._settling = settling
        self.predictions: dict[int, list[SampledPrediction]] = {}
        """By start of a finest pane, ms."""
        self.errors: dict[int, list[ErrorSample]] = {}
        """By start of a settling pane, ms."""
        self.changed_predictions: set[int] = set()
        self.changed_errors: set[int] = set()

    def add(self, start: int, sample: Iterable[SampledPrediction]) -> None:
        """Take predictions of a finest pane."""
        self.predictions[start] = merged(self.predictions.get(start, ()), sample)
        self.changed_predictions.add(start)

    def add_errors(self, sample: Iterable[ErrorSample]) -> None:
        """Take wrong answers."""
        for error in sample:
            start = pane_start(error.time, self._settling)
            self.errors[start] = merged_errors(self.errors.get(start, []), [error])
            self.changed_errors.add(start)

    def forget(self, predictions: int, settled: int) -> None:
        """Let go of what no alert asks for any more.

        Args:
            predictions: the newest pane that begins before it is kept, since after it nothing may
                come for long.
            settled: panes of errors before it are closed.
        """
        passed = sorted(start for start in self.predictions if start < predictions)[:-1]
        for start in passed:
            del self.predictions[start]
        gone = [start for start in self.errors if start + self._settling <= settled]
        for start in gone:
            del self.errors[start]
        self.changed_predictions.update(passed)
        self.changed_errors.update(gone)

    def among(self, starts: Iterable[int], shows: Shows) -> tuple[str, ...]:
        """Predictions of some finest panes that show a change, by request id."""
        held = (row for start in starts for row in self.predictions.get(start, ()) if shows(row))
        return _told(row.request_id for row in sorted(held, key=lambda row: row[:2]))

    def latest(self, before: int) -> tuple[str, ...]:
        """Predictions of the newest finest pane that begins before a time in ms."""
        newest = max((start for start in self.predictions if start < before), default=None)
        return () if newest is None else self.among([newest], lambda _: True)

    def wrong(self, start: int, end: int) -> tuple[str, ...]:
        """Wrong answers of the settling panes that begin in an interval."""
        held = [e for at, sample in self.errors.items() if start <= at < end for e in sample]
        return _told(error.request_id for error in sorted(held))


def _told(request_ids: Iterable[str]) -> tuple[str, ...]:
    # versions that answer one request make several rows of it
    return tuple(dict.fromkeys(request_ids))[:KEPT_OF_ALERT]
