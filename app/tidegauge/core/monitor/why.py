"""Why an alert of one model fires, from what monitor keeps of the model."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from tidegauge.core.adoption import References
from tidegauge.core.alertrecords import (
    AlertRecord,
    AttributionShift,
    Cause,
    CauseKind,
    Effect,
    Split,
)
from tidegauge.core.config import ModelConfig, ModelKind
from tidegauge.core.detect.verdict import Verdict
from tidegauge.core.explain.deployed import came_with
from tidegauge.core.explain.dimensions import dimensions, total, whole
from tidegauge.core.explain.drift import gained_most, moved_bins
from tidegauge.core.explain.ranking import Spread, explain_errors
from tidegauge.core.explain.swapped import swapped
from tidegauge.core.explain.units import Moments, unit_change
from tidegauge.core.monitor.alerts import stream_causes
from tidegauge.core.monitor.attributed import shift_of_answers, shift_of_errors
from tidegauge.core.monitor.budget import Axis
from tidegauge.core.monitor.examples import Examples, Shows
from tidegauge.core.monitor.incidents import Incidents, Onset
from tidegauge.core.monitor.kept import Kept
from tidegauge.core.monitor.shows import showing
from tidegauge.core.monitor.streams import SETTLED_TARGETS, StreamKey, Subject
from tidegauge.core.monitor.windows import Windows
from tidegauge.core.panes import WHOLE
from tidegauge.core.records import DeploymentRecord
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.decompose import Change
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.reference import CategoricalReference, FeatureReference
from tidegauge.core.sums import SlotSums

_OF_CATEGORIES = frozenset({Subject.CATEGORIES, Subject.CATEGORY_SHARE})
_BINNED = frozenset({Subject.FEATURE, *_OF_CATEGORIES})
"""Of what is looked at of features, that whose causes are bins."""
_SILENCES = frozenset({Subject.TRAFFIC, Subject.PREDICTION_AGE})
"""Of what goes quiet, that of which the last predictions before tell most."""
MOVED_BY = frozenset(
    {
        *(Subject.SCORE, Subject.POSITIVE_RATE, Subject.CLASS, Subject.PREDICTION),
        Subject.UNEXPLAINED,
        *(Subject.FEATURE, *_OF_CATEGORIES, Subject.CONSTANT, Subject.MISSING),
        *(Subject.WRONG_TYPE, Subject.OUT_OF_RANGE, Subject.UNSEEN),
    }
)
"""Of what is looked at as predictions come, that with which attributions have to do."""


class Why(NamedTuple):
    """What an alert says of its causes."""

    onset: Onset
    causes: tuple[Cause, ...] = ()
    splits: tuple[Split, ...] = ()
    examples: tuple[str, ...] = ()
    attributions: AttributionShift | None = None
    deployed: str = ""
    """What was deployed as the change began, in words, where that tells something."""

    def with_marks(self, marks: Iterable[DeploymentRecord]) -> "Why":
        """The same with what was deployed as the change began, or one such time before."""
        since = 2 * self.onset.since - self.onset.until
        return self._deployed(*came_with(marks, since, self.onset.until))

    def after(self, told: Sequence[Cause]) -> "Why":
        """The same of an alert that was told with these causes before.

        What was deployed as the change began stays first; what was deployed since did not begin it.
        """
        return self._deployed(list(takewhile(_is_deployment, told)), [])

    def _deployed(self, telling: list[Cause], named: list[Cause]) -> "Why":
        split = {(cause.kind, cause.name): cause for cause in self.causes}
        # a version may be among the causes already, with its part of the change
        first = [split.pop((mark.kind, mark.name), mark) for mark in telling]
        last = [mark for mark in named if (mark.kind, mark.name) not in split]
        rest = [cause for cause in self.causes if cause not in first]
        return self._replace(
            causes=(*first, *rest, *last), deployed=telling[0].summary if telling else ""
        )


def _is_deployment(cause: Cause) -> bool:
    kinds = (CauseKind.VERSION, CauseKind.CODE_VERSION, CauseKind.DATA_VERSION)
    return cause.effect is Effect.NEW_VERSION and cause.kind in kinds


def as_told(record: AlertRecord) -> Why:
    """What an alert said of its causes last."""
    onset = Onset(record.window_start_ms, record.window_end_ms)
    return Why(onset, record.causes, record.splits, record.examples, record.attributions)


def why_errors(
    key: StreamKey, verdict: Verdict, kept: Kept, kind: ModelKind, incidents: Incidents
) -> Why:
    """Why errors changed, or exceed a target.

    Args:
        key: their stream.
        verdict: what it says.
        kept: what is kept of the model.
        kind: of the model.
        incidents: of the model.
    """
    start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
    before, now = kept.errors.baseline, kept.errors.between(start, end)
    then, current = whole(before), whole(now)
    times = [error.time for error in current.sample] or [start]
    # the predictions span about as long a time as their labels do, and a few of them are known
    onset = Onset(min(times) - (end - start), max(times) + 1)
    profiles = {a.profile.id: a.profile for known in kept.references.values() for a in known}
    explained = explain_errors(
        Change(total(then, kind), total(current, kind)),
        dimensions(before, now, kind, profiles),
        kind,
        spread=_spread(then, current) if kind is ModelKind.REGRESSION else None,
        moved=incidents.moved(onset, end),
    )
    examples = tuple(dict.fromkeys(error.request_id for error in current.sample))
    causes = explained.causes or stream_causes(key, verdict)
    return Why(onset, causes, explained.splits, examples, shift_of_errors(then, current, kind))


def _spread(before: FirstLabels, now: FirstLabels) -> Spread:
    return Spread(*[first.absolute_error()[2] ** 2 for first in (before, now)])


def why_drift(key: StreamKey, verdict: Verdict, kept: Kept, rules: ModelConfig) -> Why:
    """Why a stream on the axis of prediction time changed.

    Args:
        key: the stream.
        verdict: what it says.
        kept: what is kept of the model.
        rules: of the model.
    """
    start, end = verdict.window_start_ms or 0, verdict.window_end_ms or 0
    causes = stream_causes(key, verdict)
    # all runs keep panes at least so long
    held = max(start, end - kept.windows.final_after(kept.width))
    panes = kept.windows.starts(kept.width, held, end)
    gained = moved = None
    if key.subject in _BINNED:
        counts = _counts(key.feature, kept.windows, panes, kept.width)
        most = _most(key.feature, counts, kept.references)
        named = _named(key, verdict, counts, most)
        causes = (*named, *((most and moved_bins(*most)) or causes))
        gained = most and gained_most(*most)
    if key.subject in MOVED_BY:
        moved = shift_of_answers(_sums(kept.windows, panes, kept.width), kept.usual)
    positive = rules.positive_class
    shows = showing(key, verdict, kept.references, positive_class=positive, gained=gained)
    examples = _examples(key, Onset(start, end), kept.examples, panes, shows)
    return Why(Onset(start, end), causes, examples=examples, attributions=moved)


def _examples(
    key: StreamKey, window: Onset, examples: Examples, panes: Iterable[int], shows: Shows
) -> tuple[str, ...]:
    """Some requests of the window that show the change, where any can be told."""
    if key.subject in SETTLED_TARGETS:
        return examples.wrong(window.since, window.until)
    if key.subject in _SILENCES:
        return examples.latest(window.until)
    return examples.among(panes, shows) if key.axis is Axis.PREDICTIONS else ()


def _counts(
    feature: str, windows: Windows, panes: Iterable[int], width: int
) -> dict[str, FeatureCounts]:
    """What a feature held in some panes, by reference id."""
    counts: dict[str, FeatureCounts] = {}
    for _, sums in _sums(windows, panes, width):
        for reference, table in sums.features.items():
            if feature in table:
                counts.setdefault(reference, FeatureCounts()).add(table[feature])
    return counts


def _sums(windows: Windows, panes: Iterable[int], width: int) -> Iterator[tuple[str, SlotSums]]:
    """The sums of whole versions in some panes."""
    for pane in panes:
        for key in windows.keys(width, pane):
            if (key.series.field, key.series.value) == WHOLE:
                yield key.series.version, windows.frames[key].sums


def _named(
    key: StreamKey,
    verdict: Verdict,
    counts: dict[str, FeatureCounts],
    most: tuple[FeatureReference, FeatureCounts] | None,
) -> tuple[Cause, ...]:
    """What kind of change of a feature it is, where that can be told."""
    if key.subject in _OF_CATEGORIES:
        if most is None or not isinstance(most[0], CategoricalReference):
            return ()
        pair = swapped(most[0], most[1])
        if pair is None:
            return ()
        words = f"categories {pair[0]} and {pair[1]} of feature {key.feature} look swapped"
        return (_feature_cause(key, verdict, Effect.SWAPPED, words),)
    whole = FeatureCounts()
    for held in counts.values():
        whole.add(held)
    now = exactsum.mean(whole.n, whole.sum)
    spread = exactsum.deviation(whole.n, whole.sum, whole.sum_squares)
    if now is None or spread is None or verdict.baseline is None or verdict.deviation is None:
        return ()
    change = unit_change(Moments(verdict.baseline, verdict.deviation), Moments(now, spread))
    if change is None:
        return ()
    words = f"feature {key.feature} looks {change}"
    return (_feature_cause(key, verdict, Effect.UNIT_CHANGE, words),)


def _feature_cause(key: StreamKey, verdict: Verdict, effect: Effect, words: str) -> Cause:
    return Cause(
        kind=CauseKind.FEATURE,
        effect=effect,
        name=key.feature,
        before=verdict.baseline,
        after=verdict.current,
        samples=verdict.samples,
        summary=words,
    )


def _most(
    feature: str, counts: dict[str, FeatureCounts], references: References
) -> tuple[FeatureReference, FeatureCounts] | None:
    """A feature's reference under which most of the predictions are counted, and their counts."""
    profiles = {a.profile.id: a.profile for known in references.values() for a in known}
    told = [name for name in counts if name in profiles]
    if not told:
        return None
    most = max(told, key=lambda name: (counts[name].rows, name))
    reference = profiles[most].feature(feature)
    return None if reference is None else (reference, counts[most])
