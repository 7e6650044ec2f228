"""Whatever the order of reading, batches, partitions and crashes: what comes out is what must."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import MAX_DELAY, MAX_LATENESS, logs
from world import CONFIG, Plan, Published, Result, World, apart, clean

from oracle import Oracle, Pair, Window, binary, name, number
from tidegauge.core.config import ModelKind, ReferenceConfig
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.monitor.windows import Series
from tidegauge.core.records import MetricRecord, PairedStats, WindowState
from tidegauge.core.stats.columns import read_column
from tidegauge.core.stats.errorbins import Cells, ErrorBins
from tidegauge.core.stats.firstlabels import FirstLabels
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile

KINDS = replace(
    CONFIG,
    overrides={
        model: replace(CONFIG.default, kind=kind)
        for model, kind in {
            "a": ModelKind.BINARY,
            "classes": ModelKind.MULTICLASS,
            "numbers": ModelKind.REGRESSION,
        }.items()
    },
)
"""Every kind of model is configured, but for one that answers with two classes alone."""
READINGS = ("random", "predictions first", "feedback first", "behind")
plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    partitions=st.sampled_from([1, 3, 8]),
    reading=st.sampled_from(READINGS),
    max_batch=st.sampled_from([1, 5, 50]),
    crash=st.sampled_from([0.0, 0.2]),
)

astray = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    partitions=st.integers(2, 4),
    reading=st.sampled_from(READINGS),
    max_batch=st.sampled_from([1, 5, 50]),
    crash=st.sampled_from([0.0, 0.2]),
    astray=st.sampled_from([0.3, 1.0]),
)


def check_ledgers(result: Result, oracle: Oracle) -> None:
    found = {name: clean(ledger) for name, ledger in result.ledgers.items()}
    found = {n: x for n, x in found.items() if x.predictions_read or x.feedback_read}
    assert found == oracle.ledgers


def check_binary(metric: MetricRecord, window: Window) -> None:
    pairs = [(binary(p), binary(label)) for p, label in window.pairs]
    pairs = [pair for pair in pairs if None not in pair]
    assert metric.labelled == len(pairs)
    assert (metric.quality.errors or 0) == sum(p != label for p, label in pairs)
    assert (metric.quality.true_positives or 0) == pairs.count((1, 1))


def check_classes(metric: MetricRecord, window: Window) -> None:
    pairs = [(name(p), name(label)) for p, label in window.pairs]
    pairs = [pair for pair in pairs if None not in pair]
    assert metric.labelled == len(pairs)
    assert (metric.quality.errors or 0) == sum(p != label for p, label in pairs)
    assert {(c.predicted, c.label): c.count for c in metric.confusion} == Counter(pairs)
    answers = Counter(name(answer) for answer in window.answers)
    answers.pop(None, None)
    found = {name: stats.predictions for name, stats in metric.classes.items()}
    assert {name: n for name, n in found.items() if n} == answers
    assert metric.prediction.count == answers.total()


def check_numbers(metric: MetricRecord, window: Window) -> None:
    pairs = [(number(p), number(label)) for p, label in window.pairs]
    errors = [p - label for p, label in pairs if p is not None and label is not None]
    assert metric.labelled == len(errors)
    assert sum(bar.count for bar in metric.regression.error_histogram) == len(errors)
    if errors:
        assert metric.regression.bias == pytest.approx(math.fsum(errors) / len(errors))
        absolute = math.fsum(map(abs, errors)) / len(errors)
        assert metric.regression.mean_absolute_error == pytest.approx(absolute)
        square = math.fsum(e * e for e in errors) / len(errors)
        assert metric.regression.root_mean_squared_error == pytest.approx(math.sqrt(square))
    answers = [x for x in map(number, window.answers) if x is not None]
    assert metric.prediction.count == len(answers)
    assert sum(bar.count for bar in metric.prediction.histogram) == len(answers)
    if answers:
        assert metric.prediction.mean == pytest.approx(math.fsum(answers) / len(answers))


def right(pair: Pair, kind: ModelKind) -> bool | None:
    """Whether an answer is right; None where the pair does not fit the kind."""
    read = binary if kind is ModelKind.BINARY else name
    answer, label = map(read, pair)
    return None if answer is None or label is None else answer == label


def check_paired_classes(
    stats: PairedStats, pairs: list[tuple[Pair, Pair]], kind: ModelKind
) -> None:
    outcomes = Counter((right(one, kind), right(other, kind)) for one, other in pairs)
    assert stats.both_right == outcomes[True, True]
    assert stats.only_this_right == outcomes[True, False]
    assert stats.only_other_right == outcomes[False, True]
    assert stats.both_wrong == outcomes[False, False]
    read = binary if kind is ModelKind.BINARY else name
    same = sum(read(one[0]) == read(other[0]) for one, other in pairs)
    assert stats.agreement == same / len(pairs)


def check_paired_numbers(stats: PairedStats, pairs: list[tuple[Pair, Pair]]) -> None:
    errors, others = (
        np.array([abs(number(p) - number(label)) for p, label in side])
        for side in zip(*pairs, strict=True)
    )
    assert stats.mean_absolute_error == pytest.approx(math.fsum(errors) / len(errors))
    assert stats.other_mean_absolute_error == pytest.approx(math.fsum(others) / len(errors))
    assert stats.nearer == np.mean(errors < others)
    assert stats.other_nearer == np.mean(others < errors)
    assert stats.agreement == np.mean([number(one[0]) == number(two[0]) for one, two in pairs])


def check_paired(metric: MetricRecord, window: Window, kind: ModelKind) -> None:
    found = dict(metric.paired)
    for other, made in window.paired.items():
        if kind is ModelKind.REGRESSION:
            pairs = [p for p in made if None not in [number(x) for side in p for x in side]]
        else:
            pairs = [p for p in made if None not in [right(side, kind) for side in p]]
        stats = found.pop(other, PairedStats(pairs=0))
        assert stats.pairs == len(pairs)
        if pairs and kind is ModelKind.REGRESSION:
            check_paired_numbers(stats, pairs)
        elif pairs:
            check_paired_classes(stats, pairs, kind)
    assert found == {}


def check_window(metric: MetricRecord, window: Window, kind: ModelKind) -> None:
    assert metric.state is WindowState.FINAL
    assert metric.predictions == window.predictions
    assert metric.kind is kind
    assert metric.label_coverage == metric.labelled / window.predictions
    {
        ModelKind.BINARY: check_binary,
        ModelKind.MULTICLASS: check_classes,
        ModelKind.REGRESSION: check_numbers,
    }[kind](metric, window)
    check_paired(metric, window, kind)
    delay, delays = metric.label_delay, sorted(window.delays)
    assert delay.count == len(delays)
    for found, q in ((delay.p50, 0.5), (delay.p90, 0.9), (delay.p99, 0.99)):
        ranked = delays[max(math.ceil(q * len(delays)), 1) - 1] if delays else None
        assert found == (None if ranked is None else pytest.approx(ranked, rel=0.025, abs=1 / 16))
    assert metric.score.count == len(window.scores)
    if window.scores:
        mean = sum(window.scores) / len(window.scores)
        assert metric.score.mean == pytest.approx(mean, abs=1e-6)
    if metric.segment_field is None:
        for name, stats in metric.features.items():
            assert stats.count == window.present[name]
            assert stats.missing == window.predictions - window.present[name]
        for name, values in window.values.items():
            assert metric.features[name].mean == pytest.approx(sum(values) / len(values))


def check_windows(result: Result, oracle: Oracle) -> None:
    windows = oracle.windows()
    assert result.windows.keys() == windows.keys()
    for key, window in windows.items():
        check_window(result.windows[key], window, oracle.kind(key[0], window.end))
        check_attributions(result.windows[key], window)


def check_attributions(metric: MetricRecord, window: Window) -> None:
    stats = metric.attributions
    assert (stats is None) is (not window.attributed)
    if stats is not None:
        assert stats.count == len(window.attributed)
        assert stats.features.keys() == {
            name for told in window.attributed for name, moved in told.items() if moved
        }
        for name, feature in stats.features.items():
            moved = math.fsum(abs(told.get(name, 0.0)) for told in window.attributed)
            assert feature.mean_absolute == pytest.approx(moved / stats.count)


def check_judged(result: Result, oracle: Oracle, profile: ReferenceProfile) -> None:
    """What moved right and wrong answers, of a version whose reference holds from the start."""
    for key, window in oracle.windows().items():
        stats = result.windows[key].attributions
        if stats is None or key[:2] != (profile.model, profile.version):
            continue
        judged = [(told, wrong) for told, wrong in window.judged if any(told.values())]
        assert stats.labelled == len(judged)
        for told_as in {feature.name for feature in profile.features} & stats.features.keys():
            found = stats.features[told_as]
            for share, wanted in ((found.right_share, False), (found.wrong_share, True)):
                mine = [told for told, wrong in judged if wrong == wanted]
                shares = [abs(t.get(told_as, 0.0)) / sum(map(abs, t.values())) for t in mine]
                mean = sum(shares) / len(shares) if shares else None
                assert share == (None if mean is None else pytest.approx(mean, abs=0.003))


def learned(state: list[Any]) -> dict[int, tuple[int, float]]:
    """What the panes gave to a stream that has not finished learning, by pane: count and mean."""
    width = CONFIG.panes[0].width_ms
    _, (_, learner, _) = state
    buckets = learner[4]
    return {i * width: (count, mean) for i, count, mean, _ in buckets}


def check_label_panes(result: Result, oracle: Oracle) -> None:
    found = {
        (model, start): pane
        for (model, key), state in result.streams.items()
        if key in (StreamKey(Subject.ERROR_RATE), StreamKey(Subject.ABSOLUTE_ERROR))
        for start, pane in learned(state).items()
    }
    expected = {
        key: (len(errors), pytest.approx(math.fsum(errors) / len(errors)))
        for key, errors in oracle.label_panes().items()
    }
    assert found == expected


def check(log: list[Published], *ways: Plan, references: Sequence[ReferenceProfile] = ()) -> None:
    oracle = Oracle(log, KINDS)
    world = World(log, KINDS, references)
    results = [world.run(plan) for plan in ways]
    for result in results:
        check_ledgers(result, oracle)
        check_windows(result, oracle)
        check_label_panes(result, oracle)
        assert (result.after_final, result.moved) == (0, 0)
        assert result.windows == results[0].windows
        assert result.streams == results[0].streams
        assert result.errors == results[0].errors
        for profile in references:
            check_error_bins(result, oracle, profile)
            check_judged(result, oracle, profile)


def check_error_bins(result: Result, oracle: Oracle, profile: ReferenceProfile) -> None:
    counts = result.errors.get(("a", Series(profile.version, "", "")))
    bins = ErrorBins() if counts is None else FirstLabels.from_wire(counts).bins.get(profile.id)
    cells = Cells(profile)
    expected: dict[tuple[str, int], list[float]] = defaultdict(list)
    for (feature_name, value), errors in oracle.binned_errors("a", profile.version).items():
        column = read_column([{feature_name: value}], feature_name)
        feature = profile.feature(feature_name)
        assert feature is not None
        expected[feature_name, int(feature.bin_column(column)[0])] += errors
    trials, wrong = cells.split((bins or ErrorBins()).trials), (bins or ErrorBins()).errors
    names = [feature.name for feature in profile.features]
    found = {(n, c): k for n, part in zip(names, trials, strict=True) for c, k in part.items()}
    assert found == {key: len(errors) for key, errors in expected.items()}
    missed = {
        (n, c): k
        for n, part in zip(names, cells.split(wrong), strict=True)
        for c, k in part.items()
    }
    assert missed == {key: sum(errors) for key, errors in expected.items() if sum(errors)}


@settings(deadline=None, max_examples=14, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), plans, plans)
def test_every_way_of_reading_gives_what_the_oracle_says(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(log, one, other)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), plans, plans)
def test_the_kind_is_told_by_the_answers_however_they_are_read(
    log: list[Published], one: Plan, other: Plan
) -> None:
    oracle, world = Oracle(log, CONFIG), World(log)
    results = [world.run(plan) for plan in (one, other)]
    for result in results:
        check_windows(result, oracle)
        assert result.windows == results[0].windows
        assert result.streams == results[0].streams


@settings(deadline=None, max_examples=14, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_delay=MAX_DELAY - 999), astray, plans)
def test_events_published_in_any_partition_give_what_those_at_home_give(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(apart(log), one, other)


@pytest.mark.long
@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_requests=40, max_delay=MAX_DELAY - 999), astray, astray)
def test_events_published_in_any_partition_give_what_the_oracle_says_at_length(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(apart(log), one, other)


@pytest.mark.long
@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_requests=40), plans, plans)
def test_every_way_of_reading_gives_what_the_oracle_says_at_length(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(log, one, other)


@settings(deadline=None, max_examples=9, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), plans, plans)
def test_a_fixed_reference_gives_the_same_drift_for_every_way_of_reading(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(log, one, other, references=[reference()])


def reference() -> ReferenceProfile:
    """Of model a, version 1: two features that it has and one that never comes."""
    names = ["gone", "word", "x"]
    rows = [{"x": n / 10, "word": "pq"[n % 2], "gone": 1.0} for n in range(40)]
    return build_reference(
        rows,
        np.linspace(0.0, 1.0, 40),
        np.ones(40, np.int64),
        names=names,
        config=ReferenceConfig(),
        model="a",
        version="1",
        effective_from=0,
        learned_from=0,
        learned_until=1,
    )


@settings(deadline=None, max_examples=9, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_delay=MAX_LATENESS), plans)
def test_what_is_late_but_not_too_late_reaches_ledgers_and_windows(
    log: list[Published], plan: Plan
) -> None:
    oracle, result = Oracle(log, KINDS), World(log, KINDS).run(plan)
    check_ledgers(result, oracle)
    check_windows(result, oracle)
    assert result.after_final == 0
