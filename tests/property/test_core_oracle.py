"""Whatever the order of reading, batches, partitions and crashes: what comes out is what must."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import MAX_LATENESS, logs
from world import CONFIG, Plan, Published, Result, World, clean

from oracle import Oracle, Window
from tidegauge.core.config import ReferenceConfig
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.records import MetricRecord, WindowState
from tidegauge.core.stats.learn import build_reference
from tidegauge.core.stats.reference import ReferenceProfile

READINGS = ("random", "predictions first", "feedback first", "behind")
plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    partitions=st.sampled_from([1, 3, 8]),
    reading=st.sampled_from(READINGS),
    max_batch=st.sampled_from([1, 5, 50]),
    crash=st.sampled_from([0.0, 0.2]),
)


def check_ledgers(result: Result, oracle: Oracle) -> None:
    found = {name: clean(ledger) for name, ledger in result.ledgers.items()}
    found = {n: x for n, x in found.items() if x.predictions_read or x.feedback_read}
    assert found == oracle.ledgers


def check_window(metric: MetricRecord, window: Window) -> None:
    assert metric.state is WindowState.FINAL
    assert metric.predictions == window.predictions
    assert metric.labelled == window.labelled
    assert metric.label_coverage == window.labelled / window.predictions
    assert (metric.quality.errors or 0) == window.errors
    assert (metric.quality.true_positives or 0) == window.true_positives
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
        check_window(result.windows[key], window)


def learned(state: list[Any]) -> dict[int, tuple[int, int]]:
    """What the panes gave to a rate stream that has not finished learning, by pane."""
    width = CONFIG.panes[0].width_ms
    buckets = state[1][4]
    return {i * width: (count, round(mean * count)) for i, count, mean, _ in buckets}


def check_label_panes(result: Result, oracle: Oracle) -> None:
    found = {
        (model, start): pair
        for (model, key), state in result.streams.items()
        if key == StreamKey(Subject.ERROR_RATE)
        for start, pair in learned(state).items()
    }
    assert found == oracle.label_panes()


def check(log: list[Published], *ways: Plan, references: Sequence[ReferenceProfile] = ()) -> None:
    oracle = Oracle(log, CONFIG)
    world = World(log, references=references)
    results = [world.run(plan) for plan in ways]
    for result in results:
        check_ledgers(result, oracle)
        check_windows(result, oracle)
        check_label_panes(result, oracle)
        assert (result.after_final, result.moved) == (0, 0)
        assert result.windows == results[0].windows
        assert result.streams == results[0].streams


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(logs(), plans, plans)
def test_every_way_of_reading_gives_what_the_oracle_says(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(log, one, other)


@pytest.mark.long
@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_requests=40), plans, plans)
def test_every_way_of_reading_gives_what_the_oracle_says_at_length(
    log: list[Published], one: Plan, other: Plan
) -> None:
    check(log, one, other)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
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


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(logs(max_delay=MAX_LATENESS), plans)
def test_what_is_late_but_not_too_late_reaches_ledgers_and_windows(
    log: list[Published], plan: Plan
) -> None:
    oracle, result = Oracle(log, CONFIG), World(log).run(plan)
    check_ledgers(result, oracle)
    check_windows(result, oracle)
    assert result.after_final == 0
