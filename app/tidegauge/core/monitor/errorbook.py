"""First labels on the axis of label time: what the error detectors read, and whose errors they are.

An error is that of a classifier (the label is another class) or of a regression model (how far off
it is, whatever the sign): the kind of the model decides which of the two is meant.

Panes of label time are append-only. A label whose pane is closed already counts in the first open
one, and how many were moved is kept. While the error stream learns its baseline, the panes add up
to a baseline per version, segment and feature bin; later they are kept as long as the stream's
latest window needs them, so that an alert can say where the errors are.

What became known of a first label after its pane had closed, since it was corrected or came too
late for it, waits for the pane in which it became known, and is then given to alerts whose evidence
it changes.
"""

from collections.abc import Iterator, Mapping

from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.explain.dimensions import whole
from tidegauge.core.monitor.windows import Series
from tidegauge.core.panes import OutcomeKey, pane_start
from tidegauge.core.stats.corrections import CorrectionKey, ErrorCounts
from tidegauge.core.stats.errorbins import ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels

BINNED_LABELS = 10_000
"""Labels under one reference from which on its bins in the baseline are not added to."""
KEPT_REFERENCES = 3
"""References of one version whose bins the baseline has, the latest."""


class ErrorBook:
    """First labels of one model by pane and series."""

    def __init__(self, width_ms: int) -> None:
        self._width = width_ms
        self.panes: dict[int, dict[Series, FirstLabels]] = {}
        self.baseline: dict[Series, FirstLabels] = {}
        self.moved = 0
        self.changed: set[OutcomeKey] = set()
        self.changed_baseline: set[Series] = set()
        self.corrections: dict[CorrectionKey, ErrorCounts] = {}
        """Not yet due, over all versions."""
        self.revised: dict[int, ErrorCounts] = {}
        """What corrections have changed, by start of a pane that is kept."""
        self.changed_corrections: set[CorrectionKey] = set()
        self.changed_revised: set[int] = set()

    def add(self, key: OutcomeKey, first: FirstLabels, closed: int) -> None:
        """Count first labels; panes that end at ``closed`` or before take no more."""
        series = Series(key.version, key.field, key.value)
        start = key.start
        if start + self._width <= closed:
            start = pane_start(closed, self._width)
            if not series.field:
                self.moved += max(first.trials, first.numbers)
                late = ErrorCounts(first.trials, first.errors, first.numbers, first.absolute)
                self.correct((start, key.start), late, closed)
        self.panes.setdefault(start, {}).setdefault(series, FirstLabels()).add(first)
        self.changed.add(OutcomeKey(*series, start))

    def correct(self, key: CorrectionKey, change: ErrorCounts, closed: int) -> None:
        """Take what became known of first labels after them."""
        at, first = key
        if at + self._width <= closed:
            at = pane_start(closed, self._width)
        self.corrections.setdefault((at, first), ErrorCounts()).add(change)
        self.changed_corrections.add((at, first))

    def closing(self, closed: int, until: int) -> Iterator[tuple[int, FirstLabels | None]]:
        """The panes that close between two watermarks, in order, over all versions.

        None stands for one that has no labels, but corrections.
        """
        starts = self.panes.keys() | {at for at, _ in self.corrections}
        for start in sorted(s for s in starts if closed < s + self._width <= until):
            yield start, whole(self.panes[start]) if start in self.panes else None

    def corrected(self, start: int) -> Mapping[int, ErrorCounts]:
        """What became known in a pane that has closed, by start of the pane of the first label."""
        due = [key for key in self.corrections if key[0] == start]
        changes = {first: self.corrections.pop((at, first)) for at, first in due}
        self.changed_corrections |= set(due)
        for first in changes.keys() & self.panes.keys():
            self.revised.setdefault(first, ErrorCounts()).add(changes[first])
            self.changed_revised.add(first)
        return changes

    def known(self, start_ms: int, end_ms: int) -> ErrorCounts:
        """The errors in a window of panes that are kept, as corrections leave them."""
        total = ErrorCounts()
        for start in (s for s in self.panes if start_ms <= s < end_ms):
            first = whole(self.panes[start])
            total.add(ErrorCounts(first.trials, first.errors, first.numbers, first.absolute))
            total.add(self.revised.get(start, ErrorCounts()))
        return total

    def after(self, start: int, verdict: Verdict) -> None:
        """The pane was fed: add it to the baseline, or keep what the latest window needs."""
        if verdict.phase is Phase.LEARNING:
            for series, first in self.panes[start].items():
                baseline = self.baseline.setdefault(series, FirstLabels())
                baseline.add(first)
                baseline.sample = []  # they are old by the time that anybody looks
                self.changed_baseline.add(series)
            self._drop(start)
        elif verdict.window_start_ms is not None:
            for old in sorted(s for s in self.panes if s + self._width <= verdict.window_start_ms):
                if verdict.phase is Phase.WATCHING:
                    self._bin_baseline(old)
                self._drop(old)

    def _bin_baseline(self, start: int) -> None:
        """Add a calm pane to the bins of the baseline, as far as they have few labels.

        A reference that was adopted late in the learning period, or after it, has few there or
        none.
        """
        for series, first in self.panes[start].items():
            for reference, counts in first.bins.items():
                bins = self.baseline.setdefault(series, FirstLabels()).bins
                mine = bins.setdefault(reference, ErrorBins())
                if mine.labels < BINNED_LABELS:
                    mine.add(counts)
                    self.changed_baseline.add(series)
                for old in list(bins)[:-KEPT_REFERENCES]:
                    del bins[old]
                    self.changed_baseline.add(series)
            self._judge_baseline(series, first)

    def _judge_baseline(self, series: Series, first: FirstLabels) -> None:
        """Add the attributions of a calm pane, which are told from a reference on as well."""
        if first.judged is None:
            return
        baseline = self.baseline.setdefault(series, FirstLabels())
        known = baseline.judged
        if known is None or max(known.classes, known.numbers) < BINNED_LABELS:
            baseline.judge(first.judged)
            self.changed_baseline.add(series)

    def _drop(self, start: int) -> None:
        for series in self.panes.pop(start):
            self.changed.add(OutcomeKey(*series, start))
        if self.revised.pop(start, None) is not None:
            self.changed_revised.add(start)

    def between(self, start_ms: int, end_ms: int) -> dict[Series, FirstLabels]:
        """The first labels in a window of panes that are kept, by series."""
        found: dict[Series, FirstLabels] = {}
        for start, pane in self.panes.items():
            if start_ms <= start < end_ms:
                for series, first in pane.items():
                    found.setdefault(series, FirstLabels()).add(first)
        return found
