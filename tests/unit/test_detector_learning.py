"""A stream's baseline: level, season, spread, and how far chance moves it."""

import msgspec
import numpy as np
import pytest

from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND
from tidegauge.core.detect.baseline import Baseline
from tidegauge.core.detect.learning import MIN_PANES, Learner, bucket_width
from tidegauge.core.detect.longrun import long_run_variance
from tidegauge.core.detect.verdict import PaneInput, StreamKind


def autoregression(seed: int, rho: float, size: int) -> list[float]:
    """First-order, with mean 0 and variance 1."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=size) * np.sqrt(1 - rho**2)
    values = [float(rng.normal())]
    for step in steps[1:].tolist():
        values.append(rho * values[-1] + step)
    return values


def baseline_of(learner: Learner) -> Baseline:
    """With a smallest effect of a half, and an alarm in ten thousand minutes."""
    return learner.baseline(StreamKind.MEAN, lambda _, deviation: deviation / 2, 1e-4 / MINUTE)


def learned(
    means: list[float], *, count: int = 50, deviation: float = 1.0, width_ms: int = MINUTE
) -> Baseline:
    learner = Learner(len(means) * width_ms, 1)
    for number, mean in enumerate(means):
        assert learner.learned < 1.0
        pane = PaneInput(number * width_ms, (number + 1) * width_ms, count, mean, deviation)
        learner.add(pane, mean, deviation**2 * (count - 1))
    assert learner.learned >= 1.0
    return baseline_of(learner)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_the_long_run_variance_of_an_autoregression_is_found(rho: float) -> None:
    true = (1 + rho) / (1 - rho)
    estimates = [
        long_run_variance(
            np.arange(360), np.ones(360), np.array(autoregression(seed, rho, 360))
        ).variance
        for seed in range(20)
    ]
    assert 0.8 * true < np.median(estimates) < 1.3 * true
    assert np.quantile(estimates, 0.1) > 0.6 * true


def test_mean_and_deviation_are_those_of_all_samples() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(100.0, 3.0, size=(60, 50))
    learner = Learner(HOUR, 1)
    for number, pane in enumerate(samples):
        start = number * MINUTE
        mean = float(pane.mean())
        learner.add(PaneInput(start, start + MINUTE, 50, mean), mean, float(pane.var() * 50))
    baseline = baseline_of(learner)
    assert baseline.mean == pytest.approx(samples.mean())
    assert baseline.deviation == pytest.approx(samples.std())
    assert baseline.samples == samples.size


def test_the_daily_season_is_learned_from_three_days_on() -> None:
    def level(hour: int) -> float:
        return 10.0 if 8 <= hour < 18 else 2.0

    half_hours = [level(i // 2 % 24) for i in range(2 * 48)]
    short = learned(half_hours, width_ms=30 * MINUTE)
    assert short.season.hourly == ()
    assert short.level(9 * HOUR, 10 * HOUR) == short.mean
    long = learned([level(i % 24) for i in range(14 * 24)], width_ms=HOUR)
    assert long.level(9 * HOUR, 10 * HOUR) == pytest.approx(10.0, abs=0.4)
    assert long.level(20 * DAY + 2 * HOUR, 20 * DAY + 3 * HOUR) == pytest.approx(2.0, abs=0.4)


def test_a_few_broken_panes_do_not_make_it_blind() -> None:
    means = autoregression(2, 0.0, 300)
    broken = list(means)
    broken[100] = broken[200] = 1e12
    sane, hit = learned(means), learned(broken)
    assert hit.mean == pytest.approx(sane.mean, abs=0.05)
    assert hit.deviation == pytest.approx(sane.deviation, rel=0.05)
    for (_, hit_threshold), (_, threshold) in zip(
        hit.thresholds.page_hinkley, sane.thresholds.page_hinkley, strict=True
    ):
        assert hit_threshold == pytest.approx(threshold, rel=0.2)


def test_a_constant_has_a_small_positive_deviation() -> None:
    assert 0.0 < learned([5.0] * 60, deviation=0.0).deviation < 1e-6
    assert learned([0.0] * 60, deviation=0.0).deviation > 0.0


def test_it_is_not_ready_before_time_samples_and_panes_are_enough() -> None:
    learner = Learner(HOUR, 1_000)
    for number in range(29):
        start = number * 10 * MINUTE
        learner.add(PaneInput(start, start + 10 * MINUTE, 100, 0.0), 0.0, 1.0)
    assert learner.learned == 29 / MIN_PANES
    learner.add(PaneInput(5 * HOUR, 5 * HOUR + MINUTE, 100, 0.0), 0.0, 1.0)
    assert learner.learned >= 1.0


@pytest.mark.parametrize(
    ("learn_ms", "width_ms"),
    [(MINUTE, SECOND), (HOUR, 10 * SECOND), (DAY, 5 * MINUTE), (14 * DAY, HOUR), (90 * DAY, HOUR)],
)
def test_buckets_are_as_narrow_as_memory_allows(learn_ms: int, width_ms: int) -> None:
    assert bucket_width(learn_ms) == width_ms


def test_narrow_panes_are_joined_so_that_state_stays_small() -> None:
    learner = Learner(14 * DAY, 1)
    for number in range(6_000):
        learner.add(PaneInput(number * MINUTE, (number + 1) * MINUTE, 5, 0.0), 0.0, 1.0)
    assert len(learner.to_state()[-2]) == 100
    assert len(msgspec.msgpack.encode(learner.to_state())) < 50_000
