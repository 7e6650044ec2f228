"""The detector streams of one model: which figures are watched.

Streams are those of the model over all its versions, so that a version that comes in is compared
with what was normal before it. Errors are read on the axis of label time; what is only known when
no label can come any more on that of settled panes; everything else on the axis of prediction time.
Which errors and which answers are watched follows from the model's kind.
"""

from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from tidegauge.core.config import ModelConfig, ModelKind, Targets
from tidegauge.core.detect.age import AgeStream
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Target, Verdict
from tidegauge.core.monitor.budget import Axis, Pool, Share, alarms_per_week, next_share


class Subject(StrEnum):
    """What a stream is about."""

    ERROR_RATE = "error_rate"
    """Share of labelled predictions that differ from their label."""
    ABSOLUTE_ERROR = "absolute_error"
    """Mean absolute error of a regression model."""
    SEGMENT_ERROR_RATE = "segment_error_rate"
    """Error rate of one segment less that of the rest."""
    SEGMENT_ABSOLUTE_ERROR = "segment_absolute_error"
    """Mean absolute error of one segment less that of the rest."""
    SCORE = "score"
    """Mean score."""
    POSITIVE_RATE = "positive_rate"
    """Share of positive answers, of binary models that publish no score."""
    CLASS = "class"
    """Share of answers that are one class of a multiclass model."""
    PREDICTION = "prediction"
    """Mean answer of a regression model."""
    UNEXPLAINED = "unexplained"
    """Mean answer or score, less what the inputs explain."""
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
    CATEGORY_SHARE = "category_share"
    """Share of a feature's values that are one category, which is common in the reference."""
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
    PREDICTION_AGE = "prediction_age"
    """How long no prediction has come."""
    LABEL_AGE = "label_age"
    """How long no label has come."""
    FEATURE_AGE = "feature_age"
    """How long the numbers of a feature have been the same."""


_MEANS = frozenset(
    {
        *(Subject.SCORE, Subject.PREDICTION, Subject.UNEXPLAINED, Subject.LATENCY),
        *(Subject.ABSOLUTE_ERROR,),
        *(Subject.FEATURE, Subject.CATEGORIES, Subject.ABSOLUTE_ERROR_TARGET),
        *(Subject.SEGMENT_ERROR_RATE, Subject.SEGMENT_ABSOLUTE_ERROR),
    }
)
_COUNTS = frozenset({Subject.TRAFFIC, Subject.LABELS})
_FAULTS = frozenset({Subject.WRONG_TYPE, Subject.OUT_OF_RANGE, Subject.UNSEEN, Subject.CONSTANT})
_SILENCES = frozenset({Subject.PREDICTION_AGE, Subject.LABEL_AGE})
_CLASSIFIERS = (ModelKind.BINARY, ModelKind.MULTICLASS)
_WATCHED = {
    Subject.ERROR_RATE: _CLASSIFIERS,
    Subject.ABSOLUTE_ERROR: (ModelKind.REGRESSION,),
    Subject.SEGMENT_ERROR_RATE: _CLASSIFIERS,
    Subject.SEGMENT_ABSOLUTE_ERROR: (ModelKind.REGRESSION,),
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
CONTRASTS = frozenset({Subject.SEGMENT_ERROR_RATE, Subject.SEGMENT_ABSOLUTE_ERROR})
"""The subjects that compare the errors of a segment with those of the rest."""
SETTLED_TARGETS = frozenset({Subject.PRECISION_TARGET, Subject.RECALL_TARGET})
"""The subjects that say so of settled panes."""
TARGETS = SETTLED_TARGETS | {Subject.ACCURACY_TARGET, Subject.ABSOLUTE_ERROR_TARGET}
"""The subjects that are held to a stated target."""
ANSWERS = frozenset({Subject.POSITIVE_RATE, Subject.CLASS, Subject.PREDICTION})
"""The subjects on the axis of prediction time that depend on the kind of the model."""


class StreamKey(NamedTuple):
    """A stream of one model."""

    subject: Subject
    feature: str = ""
    """The feature, or the class, that it is about, if any."""
    value: str = ""
    """The category of the feature, where it is about one."""

    def to_state(self) -> list[str]:
        """The fields, without a category where there is none."""
        return [self.subject.value, self.feature, *([self.value] if self.value else [])]

    @property
    def about(self) -> str:
        """The feature, category or class in one word."""
        return f"{self.feature}={self.value}" if self.value else self.feature

    @property
    def kind(self) -> StreamKind:
        """How the stream's panes are to be read."""
        if self.subject in _COUNTS:
            return StreamKind.COUNT
        if self.subject is Subject.COVERAGE:
            return StreamKind.COVERAGE
        if self.subject in _SILENCES:
            return StreamKind.SILENCE
        if self.subject is Subject.FEATURE_AGE:
            return StreamKind.STILL
        if self.subject in _FAULTS:
            return StreamKind.FAULTS
        return StreamKind.MEAN if self.subject in _MEANS else StreamKind.RATE

    @property
    def axis(self) -> Axis:
        """In what order the stream's panes close."""
        if self.subject in ERRORS | CONTRASTS | {Subject.LABELS, Subject.LABEL_AGE}:
            return Axis.LABELS
        settled = self.subject in SETTLED_TARGETS or self.subject is Subject.COVERAGE
        return Axis.SETTLED if settled else Axis.PREDICTIONS

    @property
    def pool(self) -> Pool:
        """With which streams the stream shares a part of the budget."""
        if self.kind.is_age:
            return Pool.LABEL_AGE if self.axis is Axis.LABELS else Pool.AGES
        if self.subject is Subject.CATEGORY_SHARE:
            return Pool.CATEGORIES
        return Pool.SEGMENTS if self.subject in CONTRASTS else Pool(self.axis.value)


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
        self.ages: dict[StreamKey, AgeStream] = {}
        self.shares: dict[StreamKey, Share] = {}
        self.verdicts: dict[StreamKey, Verdict] = {}
        self.changed: set[StreamKey] = set()

    def step(self, key: StreamKey, pane: PaneInput) -> Verdict:
        """Feed the next closed pane of one stream."""
        if key.kind.is_age:
            return self._step_age(key, pane)
        stream = self.streams.get(key)
        if stream is None:
            target = target_of(key.subject, self._rules.targets)
            stream = DetectorStream(key.kind, self._rules.detection, target)
            self.streams[key] = stream
        verdict = stream.step(pane, partial(self._alarms_per_week, key))
        self._stands(key, verdict)
        self.changed.add(key)
        return verdict

    def _step_age(self, key: StreamKey, pane: PaneInput) -> Verdict:
        stream = self.ages.get(key)
        if stream is None:
            stream = self.ages[key] = AgeStream(key.kind, self._rules.detection)
        before = stream.firing
        if stream.step(pane, partial(self._alarms_per_week, key)):
            self.changed.add(key)
        return stream.verdict(pane, before)

    def due_ms(self, key: StreamKey) -> int | None:
        """See `AgeStream.due_ms`."""
        stream = self.ages.get(key)
        return None if stream is None else stream.due_ms

    def _alarms_per_week(self, key: StreamKey) -> float:
        """What a stream may spend, which has learned enough to be told."""
        if key not in self.shares:
            pool = [k for k in (*self.streams, *self.ages) if k.pool is key.pool]
            newcomers = [k for k in pool if k not in self.shares]
            living = [self.shares[k] for k in pool if k in self.shares]
            share = next_share(living, len(newcomers))
            self.shares.update(dict.fromkeys(newcomers, share))
            self.changed.update(newcomers)
        budget = self._rules.detection.false_alarms_per_week
        return alarms_per_week(budget, self._models, self.shares[key], key.pool)

    def fed_ms(self, key: StreamKey) -> int | None:
        """End of the last pane that a stream took; None before the first."""
        stream = self.streams.get(key)
        return None if stream is None else stream.last_ms

    def expected(self, key: StreamKey, pane: PaneInput) -> float | None:
        """The mean that is normal in a pane; None while that is learned."""
        baseline = self.streams[key].baseline
        return None if baseline is None else baseline.level(pane.start_ms, pane.end_ms)

    def effect(self, key: StreamKey, current: float, expected: float) -> float:
        """See `DetectorStream.effect`."""
        return self.streams[key].effect(current, expected)

    def confirm(self, key: StreamKey, found: Verdict, change: float) -> Verdict:
        """See `DetectorStream.confirm`."""
        verdict = self.streams[key].confirm(found, change)
        self._stands(key, verdict)
        return verdict

    def _stands(self, key: StreamKey, verdict: Verdict) -> None:
        """Remember where a stream stands after a pane, as it does when it is restored."""
        passing = verdict.opened or verdict.resolved
        self.verdicts[key] = self.streams[key].verdict() if passing else verdict

    def dismiss(self, key: StreamKey) -> None:
        """See `DetectorStream.dismiss`."""
        self.streams[key].dismiss()
        self.verdicts[key] = self.streams[key].verdict()
        self.changed.add(key)

    def dismiss_contrasts(self) -> None:
        """What was found in segments has been told, and has ended."""
        for key, verdict in list(self.verdicts.items()):
            if key.subject in CONTRASTS and verdict.phase is Phase.FIRING:
                self.dismiss(key)

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
        stream = self.streams.get(key) or self.ages.get(key)
        share = self.shares.get(key)
        return None if stream is None else [None if share is None else [*share], stream.to_state()]

    def restore(self, key: StreamKey, state: list[Any]) -> None:
        """Take back one stream."""
        share, watched = state
        if share is not None:
            self.shares[key] = Share(*share)
        if key.kind.is_age:
            self.ages[key] = AgeStream.from_state(key.kind, self._rules.detection, watched)
            return
        target = target_of(key.subject, self._rules.targets)
        stream = DetectorStream.from_state(key.kind, self._rules.detection, watched, target)
        self.streams[key] = stream
        self.verdicts[key] = stream.verdict()


def error_subject(kind: ModelKind) -> Subject:
    """What is watched on the axis of label time in a model of this kind."""
    return Subject.ABSOLUTE_ERROR if kind is ModelKind.REGRESSION else Subject.ERROR_RATE


def contrast_subject(kind: ModelKind) -> Subject:
    """What is watched of segments in a model of this kind."""
    regression = kind is ModelKind.REGRESSION
    return Subject.SEGMENT_ABSOLUTE_ERROR if regression else Subject.SEGMENT_ERROR_RATE


def target_subjects(kind: ModelKind, targets: Targets) -> frozenset[Subject]:
    """The subjects of a model of this kind that are held to a stated target."""
    held = (subject for subject in TARGETS if target_of(subject, targets) is not None)
    return frozenset(subject for subject in held if kind in _WATCHED[subject])
