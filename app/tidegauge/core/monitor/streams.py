"""The detector streams of one model: which figures are watched, and what a closed pane feeds them.

Streams are those of the model over all its versions, so that a version that comes in is compared
with what was normal before it. The error rate is read on the axis of label time, everything else
on the axis of prediction time.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from tidegauge.core.config import ModelConfig
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, StreamKind, Verdict
from tidegauge.core.monitor.figures import score_mean_and_deviation
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.sums import SlotSums, TrafficCounts


class Subject(StrEnum):
    """What a stream is about."""

    ERROR_RATE = "error_rate"
    """Share of labelled predictions that differ from their label."""
    SCORE = "score"
    """Mean score."""
    POSITIVE_RATE = "positive_rate"
    """Share of positive answers, of models that publish no score."""
    FEATURE = "feature"
    """Mean of a numeric feature."""
    MISSING = "missing"
    """Share of predictions in which a feature is missing or has the wrong type."""


class StreamKey(NamedTuple):
    """A stream of one model; ``feature`` is empty where the subject is no feature."""

    subject: Subject
    feature: str = ""

    @property
    def kind(self) -> StreamKind:
        """How the stream's panes are to be read."""
        mean = self.subject in {Subject.SCORE, Subject.FEATURE}
        return StreamKind.MEAN if mean else StreamKind.RATE


class Streams:
    """All streams of one model."""

    def __init__(self, rules: ModelConfig) -> None:
        self._rules = rules
        self.streams: dict[StreamKey, DetectorStream] = {}
        self.verdicts: dict[StreamKey, Verdict] = {}
        self.changed: set[StreamKey] = set()

    def step(self, key: StreamKey, pane: PaneInput) -> Verdict:
        """Feed the next closed pane of one stream."""
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = DetectorStream(key.kind, self._rules.detection)
        verdict = stream.step(pane)
        self.verdicts[key] = verdict
        self.changed.add(key)
        return verdict

    def features(self) -> list[str]:
        """The features that a closed pane had."""
        return [key.feature for key in self.streams if key.subject is Subject.MISSING]

    def to_state(self, key: StreamKey) -> list[Any]:
        """The state of one stream as plain lists."""
        return self.streams[key].to_state()

    def restore(self, key: StreamKey, state: list[Any]) -> None:
        """Take back one stream."""
        stream = DetectorStream.from_state(key.kind, self._rules.detection, state)
        self.streams[key] = stream
        self.verdicts[key] = stream.verdict()


def prediction_inputs(
    versions: Iterable[SlotSums], start: int, end: int, watched: Iterable[str]
) -> Iterator[tuple[StreamKey, PaneInput]]:
    """What a closed pane of prediction time feeds.

    Args:
        versions: the sums of each version in the pane.
        start: the pane's start in ms.
        end: its end.
        watched: the features that earlier panes had.
    """
    whole = SlotSums()
    for sums in versions:
        whole.add(sums)
    traffic = whole.traffic or TrafficCounts()
    moments = score_mean_and_deviation(traffic)
    if moments is not None:
        average, spread = moments
        yield (
            StreamKey(Subject.SCORE),
            PaneInput(start, end, traffic.scored, average, spread or 0.0),
        )
    elif traffic.classes:
        rate = PaneInput(start, end, traffic.classes, traffic.positives)
        yield StreamKey(Subject.POSITIVE_RATE), rate
    found = whole.all_features()
    for name in watched:
        missing = traffic.predictions
        found.setdefault(name, FeatureCounts(rows=missing, missing=missing))
    for name, counts in sorted(found.items()):
        absent = counts.missing + counts.wrong_type
        yield StreamKey(Subject.MISSING, name), PaneInput(start, end, counts.rows, absent)
        mean = exactsum.mean(counts.n, counts.sum)
        if mean is not None:
            deviation = exactsum.deviation(counts.n, counts.sum, counts.sum_squares)
            yield (
                StreamKey(Subject.FEATURE, name),
                PaneInput(start, end, counts.n, mean, deviation or 0.0),
            )
