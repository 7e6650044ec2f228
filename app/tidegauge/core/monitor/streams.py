"""The detector streams of one model: which figures are watched, and what a closed pane feeds them.

Streams are those of the model over all its versions, so that a version that comes in is compared
with what was normal before it. Errors are read on the axis of label time; what is only known when
no label can come any more on that of settled panes; everything else on the axis of prediction time.
Which errors and which answers are watched follows from the model's kind.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from tidegauge.core.config import ModelConfig, ModelKind, Targets
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind, Target, Verdict
from tidegauge.core.events import MAX_NUMBER
from tidegauge.core.monitor.budget import Axis, Share, alarms_per_week, next_share
from tidegauge.core.monitor.figures import score_mean_and_deviation
from tidegauge.core.monitor.symptoms import Compared, constant, likeness
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.latency import NO_LATENCY, latency_of
from tidegauge.core.sums import SlotSums, TrafficCounts


class Subject(StrEnum):
    """What a stream is about."""

    ERROR_RATE = "error_rate"
    """Share of labelled predictions that differ from their label."""
    ABSOLUTE_ERROR = "absolute_error"
    """Mean absolute error of a regression model."""
    SCORE = "score"
    """Mean score."""
    POSITIVE_RATE = "positive_rate"
    """Share of positive answers, of binary models that publish no score."""
    CLASS = "class"
    """Share of answers that are one class of a multiclass model."""
    PREDICTION = "prediction"
    """Mean answer of a regression model."""
    FEATURE = "feature"
    """Mean of a numeric feature."""
    MISSING = "missing"
    """Share of predictions in which a feature is missing."""
    WRONG_TYPE = "wrong_type"
    """Share of predictions in which a feature is text and the reference has numbers, or reverse."""
    OUT_OF_RANGE = "out_of_range"
    """Share of a feature's numbers that are outside the range of the reference."""
    UNSEEN = "unseen"
    """Share of a feature's categories that the reference does not have."""
    CATEGORIES = "categories"
    """Mean share that the reference gives to the categories of a feature that came."""
    CONSTANT = "constant"
    """Share of a feature's numbers in panes whose numbers are all the same."""
    LATENCY = "latency"
    """Mean logarithm of the latency."""
    TRAFFIC = "traffic"
    """Predictions per pane."""
    LABELS = "labels"
    """Labels per pane of label time."""
    COVERAGE = "coverage"
    """Share of predictions whose label came before its horizon passed."""
    ACCURACY_TARGET = "accuracy_target"
    """Share of labelled predictions that differ from their label, held to a target."""
    PRECISION_TARGET = "precision_target"
    """Share of positive answers whose label is negative, held to a target."""
    RECALL_TARGET = "recall_target"
    """Share of positive labels whose answer is negative, held to a target."""
    ABSOLUTE_ERROR_TARGET = "absolute_error_target"
    """Mean absolute error of a regression model, held to a target."""


_MEANS = frozenset(
    {
        *(Subject.SCORE, Subject.PREDICTION, Subject.ABSOLUTE_ERROR, Subject.LATENCY),
        *(Subject.FEATURE, Subject.CATEGORIES, Subject.ABSOLUTE_ERROR_TARGET),
    }
)
_COUNTS = frozenset({Subject.TRAFFIC, Subject.LABELS})
_CLASSIFIERS = (ModelKind.BINARY, ModelKind.MULTICLASS)
_WATCHED = {
    Subject.ERROR_RATE: _CLASSIFIERS,
    Subject.ABSOLUTE_ERROR: (ModelKind.REGRESSION,),
    Subject.POSITIVE_RATE: (ModelKind.BINARY,),
    Subject.CLASS: (ModelKind.MULTICLASS,),
    Subject.PREDICTION: (ModelKind.REGRESSION,),
    Subject.ACCURACY_TARGET: _CLASSIFIERS,
    Subject.PRECISION_TARGET: (ModelKind.BINARY,),
    Subject.RECALL_TARGET: (ModelKind.BINARY,),
    Subject.ABSOLUTE_ERROR_TARGET: (ModelKind.REGRESSION,),
}
"""The kinds of model in which a subject is watched; all, where none are named."""
ERRORS = frozenset(
    {
        *(Subject.ERROR_RATE, Subject.ABSOLUTE_ERROR),
        *(Subject.ACCURACY_TARGET, Subject.ABSOLUTE_ERROR_TARGET),
    }
)
"""The subjects that say how wrong a model is, label by label."""
SETTLED_TARGETS = frozenset({Subject.PRECISION_TARGET, Subject.RECALL_TARGET})
"""The subjects that say so of settled panes."""
TARGETS = SETTLED_TARGETS | {Subject.ACCURACY_TARGET, Subject.ABSOLUTE_ERROR_TARGET}
"""The subjects that are held to a stated target."""
ANSWERS = frozenset({Subject.POSITIVE_RATE, Subject.CLASS, Subject.PREDICTION})
"""The subjects on the axis of prediction time that depend on the kind of the model."""


class StreamKey(NamedTuple):
    """A stream of one model; ``feature`` is the feature or the class that it is about, if any."""

    subject: Subject
    feature: str = ""

    @property
    def kind(self) -> StreamKind:
        """How the stream's panes are to be read."""
        if self.subject in _COUNTS:
            return StreamKind.COUNT
        if self.subject is Subject.COVERAGE:
            return StreamKind.COVERAGE
        return StreamKind.MEAN if self.subject in _MEANS else StreamKind.RATE

    @property
    def axis(self) -> Axis:
        """In what order the stream's panes close."""
        if self.subject in ERRORS or self.subject is Subject.LABELS:
            return Axis.LABELS
        settled = self.subject in SETTLED_TARGETS or self.subject is Subject.COVERAGE
        return Axis.SETTLED if settled else Axis.PREDICTIONS


def target_of(subject: Subject, targets: Targets) -> Target | None:
    """What a subject is held to: the error that its target allows."""
    rates = {
        Subject.ACCURACY_TARGET: targets.accuracy,
        Subject.PRECISION_TARGET: targets.precision,
        Subject.RECALL_TARGET: targets.recall,
    }
    if subject is Subject.ABSOLUTE_ERROR_TARGET:
        allowed = targets.mean_absolute_error
    else:
        rate = rates.get(subject)
        allowed = None if rate is None else 1.0 - rate
    return None if allowed is None else Target(allowed, targets.margin)


class Streams:
    """All streams of one model."""

    def __init__(self, rules: ModelConfig, models: int) -> None:
        """Start with none.

        Args:
            rules: the model's.
            models: between how many models the budget of false alarms is divided.
        """
        self._rules = rules
        self._models = models
        self.streams: dict[StreamKey, DetectorStream] = {}
        self.shares: dict[StreamKey, Share] = {}
        self.verdicts: dict[StreamKey, Verdict] = {}
        self.changed: set[StreamKey] = set()

    def step(self, key: StreamKey, pane: PaneInput) -> Verdict:
        """Feed the next closed pane of one stream."""
        stream = self.streams.get(key)
        if stream is None:
            target = target_of(key.subject, self._rules.targets)
            stream = DetectorStream(key.kind, self._rules.detection, target)
            self.streams[key] = stream
        verdict = stream.step(pane, partial(self._alarms_per_week, key))
        self.verdicts[key] = verdict
        self.changed.add(key)
        return verdict

    def _alarms_per_week(self, key: StreamKey) -> float:
        """What a stream may spend, which has learned enough to be told."""
        if key not in self.shares:
            axis = [k for k in self.streams if k.axis is key.axis]
            newcomers = [k for k in axis if k not in self.shares]
            living = [self.shares[k] for k in axis if k in self.shares]
            share = next_share(living, len(newcomers))
            self.shares.update(dict.fromkeys(newcomers, share))
            self.changed.update(newcomers)
        budget = self._rules.detection.false_alarms_per_week
        return alarms_per_week(budget, self._models, self.shares[key], key.axis)

    def fed_ms(self, key: StreamKey) -> int | None:
        """End of the last pane that a stream took; None before the first."""
        stream = self.streams.get(key)
        return None if stream is None else stream.last_ms

    def effect(self, key: StreamKey, current: float, expected: float) -> float:
        """See `DetectorStream.effect`."""
        return self.streams[key].effect(current, expected)

    def dismiss(self, key: StreamKey) -> None:
        """See `DetectorStream.dismiss`."""
        self.streams[key].dismiss()
        self.verdicts[key] = self.streams[key].verdict()
        self.changed.add(key)

    def named(self, subject: Subject) -> list[str]:
        """The features (of `Subject.MISSING`) or classes that a closed pane had."""
        return [key.feature for key in self.streams if key.subject is subject]

    def retire(self, subjects: frozenset[Subject], kind: ModelKind) -> list[StreamKey]:
        """Forget the streams of some subjects that are not watched in a model of this kind."""
        held = target_subjects(kind, self._rules.targets)
        gone = [
            key
            for key in self.streams
            if key.subject in subjects
            and (
                kind not in _WATCHED.get(key.subject, (kind,))
                or (key.subject in TARGETS and key.subject not in held)
            )
        ]
        for key in gone:
            del self.streams[key]
            self.verdicts.pop(key, None)
            self.shares.pop(key, None)
        self.changed |= set(gone)
        return gone

    def to_state(self, key: StreamKey) -> list[Any] | None:
        """The state of one stream as plain lists; None for one that is forgotten."""
        stream = self.streams.get(key)
        share = self.shares.get(key)
        return None if stream is None else [None if share is None else [*share], stream.to_state()]

    def restore(self, key: StreamKey, state: list[Any]) -> None:
        """Take back one stream."""
        share, watched = state
        target = target_of(key.subject, self._rules.targets)
        stream = DetectorStream.from_state(key.kind, self._rules.detection, watched, target)
        self.streams[key] = stream
        self.verdicts[key] = stream.verdict()
        if share is not None:
            self.shares[key] = Share(*share)


class Watched(NamedTuple):
    """What earlier panes of a model had, and so is watched on when a pane has none of it."""

    features: Iterable[str] = ()
    classes: Iterable[str] = ()
    max_classes: int = 0
    """Most classes that are watched."""


def prediction_inputs(
    whole: SlotSums, start: int, end: int, kind: ModelKind, watched: Watched
) -> Iterator[tuple[StreamKey, PaneInput]]:
    """What a closed pane of prediction time feeds.

    Args:
        whole: the sums of the pane over all versions.
        start: the pane's start in ms.
        end: its end.
        kind: the kind of the model.
        watched: what earlier panes had.
    """
    traffic = whole.traffic or TrafficCounts()
    answers = whole.answers or AnswerCounts()
    moments = score_mean_and_deviation(traffic)
    if moments is not None:
        average, spread = moments
        yield (
            StreamKey(Subject.SCORE),
            PaneInput(start, end, traffic.scored, average, spread or 0.0),
        )
    elif kind is ModelKind.BINARY and traffic.classes:
        rate = PaneInput(start, end, traffic.classes, traffic.positives)
        yield StreamKey(Subject.POSITIVE_RATE), rate
    if kind is ModelKind.MULTICLASS:
        trials = sum(answers.classes.values())
        for name in _classes(answers, watched):
            rate = PaneInput(start, end, trials, answers.classes.get(name, 0))
            yield StreamKey(Subject.CLASS, name), rate
    if kind is ModelKind.REGRESSION:
        numbers = answers.with_small()
        average = exactsum.mean(numbers.numbers, numbers.sum) or 0.0
        spread = exactsum.deviation(numbers.numbers, numbers.sum, numbers.squares)
        pane = PaneInput(start, end, numbers.numbers, average, spread or 0.0)
        yield StreamKey(Subject.PREDICTION), pane
    if traffic.timed:
        yield StreamKey(Subject.LATENCY), _latency(traffic, start, end)
    yield from _feature_inputs(whole, start, end, watched.features)


def _latency(traffic: TrafficCounts, start: int, end: int) -> PaneInput:
    """The logarithms of latencies: their tails are long, and what matters is a factor."""
    timed = sorted((b, n) for b, n in traffic.latencies.items() if b != NO_LATENCY and n > 0)
    logs = [(math.log(latency_of(b)), n) for b, n in timed]
    count = sum(n for _, n in timed)
    average = math.fsum(n * log for log, n in logs) / count
    spread = math.fsum(n * (log - average) ** 2 for log, n in logs)
    return PaneInput(start, end, count, average, math.sqrt(spread / max(1, count - 1)))


def compared_inputs(
    found: Mapping[str, Compared], start: int, end: int
) -> Iterator[tuple[StreamKey, PaneInput]]:
    """What a closed pane of prediction time feeds of features that a reference knows."""
    for name, one in sorted(found.items()):
        if not one.rows:
            continue
        if one.categorical:
            yield StreamKey(Subject.CATEGORIES, name), likeness(start, end, one)
        subject = Subject.UNSEEN if one.categorical else Subject.OUT_OF_RANGE
        yield StreamKey(subject, name), PaneInput(start, end, one.rows, one.outside)


def _classes(answers: AnswerCounts, watched: Watched) -> list[str]:
    known = set(watched.classes)
    new = sorted(answers.classes.keys() - known)
    return sorted(known) + new[: max(0, watched.max_classes - len(known))]


def _feature_inputs(
    whole: SlotSums, start: int, end: int, watched: Iterable[str]
) -> Iterator[tuple[StreamKey, PaneInput]]:
    predictions = whole.traffic.predictions if whole.traffic else 0
    found = whole.all_features()
    for name in watched:
        found.setdefault(name, FeatureCounts(rows=predictions, missing=predictions))
    for name, counts in sorted(found.items()):
        if counts.n:
            yield StreamKey(Subject.CONSTANT, name), constant(start, end, counts)
        for subject, share in (
            (Subject.MISSING, counts.missing),
            (Subject.WRONG_TYPE, counts.wrong_type),
        ):
            yield StreamKey(subject, name), PaneInput(start, end, counts.rows, share)
        mean = exactsum.mean(counts.n, counts.sum)
        if mean is not None:
            deviation = exactsum.deviation(counts.n, counts.sum, counts.sum_squares)
            yield (
                StreamKey(Subject.FEATURE, name),
                PaneInput(start, end, counts.n, mean, deviation or 0.0),
            )


def error_subject(kind: ModelKind) -> Subject:
    """What is watched on the axis of label time in a model of this kind."""
    return Subject.ABSOLUTE_ERROR if kind is ModelKind.REGRESSION else Subject.ERROR_RATE


def target_subjects(kind: ModelKind, targets: Targets) -> frozenset[Subject]:
    """The subjects of a model of this kind that are held to a stated target."""
    held = (subject for subject in TARGETS if target_of(subject, targets) is not None)
    return frozenset(subject for subject in held if kind in _WATCHED[subject])


def error_input(
    first: FirstLabels, start: int, end: int, kind: ModelKind
) -> tuple[StreamKey, PaneInput]:
    """What a closed pane of label time feeds."""
    if kind is ModelKind.REGRESSION:
        count, mean, deviation = first.absolute_error()
        # the error of two numbers as far apart as can be is larger than any number
        mean, deviation = min(mean, MAX_NUMBER), min(deviation, MAX_NUMBER)
        return StreamKey(Subject.ABSOLUTE_ERROR), PaneInput(start, end, count, mean, deviation)
    return StreamKey(Subject.ERROR_RATE), PaneInput(start, end, first.trials, first.errors)
