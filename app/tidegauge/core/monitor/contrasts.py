"""Errors of a segment against those of the rest: what shows that one segment got worse.

A storm makes all segments err more, and so does not show in the difference between one and the
others of the same pane; what one segment alone suffers does, many times sooner than in the errors
of all predictions, whose thresholds have to allow for storms. This is the idea of differences in
differences (D. Card and A. Krueger, "Minimum wages and employment", American Economic Review 84,
1994).

Contrasts raise no alerts of their own: what they find counts as a detection of the model's error
stream, if the segment's change makes a difference to all predictions that is worth an alert.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import PaneInput, Phase, Verdict
from tidegauge.core.events import MAX_NUMBER
from tidegauge.core.monitor.streams import StreamKey, Streams, contrast_subject
from tidegauge.core.monitor.windows import Series
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.firstlabels import FirstLabels

SMALLEST_SHARE = 0.05
"""Of labels: a smaller segment cannot change the errors of all by what is worth an alert. If all
its predictions go wrong, a rate of 0.1 rises by 0.04, and 0.06 is Cohen's h of 0.2."""


class Contrast(NamedTuple):
    """One segment that is watched, in one pane."""

    key: StreamKey
    share: float
    """Of the labels of the baseline."""
    inputs: PaneInput


def contrasts(
    pane: Mapping[Series, FirstLabels],
    all_: FirstLabels,
    baseline: Mapping[Series, FirstLabels],
    span: tuple[int, int],
    kind: ModelKind,
) -> Iterator[Contrast]:
    """What a closed pane of label time feeds.

    Args:
        pane: its first labels.
        all_: those of whole versions.
        baseline: those of the panes that the error stream has learned from up to now.
        span: the pane's start and end in ms.
        kind: the kind of the model.
    """
    known = _segments(baseline)
    labels = sum(_count(first, kind) for series, first in baseline.items() if not series.field)
    for segment, first in sorted(_segments(pane).items()):
        share = _count(known[segment], kind) / labels if segment in known and labels else 0.0
        own, rest = _count(first, kind), _count(all_, kind) - _count(first, kind)
        if share < SMALLEST_SHARE or not own or rest <= 0:
            continue
        # a difference of two means varies as much as the mean of so many
        trials = max(1, round(own * rest / (own + rest)))
        gap, deviation = _difference(first, all_, kind)
        key = StreamKey(contrast_subject(kind), _name(*segment))
        yield Contrast(key, share, PaneInput(*span, trials, gap, deviation))


def judged(streams: Streams, key: StreamKey, inputs: PaneInput, fed: Iterable[Contrast]) -> Verdict:
    """Step the errors of all and of segments, and say what the errors of all come to.

    Args:
        streams: of the model.
        key: the stream of all errors.
        inputs: what it is fed.
        fed: the segments of the same pane.
    """
    changed = _changed(streams, fed)
    verdict = streams.step(key, inputs)
    if verdict.resolved:
        streams.dismiss_contrasts()
        return verdict
    for segment, of_all in changed:
        if verdict.phase is Phase.WATCHING:
            verdict = streams.confirm(key, segment, of_all)
    return verdict


def _changed(streams: Streams, fed: Iterable[Contrast]) -> list[tuple[Verdict, float]]:
    """The segments that have changed, and by how much each moves the mean error of all.

    The first moves it most. Where one errs more, the others err less than the rest: both change.
    """
    changed = []
    for key, share, inputs in fed:
        verdict = streams.step(key, inputs)
        if verdict.phase is Phase.FIRING:
            moved = (verdict.current or 0.0) - (verdict.baseline or 0.0)
            names = tuple(f"segment_{name}" for name in verdict.detectors)
            changed.append((verdict._replace(detectors=names), share * moved))
    return sorted(changed, key=lambda one: -abs(one[1]))


def _segments(series: Mapping[Series, FirstLabels]) -> dict[tuple[str, str], FirstLabels]:
    """First labels by field and value, over all versions."""
    segments: dict[tuple[str, str], FirstLabels] = {}
    for one, first in series.items():
        if one.field:
            total = segments.setdefault((one.field, one.value), FirstLabels())
            total.trials += first.trials
            total.errors += first.errors
            total.numbers += first.numbers
            total.absolute += first.absolute
    return segments


def _name(field: str, value: str) -> str:
    """A name that no other segment has, whatever is in the two."""
    return f"{quote(field)}={value}"


def _count(first: FirstLabels, kind: ModelKind) -> int:
    return first.numbers if kind is ModelKind.REGRESSION else first.trials


def _difference(own: FirstLabels, all_: FirstLabels, kind: ModelKind) -> tuple[float, float]:
    """Mean error of a segment less that of the rest, and the deviation of single errors."""
    if kind is ModelKind.REGRESSION:
        _, _, deviation = all_.absolute_error()
        mean = exactsum.mean(own.numbers, own.absolute) or 0.0
        rest = exactsum.mean(all_.numbers - own.numbers, all_.absolute - own.absolute) or 0.0
        # see `tidegauge.core.monitor.inputs.error_input`
        gap = max(-MAX_NUMBER, min(mean - rest, MAX_NUMBER))
        return gap, min(deviation, MAX_NUMBER)
    rate = all_.errors / all_.trials
    others = (all_.errors - own.errors) / (all_.trials - own.trials)
    return own.errors / own.trials - others, math.sqrt(rate * (1.0 - rate))
