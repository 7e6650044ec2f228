"""First labels on the axis of label time: what the error detectors read, and whose errors they are.

An error is that of a classifier (the label is another class) or of a regression model (how far off
it is, whatever the sign): the kind of the model decides which of the two is meant.

Panes of label time are append-only. A label whose pane is closed already counts in the first open
one, and how many were moved is kept. While the error stream learns its baseline, the panes add up
to a baseline per version and segment; later they are kept as long as the stream's latest window
needs them, so that an alert can say where the errors are.

What became known of a first label after its pane had closed, since it was corrected or came too
late for it, waits for the pane in which it became known, and is then given to alerts whose evidence
it changes.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.windows import Series
from tidegauge.core.panes import OutcomeKey, pane_start
from tidegauge.core.records import Cause, CauseKind, Effect
from tidegauge.core.stats.corrections import CorrectionKey, ErrorCounts
from tidegauge.core.stats.firstlabels import FirstLabels

MIN_BASELINE = 30
"""Trials from which on a series is compared with its own past, not with the whole model's."""

MAX_CAUSES = 10

Pair = tuple[int, float]
"""How many, and their mean error."""


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
            yield start, _whole(self.panes[start]) if start in self.panes else None

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
            first = _whole(self.panes[start])
            total.add(ErrorCounts(first.trials, first.errors, first.numbers, first.absolute))
            total.add(self.revised.get(start, ErrorCounts()))
        return total

    def after(self, start: int, verdict: Verdict) -> None:
        """The pane was fed: add it to the baseline, or keep what the latest window needs."""
        if verdict.phase is Phase.LEARNING:
            for series, first in self.panes[start].items():
                self.baseline.setdefault(series, FirstLabels()).add(first)
                self.changed_baseline.add(series)
            self._drop(start)
        elif verdict.window_start_ms is not None:
            for old in [s for s in self.panes if s + self._width <= verdict.window_start_ms]:
                self._drop(old)

    def _drop(self, start: int) -> None:
        for series in self.panes.pop(start):
            self.changed.add(OutcomeKey(*series, start))
        if self.revised.pop(start, None) is not None:
            self.changed_revised.add(start)

    def causes(self, start_ms: int, end_ms: int, kind: ModelKind) -> tuple[Cause, ...]:
        """Where the change in errors of a window comes from, largest contribution first.

        The contribution of a version or segment is the change in its own mean error times its
        share of the window, over the change of the whole. Versions, and the segments of each
        field, are parts of the same whole, so contributions of different fields overlap.
        """
        now: dict[Series, FirstLabels] = {}
        for start, pane in self.panes.items():
            if start_ms <= start < end_ms:
                for series, first in pane.items():
                    now.setdefault(series, FirstLabels()).add(first)
        split = _Split(kind, _whole(now), _whole(self.baseline))
        if not split.of(split.whole)[0] or not split.of(split.base)[0]:
            return ()
        causes = [*self._by_version(now, split), *self._by_segment(now, split)]
        causes.sort(key=lambda c: (-(c.contribution or 0.0), c.kind, c.name, c.value or ""))
        return tuple(causes[:MAX_CAUSES])

    def _by_version(self, now: dict[Series, FirstLabels], split: "_Split") -> Iterator[Cause]:
        before = {s.version: first for s, first in self.baseline.items() if not s.field}
        current = {s.version: first for s, first in now.items() if not s.field}
        if current.keys() == before.keys() and len(current) == 1:
            return  # one version, then and now: it explains nothing
        for version, first in current.items():
            own = before.get(version)
            effect = Effect.CONCEPT_SHIFT if own else Effect.NEW_VERSION
            if split.of(first)[0]:
                yield split.cause((CauseKind.VERSION, effect), (version, None), first, own)

    def _by_segment(self, now: dict[Series, FirstLabels], split: "_Split") -> Iterator[Cause]:
        before = _segments(self.baseline)
        for segment, first in _segments(now).items():
            own = before.get(segment)
            if split.of(first)[0]:
                yield split.cause((CauseKind.SEGMENT, Effect.CONCEPT_SHIFT), segment, first, own)


class _Split(NamedTuple):
    """Splits the change between two mean errors into the parts of versions or segments."""

    kind: ModelKind
    whole: FirstLabels
    base: FirstLabels

    def of(self, first: FirstLabels) -> Pair:
        """How many errors are known, and their mean: the error rate or the absolute error."""
        if self.kind is ModelKind.REGRESSION:
            return first.absolute_error()[:2]
        return first.trials, first.errors / first.trials if first.trials else 0.0

    def cause(
        self,
        what: tuple[CauseKind, Effect],
        name: tuple[str, str | None],
        first: FirstLabels,
        own: FirstLabels | None,
    ) -> Cause:
        count, after = self.of(first)
        known = own is not None and self.of(own)[0] >= MIN_BASELINE
        before = self.of(own if own and known else self.base)[1]
        total, now = self.of(self.whole)
        change = now - self.of(self.base)[1]
        contribution = (after - before) * count / total / change if change else None
        label = name[0] if name[1] is None else f"{name[0]}={name[1]}"
        figure = "mean absolute error" if self.kind is ModelKind.REGRESSION else "error rate"
        return Cause(
            kind=what[0],
            effect=what[1],
            name=name[0],
            value=name[1],
            contribution=contribution,
            before=before,
            after=after,
            samples=count,
            summary=f"{what[0].value} {label}: {figure} {before:.3f} before, {after:.3f} now, "
            f"over {count} labels",
        )


def _whole(of_series: dict[Series, FirstLabels]) -> FirstLabels:
    total = FirstLabels()
    for series, first in of_series.items():
        if not series.field:
            total.add(first)
    return total


def _segments(of_series: dict[Series, FirstLabels]) -> dict[tuple[str, str], FirstLabels]:
    """By segment, over all versions."""
    result: dict[tuple[str, str], FirstLabels] = {}
    for series, first in of_series.items():
        if series.field:
            result.setdefault((series.field, series.value), FirstLabels()).add(first)
    return result
