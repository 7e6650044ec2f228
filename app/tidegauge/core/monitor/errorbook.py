"""First labels on the axis of label time: what the error detectors read, and whose errors they are.

Panes of label time are append-only. A label whose pane is closed already counts in the first open
one, and how many were moved is kept. While the error stream learns its baseline, the panes add up
to a baseline per version and segment; later they are kept as long as the stream's latest window
needs them, so that an alert can say where the errors are.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tidegauge.core.detect.verdict import Phase, Verdict
from tidegauge.core.monitor.windows import Series
from tidegauge.core.panes import OutcomeKey, pane_start
from tidegauge.core.records import Cause, CauseKind, Effect

MIN_BASELINE = 30
"""Trials from which on a series is compared with its own past, not with the whole model's."""

MAX_CAUSES = 10

Pair = list[int]
"""Trials and errors."""


class ErrorBook:
    """First labels of one model by pane and series."""

    def __init__(self, width_ms: int) -> None:
        self._width = width_ms
        self.panes: dict[int, dict[Series, Pair]] = {}
        self.baseline: dict[Series, Pair] = {}
        self.moved = 0
        self.changed: set[OutcomeKey] = set()
        self.changed_baseline: set[Series] = set()

    def add(self, key: OutcomeKey, pair: Pair, closed: int) -> None:
        """Count first labels; panes that end at ``closed`` or before take no more."""
        series = Series(key.version, key.field, key.value)
        start = key.start
        if start + self._width <= closed:
            start = pane_start(closed, self._width)
            if not series.field:
                self.moved += pair[0]
        pane = self.panes.setdefault(start, {})
        have = pane.setdefault(series, [0, 0])
        have[0] += pair[0]
        have[1] += pair[1]
        self.changed.add(OutcomeKey(*series, start))

    def closing(self, closed: int, until: int) -> Iterator[tuple[int, Pair]]:
        """The panes that close between two watermarks, in order, over all versions."""
        for start in sorted(s for s in self.panes if closed < s + self._width <= until):
            yield start, _whole(self.panes[start])

    def after(self, start: int, verdict: Verdict) -> None:
        """The pane was fed: add it to the baseline, or keep what the latest window needs."""
        if verdict.phase is Phase.LEARNING:
            for series, pair in self.panes[start].items():
                base = self.baseline.setdefault(series, [0, 0])
                base[0] += pair[0]
                base[1] += pair[1]
                self.changed_baseline.add(series)
            self._drop(start)
        elif verdict.window_start_ms is not None:
            for old in [s for s in self.panes if s + self._width <= verdict.window_start_ms]:
                self._drop(old)

    def _drop(self, start: int) -> None:
        for series in self.panes.pop(start):
            self.changed.add(OutcomeKey(*series, start))

    def causes(self, start_ms: int, end_ms: int) -> tuple[Cause, ...]:
        """Where the change in errors of a window comes from, largest contribution first.

        The contribution of a version or segment is the change in its own error rate times its
        share of the window, over the change of the whole. Versions, and the segments of each
        field, are parts of the same whole, so contributions of different fields overlap.
        """
        now: dict[Series, Pair] = {}
        for start, pane in self.panes.items():
            if start_ms <= start < end_ms:
                for series, pair in pane.items():
                    have = now.setdefault(series, [0, 0])
                    have[0] += pair[0]
                    have[1] += pair[1]
        whole, base = _whole(now), _whole(self.baseline)
        if not whole[0] or not base[0]:
            return ()
        split = _Split(whole, base)
        causes = [*self._by_version(now, split), *self._by_segment(now, split)]
        causes.sort(key=lambda c: (-(c.contribution or 0.0), c.kind, c.name, c.value or ""))
        return tuple(causes[:MAX_CAUSES])

    def _by_version(self, now: dict[Series, Pair], split: "_Split") -> Iterator[Cause]:
        before = {s.version: pair for s, pair in self.baseline.items() if not s.field}
        current = {s.version: pair for s, pair in now.items() if not s.field}
        if current.keys() == before.keys() and len(current) == 1:
            return  # one version, then and now: it explains nothing
        for version, pair in current.items():
            own = before.get(version)
            effect = Effect.CONCEPT_SHIFT if own else Effect.NEW_VERSION
            yield split.cause((CauseKind.VERSION, effect), (version, None), pair, own)

    def _by_segment(self, now: dict[Series, Pair], split: "_Split") -> Iterator[Cause]:
        before = _segments(self.baseline)
        for segment, pair in _segments(now).items():
            own = before.get(segment)
            yield split.cause((CauseKind.SEGMENT, Effect.CONCEPT_SHIFT), segment, pair, own)


class _Split(NamedTuple):
    """Splits the change between two whole rates into the parts of versions or segments."""

    whole: Pair
    base: Pair

    def cause(
        self,
        what: tuple[CauseKind, Effect],
        name: tuple[str, str | None],
        pair: Pair,
        own: Pair | None,
    ) -> Cause:
        before = _rate(own if own and own[0] >= MIN_BASELINE else self.base)
        after = _rate(pair)
        change = _rate(self.whole) - _rate(self.base)
        contribution = (after - before) * pair[0] / self.whole[0] / change if change else None
        label = name[0] if name[1] is None else f"{name[0]}={name[1]}"
        return Cause(
            kind=what[0],
            effect=what[1],
            name=name[0],
            value=name[1],
            contribution=contribution,
            before=before,
            after=after,
            samples=pair[0],
            summary=f"{what[0].value} {label}: error rate {before:.3f} before, {after:.3f} now, "
            f"over {pair[0]} labels",
        )


def _rate(pair: Pair) -> float:
    return pair[1] / pair[0]


def _whole(pairs: dict[Series, Pair]) -> Pair:
    total = [0, 0]
    for series, pair in pairs.items():
        if not series.field:
            total[0] += pair[0]
            total[1] += pair[1]
    return total


def _segments(pairs: dict[Series, Pair]) -> dict[tuple[str, str], Pair]:
    """By segment, over all versions."""
    result: dict[tuple[str, str], Pair] = {}
    for series, pair in pairs.items():
        if series.field:
            have = result.setdefault((series.field, series.value), [0, 0])
            have[0] += pair[0]
            have[1] += pair[1]
    return result
