"""What a closed pane feeds to the streams of a model, on the axes of prediction and label time."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tidegauge.core.config import ModelKind
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.events import MAX_NUMBER
from tidegauge.core.monitor.figures import score_mean_and_deviation
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.monitor.symptoms import Compared, constant, likeness
from tidegauge.core.stats import exactsum
from tidegauge.core.stats.answers import AnswerCounts
from tidegauge.core.stats.features import FeatureCounts
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.latency import NO_LATENCY, latency_of
from tidegauge.core.sums import SlotSums, TrafficCounts


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
            for category, rows in sorted(one.common.items()):
                key = StreamKey(Subject.CATEGORY_SHARE, name, category)
                yield key, PaneInput(start, end, one.rows, rows)
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
            pane = PaneInput(start, end, counts.n, mean, deviation or 0.0)
            yield StreamKey(Subject.FEATURE, name), pane
            yield StreamKey(Subject.FEATURE_AGE, name), pane


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
