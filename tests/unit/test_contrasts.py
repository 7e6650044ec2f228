"""Errors of a segment against the rest: what is watched, and what is made of a change."""

from collections.abc import Iterator

import numpy as np
import pytest

from tidegauge.core.config import DAY, HOUR, DetectionConfig, ModelConfig, ModelKind
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict
from tidegauge.core.events import MAX_NUMBER
from tidegauge.core.monitor.contrasts import Contrast, contrasts, judged
from tidegauge.core.monitor.streams import CONTRASTS, StreamKey, Streams, Subject
from tidegauge.core.monitor.windows import Series
from tidegauge.core.stats.firstlabels import FirstLabels

BINARY, REGRESSION = ModelKind.BINARY, ModelKind.REGRESSION
ERRORS = StreamKey(Subject.ERROR_RATE)
CALM_DAYS, CHANGED = 21, 21 * 24
RULES = ModelConfig(detection=DetectionConfig(learn_ms=14 * DAY))
Pane = dict[Series, FirstLabels]


def pane(**segments: tuple[int, int]) -> Pane:
    """Trials and errors of the values of a field, and of all."""
    whole = FirstLabels(sum(n for n, _ in segments.values()), sum(e for _, e in segments.values()))
    parts = {Series("1", "site", name): FirstLabels(*counts) for name, counts in segments.items()}
    return {Series("1", "", ""): whole, **parts}


def fed(panes: Pane, baseline: Pane, kind: ModelKind = BINARY) -> dict[str, Contrast]:
    whole = panes[Series("1", "", "")]
    return {c.key.feature: c for c in contrasts(panes, whole, baseline, (0, HOUR), kind)}


def test_a_segment_is_compared_with_the_rest() -> None:
    one = fed(pane(a=(20, 8), b=(30, 3)), pane(a=(40, 4), b=(60, 6)))["site=a"]
    assert one.share == pytest.approx(0.4)
    assert one.inputs.total == pytest.approx(0.4 - 0.1)
    assert one.inputs.count == 12  # 20 * 30 / 50


def test_numbers_are_compared_by_their_absolute_errors() -> None:
    def numbers(count: int, mean: int) -> FirstLabels:
        unit = 2**1074
        return FirstLabels(0, 0, count, count * mean * unit, count * mean * mean * unit)

    whole = numbers(4, 2)
    whole.add(numbers(12, 6))
    panes = {
        Series("1", "", ""): whole,
        Series("1", "site", "a"): numbers(4, 2),
        Series("1", "site", "b"): numbers(12, 6),
    }
    one = fed(panes, panes, REGRESSION)["site=a"]
    assert (one.key.subject, one.inputs.total) == (Subject.SEGMENT_ABSOLUTE_ERROR, 2.0 - 6.0)


def test_errors_as_large_as_can_be_are_those_of_a_possible_pane() -> None:
    far = round(2 * MAX_NUMBER) << 1074
    series = {"": (8, far), "a": (4, far), "b": (4, 0)}
    panes = {
        Series("1", "site" if name else "", name): FirstLabels(
            0, 0, count, 4 * error, 4 * error * round(2 * MAX_NUMBER)
        )
        for name, (count, error) in series.items()
    }
    gaps = [one.inputs for one in fed(panes, panes, REGRESSION).values()]
    assert [gap.total for gap in gaps] == [MAX_NUMBER, -MAX_NUMBER]
    for gap in gaps:
        DetectorStream(StreamKind.MEAN, DetectionConfig()).step(gap, lambda: 1.0)


def test_segments_that_read_alike_are_told_apart() -> None:
    first = FirstLabels(40, 4)
    panes = {
        Series("1", "", ""): FirstLabels(80, 8),
        Series("1", "a", "b=c"): first,
        Series("1", "a=b", "c"): first,
    }
    assert len(fed(panes, panes)) == 2


@pytest.mark.parametrize(
    ("panes", "baseline"),
    [
        (pane(a=(20, 8), b=(30, 3)), pane(a=(4, 0), b=(96, 9))),
        (pane(a=(20, 8), b=(30, 3)), pane(b=(96, 9))),
        (pane(a=(20, 8), b=(30, 3)), {}),
        (pane(a=(20, 8)), pane(a=(40, 4), b=(60, 6))),
    ],
    ids=["small", "new", "nothing known", "no rest"],
)
def test_what_cannot_matter_or_be_compared_is_not_watched(panes: Pane, baseline: Pane) -> None:
    assert "site=a" not in fed(panes, baseline)


def stormy(extra: float) -> Iterator[tuple[int, Pane]]:
    """Hours in which two sites err alike, more on some days; at last one of them errs more."""
    rng = np.random.default_rng(4)
    for hour in range(CHANGED + 72):
        if hour % 24 == 0:
            rate = float(rng.choice([0.05, 0.1, 0.4], p=[0.4, 0.55, 0.05]))
        more = extra if hour >= CHANGED else 0.0
        errors = {"a": rng.binomial(30, min(1.0, rate + more)), "b": rng.binomial(50, rate)}
        yield hour * HOUR, pane(a=(30, int(errors["a"])), b=(50, int(errors["b"])))


def play(extra: float, streams: Streams) -> list[Verdict]:
    baseline = pane(a=(30, 3), b=(50, 5))
    told = []
    for start, panes in stormy(extra):
        whole = panes[Series("1", "", "")]
        segments = contrasts(panes, whole, baseline, (start, start + HOUR), BINARY)
        inputs = PaneInput(start, start + HOUR, whole.trials, whole.errors)
        told.append(judged(streams, ERRORS, inputs, segments))
    return told


def of_segments(streams: Streams) -> set[Phase]:
    return {v.phase for key, v in streams.verdicts.items() if key.subject in CONTRASTS}


def test_a_change_in_a_segment_is_told_soon_although_storms_hide_it_in_the_errors_of_all() -> None:
    streams = Streams(RULES, 1)
    told = play(0.4, streams)
    (opened,) = (hour for hour, verdict in enumerate(told) if verdict.opened)
    assert CHANGED < opened <= CHANGED + 12
    assert told[opened].window_start_ms == pytest.approx(CHANGED * HOUR, abs=3 * HOUR)
    assert told[opened].detectors[0].startswith("segment_")
    assert (told[opened].effect or 0.0) >= told[opened].min_effect / 2
    assert of_segments(streams) == {Phase.FIRING}
    streams.dismiss_contrasts()
    assert of_segments(streams) == {Phase.WATCHING}


def test_streams_stand_where_they_do_when_they_are_restored() -> None:
    streams, stood = Streams(RULES, 1), {Phase.LEARNING}
    baseline = pane(a=(30, 3), b=(50, 5))
    for start, panes in stormy(0.4):
        whole = panes[Series("1", "", "")]
        segments = contrasts(panes, whole, baseline, (start, start + HOUR), BINARY)
        inputs = PaneInput(start, start + HOUR, whole.trials, whole.errors)
        judged(streams, ERRORS, inputs, segments)
        if streams.verdicts[ERRORS].phase is Phase.FIRING and Phase.FIRING not in stood:
            restored = Streams(RULES, 1)
            for key in streams.streams:
                restored.restore(key, streams.to_state(key) or [])
            assert restored.verdicts == streams.verdicts
        stood.add(streams.verdicts[ERRORS].phase)
    assert Phase.FIRING in stood


def test_storms_that_hit_all_segments_open_nothing_by_a_segment() -> None:
    streams = Streams(RULES, 1)
    assert not any(verdict.opened for verdict in play(0.0, streams))
    assert of_segments(streams) == {Phase.WATCHING}


@pytest.mark.parametrize("of_all", [0.01, -0.3])
def test_a_change_that_does_not_matter_to_all_or_goes_the_other_way_opens_nothing(
    of_all: float,
) -> None:
    streams = Streams(RULES, 1)
    play(0.0, streams)
    late = (CHANGED + 72) * HOUR
    streams.step(ERRORS, PaneInput(late, late + HOUR, 80, 60))
    fires = Verdict(Phase.FIRING, firing_since_ms=late, detectors=("page_hinkley",))
    assert not streams.confirm(ERRORS, fires, of_all).opened
    assert streams.confirm(ERRORS, fires, 0.3).opened
