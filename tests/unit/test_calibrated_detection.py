"""Thresholds from distributions: false-alarm rates, shares of the budget, seasons."""

import numpy as np
import pytest

from tidegauge.core.config import DAY, HOUR
from tidegauge.core.detect.adwinrate import COUNTED, adwin_delta
from tidegauge.core.detect.arl import Scores, calibrated, lundberg
from tidegauge.core.detect.longrun import LongRun, long_run_variance
from tidegauge.core.detect.recent import RecentPane, RecentPanes
from tidegauge.core.detect.season import Season, Stretch, fit
from tidegauge.core.monitor.budget import PARTS, Pool, Share, alarms_per_week, next_share

RESOLUTION = 0.04


def scores(sample: np.ndarray) -> Scores:
    return Scores.of((sample - sample.mean()) / sample.std(), RESOLUTION)


def counted_rate(sample: Scores, allowance: float, threshold: float) -> float:
    """Alarms per update of 500 CUSUMs over 4,000 updates."""
    rng = np.random.default_rng(1)
    up = down = np.zeros(500)
    alarms = 0
    for _ in range(4_000):
        drawn = rng.choice(sample.values, 500, p=sample.weights)
        up = np.maximum(0.0, up + drawn - allowance)
        down = np.maximum(0.0, down - drawn - allowance)
        hit = (up > threshold) | (down > threshold)
        alarms += int(hit.sum())
        up, down = np.where(hit, 0.0, up), np.where(hit, 0.0, down)
    return alarms / 2_000_000


@pytest.mark.parametrize("allowance", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("skewed", [False, True])
def test_a_threshold_gives_the_rate_that_was_asked_for(allowance: float, skewed: bool) -> None:
    rng = np.random.default_rng(2)
    drawn = rng.lognormal(size=5_000).clip(max=5.0) if skewed else rng.normal(size=5_000)
    sample = scores(drawn)
    curve = calibrated(sample, allowance, level_error=0.0, scale_error=0.0)
    for rate in (1e-3, 2e-4):
        counted = counted_rate(sample, allowance, curve.threshold(rate))
        assert 0.6 * rate < counted < 1.6 * rate


def test_what_is_not_known_for_sure_raises_thresholds() -> None:
    sample = scores(np.random.default_rng(3).normal(size=5_000))
    sure = calibrated(sample, 0.5, level_error=0.0, scale_error=0.0).threshold(1e-5)
    assert calibrated(sample, 0.5, level_error=0.1, scale_error=0.0).threshold(1e-5) > 1.1 * sure
    assert calibrated(sample, 0.5, level_error=0.0, scale_error=0.2).threshold(1e-5) > 1.1 * sure


def test_the_exponent_of_normal_scores_is_twice_the_allowance() -> None:
    sample = scores(np.random.default_rng(4).normal(size=200_000))
    assert lundberg(sample, 0.25) == pytest.approx(0.5, rel=0.02)


def test_scores_that_cannot_exceed_the_allowance_raise_no_alarm() -> None:
    curve = calibrated(
        Scores(np.array([-0.1, 0.1]), np.array([0.5, 0.5])),
        1.0,
        level_error=0.0,
        scale_error=0.0,
    )
    assert curve.rate(1.0) < 1e-9


def test_the_confidence_of_adwin_falls_with_the_rate() -> None:
    for delta, rate in COUNTED:
        assert adwin_delta(rate) == pytest.approx(delta)
    deltas = [adwin_delta(10.0**-power) for power in range(1, 12)]
    assert deltas == sorted(deltas, reverse=True)


def test_shares_never_exceed_the_budget_while_streams_come_and_go() -> None:
    rng = np.random.default_rng(5)
    living: list[Share] = []
    for _ in range(300):
        newcomers = int(rng.integers(1, 8))
        living += [next_share(living, newcomers)] * newcomers
        gone = rng.random(len(living)) < rng.choice([0.05, 0.5])
        living = [share for share, left in zip(living, gone, strict=True) if not left]
        assert sum(share.part for share in living) <= 1.0 + 1e-9


def test_the_budget_of_all_models_is_that_of_the_installation() -> None:
    share = next_share([], 1)
    found = {pool: alarms_per_week(3.0, 10, share, pool) for pool in Pool}
    assert found[Pool.LABELS] == pytest.approx(3.0 / 10 * PARTS[Pool.LABELS] / 2)
    assert 10 * sum(found.values()) == pytest.approx(3.0 / 2)


def stretches(levels: list[float], noise: float) -> list[Stretch]:
    rng = np.random.default_rng(6)
    return [
        Stretch(hour * HOUR + HOUR // 2, 100, levels[hour % 24] + noise * float(rng.normal()))
        for hour in range(7 * 24)
    ]


def variance(left: list[Stretch], over_ms: int) -> LongRun:
    """Of sums that long."""
    index = np.array([s.middle_ms // HOUR for s in left])
    counts = np.array([float(s.samples) for s in left])
    excess = np.array([s.excess for s in left])
    return long_run_variance(index, counts, excess, over_ms // HOUR)


def test_a_season_is_taken_out_only_where_there_is_one() -> None:
    wave = [float(np.sin(2 * np.pi * hour / 24)) for hour in range(24)]
    season, left = fit(stretches(wave, 0.1), 7 * DAY, variance)
    assert season.at(6 * HOUR + HOUR // 2) == pytest.approx(1.0, abs=0.1)
    assert max(abs(s.excess) for s in left) < 0.5
    none, _ = fit(stretches([0.0] * 24, 0.1), 7 * DAY, variance)
    assert none == Season()


def test_days_that_differ_by_chance_are_no_season_of_the_week() -> None:
    days = np.random.default_rng(8).normal(size=14)
    wandering = [
        Stretch(hour * HOUR + HOUR // 2, 100, float(days[hour // 24])) for hour in range(14 * 24)
    ]
    season, _ = fit(wandering, 14 * DAY, variance)
    assert not season.weekly
    weekend = [s._replace(excess=float(s.middle_ms // DAY % 7 < 2)) for s in wandering]
    noise = np.random.default_rng(9).normal(size=len(weekend)) / 10.0
    noisy = [s._replace(excess=s.excess + float(n)) for s, n in zip(weekend, noise, strict=True)]
    season, _ = fit(noisy, 14 * DAY, variance)
    assert season.weekly


def test_between_two_hours_the_level_is_linear() -> None:
    season = Season(hourly=tuple(float(hour) for hour in range(24)))
    assert season.at(5 * HOUR) == pytest.approx(4.5)
    assert season.at(0) == pytest.approx(11.5)


@pytest.mark.parametrize("since", [3, 20, 60])
def test_the_onset_of_a_change_is_found(since: int) -> None:
    rng = np.random.default_rng(7)
    panes = RecentPanes(12, 400)
    for at in range(200):
        mean = float(rng.normal()) / 10.0 + (0.5 if at >= 200 - since else 0.0)
        panes.add(RecentPane(at, at + 1, 100, mean, 0.0))
    changed = panes.changed()
    assert abs(changed.start_ms - (200 - since)) <= 8
    assert changed.mean == pytest.approx(0.5, abs=0.08)
