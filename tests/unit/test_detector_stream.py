"""From panes to alerts: what opens one, what ends it, and what does not."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import stdev
from typing import NamedTuple

import numpy as np
import pytest

from tidegauge.core.config import DAY, HOUR, MINUTE, SECOND, DetectionConfig
from tidegauge.core.detect.stream import DetectorStream
from tidegauge.core.detect.verdict import PaneInput, Phase, StreamKind, Verdict
from tidegauge.core.events import MAX_NUMBER

WIDTH = 10 * SECOND
LEARNED = 360
"""Panes of an hour."""

Figures = Iterable[tuple[int, float, float]]
"""Count, total and deviation of each pane."""


def play(
    kind: StreamKind,
    figures: Figures,
    *,
    width_ms: int = WIDTH,
    learn_ms: int = HOUR,
    learn_samples: int = 1_000,
    config: DetectionConfig | None = None,
    alarms_per_week: float = 1e-3,
) -> list[Verdict]:
    learning = replace(config or DetectionConfig(), learn_ms=learn_ms, learn_samples=learn_samples)
    stream = DetectorStream(kind, learning)
    return [
        stream.step(PaneInput(i * width_ms, (i + 1) * width_ms, *figure), lambda: alarms_per_week)
        for i, figure in enumerate(figures)
    ]


def none() -> float:
    """No false alarm in a thousand years."""
    return 1e-5


def opened(verdicts: list[Verdict]) -> list[int]:
    return [i for i, verdict in enumerate(verdicts) if verdict.opened]


def resolved(verdicts: list[Verdict]) -> list[int]:
    return [i for i, verdict in enumerate(verdicts) if verdict.resolved]


def errors(rates: Iterable[float], count: int, seed: int = 1) -> Figures:
    rng = np.random.default_rng(seed)
    return [(count, int(rng.binomial(count, rate)), 0.0) for rate in rates]


def values(means: Iterable[float], count: int, seed: int = 1) -> Figures:
    rng = np.random.default_rng(seed)
    return [(count, mean + float(rng.normal()) / count**0.5, 1.0) for mean in means]


@pytest.mark.parametrize(("count", "within"), [(1, 300), (10, 40), (100, 12), (100_000, 12)])
def test_a_sudden_rise_of_errors_opens_one_alert_however_long_it_lasts(
    count: int, within: int
) -> None:
    change = 1_500
    figures = errors([0.1] * change + [0.3] * 1_500, count, seed=3)
    verdicts = play(StreamKind.RATE, figures)
    (start,) = opened(verdicts)
    assert change <= start < change + within
    assert not resolved(verdicts)
    verdict = verdicts[-1]
    assert verdict.phase is Phase.FIRING
    assert verdict.firing_since_ms == verdicts[start].window_start_ms
    assert set(verdict.detectors) <= {"adwin", "page_hinkley"}
    assert verdict.current == pytest.approx(0.3, abs=0.06)
    assert verdict.baseline == pytest.approx(0.1, abs=0.04)
    assert verdict.effect is not None
    assert verdict.effect > verdict.min_effect == 0.2
    assert verdict.samples >= 400
    assert verdict.window_end_ms == len(verdicts) * WIDTH


@pytest.mark.parametrize(("count", "within"), [(1, 400), (10, 40), (100, 12), (100_000, 12)])
@pytest.mark.parametrize("shift", [-1.0, 1.0])
def test_a_sudden_change_of_a_mean_is_found_in_both_directions(
    count: int, within: int, shift: float
) -> None:
    verdicts = play(StreamKind.MEAN, values([5.0] * 1_500 + [5.0 + shift] * 500, count))
    (start,) = opened(verdicts)
    assert 1_500 <= start < 1_500 + within
    effect = verdicts[-1].effect
    assert effect is not None
    assert effect == pytest.approx(shift, abs=0.25)


def test_an_alert_resolves_when_the_level_returns_and_may_open_again() -> None:
    rates = [0.1] * 1_000 + [0.4] * 100 + [0.1] * 300 + [0.4] * 100 + [0.1] * 300
    verdicts = play(StreamKind.RATE, errors(rates, 100))
    first, second = opened(verdicts)
    first_end, second_end = resolved(verdicts)
    assert 1_000 <= first < 1_020
    # twelve panes until it has faded, twelve more in which it stays so
    assert 1_100 + 12 < first_end < 1_100 + 40
    assert 1_400 <= second < 1_420
    assert 1_500 < second_end < 1_540
    assert verdicts[first_end].phase is Phase.WATCHING
    assert verdicts[first_end].firing_since_ms == verdicts[first].firing_since_ms
    assert verdicts[first_end + 1].firing_since_ms is None
    assert verdicts[first_end + 1].detectors == ()


def test_an_alert_that_falls_to_just_under_the_minimum_stays_open() -> None:
    means = [0.0] * 1_000 + [1.0] * 100 + [0.4] * 500
    verdicts = play(StreamKind.MEAN, values(means, 1_000))
    assert len(opened(verdicts)) == 1
    assert not resolved(verdicts)
    assert verdicts[-1].effect == pytest.approx(0.4, abs=0.05)


def test_a_swing_to_the_other_side_is_the_same_alert() -> None:
    means = [0.0] * 1_000 + [-3.0] * 100 + [3.0] * 200
    verdicts = play(StreamKind.MEAN, values(means, 100))
    assert len(opened(verdicts)) == 1
    assert not resolved(verdicts)


def test_a_rare_error_rate_that_improves_to_none_resolves() -> None:
    rates = [0.005] * 1_000 + [0.1] * 100 + [0.0] * 200
    verdicts = play(StreamKind.RATE, errors(rates, 100))
    assert len(opened(verdicts)) == 1
    assert len(resolved(verdicts)) == 1


@pytest.mark.parametrize("count", [10, 1_000, 100_000])
def test_a_change_too_small_to_matter_opens_nothing_however_many_samples_show_it(
    count: int,
) -> None:
    assert not opened(play(StreamKind.MEAN, values([0.0] * 500 + [0.2] * 1_000, count)))
    assert not opened(play(StreamKind.RATE, errors([0.1] * 500 + [0.12] * 1_000, count)))


def test_a_change_that_grows_slowly_is_found_when_it_matters() -> None:
    ramp = [i / 2_000 for i in range(2_000)]
    verdicts = play(StreamKind.MEAN, values([0.0] * 500 + ramp, 100))
    (start,) = opened(verdicts)
    assert 0.4 <= ramp[start - 500] < 0.6


def test_one_wild_pane_raises_no_alarm() -> None:
    figures = list(values([0.0] * 1_000, 100))
    figures[700] = (100, 1e100, 1e100)
    assert not opened(play(StreamKind.MEAN, figures))


def test_values_that_were_never_missing_and_now_are_open_an_alert_within_a_few_panes() -> None:
    verdicts = play(StreamKind.RATE, errors([0.0] * 500 + [1.0] * 50, 50))
    (start,) = opened(verdicts)
    assert 500 <= start < 505


def test_it_learns_in_silence_and_tells_what_it_learned_from() -> None:
    verdicts = play(StreamKind.RATE, errors([0.1] * LEARNED + [0.1], 10))
    parts = [verdict.learned for verdict in verdicts[:LEARNED]]
    assert parts == sorted(parts)
    assert 0.0 < parts[0] < parts[-2] < parts[-1] == 1.0
    expected = [Verdict(Phase.LEARNING, learned=part) for part in parts[:-1]]
    assert verdicts[: LEARNED - 1] == expected
    assert verdicts[LEARNED - 1].phase is Phase.WATCHING
    assert verdicts[-1].baseline_samples == LEARNED * 10
    assert verdicts[-1].samples == 10


def test_empty_panes_change_nothing() -> None:
    figures = list(errors([0.1] * 500 + [0.5] * 50, 20))
    sparse = [pane for figure in figures for pane in (figure, (0, 0.0, 0.0))]
    stream = DetectorStream(StreamKind.RATE, DetectionConfig(learn_ms=HOUR - WIDTH))
    for i, figure in enumerate(sparse):
        before = stream.to_state()
        stream.step(PaneInput(i * WIDTH, (i + 1) * WIDTH, *figure), none)
        assert (stream.to_state() == before) == (figure[0] == 0)


@pytest.mark.parametrize(
    ("kind", "pane", "part"),
    [
        (StreamKind.RATE, PaneInput(0, 10, 3, 4), "between 0 and count"),
        (StreamKind.RATE, PaneInput(0, 10, 3, -1), "between 0 and count"),
        (StreamKind.MEAN, PaneInput(0, 10, 3, float("nan")), "finite"),
        (StreamKind.MEAN, PaneInput(0, 10, 3, float("inf")), "finite"),
        (StreamKind.MEAN, PaneInput(0, 10, 3, 0.0, float("nan")), "finite"),
        (StreamKind.MEAN, PaneInput(0, 10, 3, 1e200), "magnitude"),
        (StreamKind.MEAN, PaneInput(10, 10, 3, 0.0), "cannot be a pane"),
        (StreamKind.MEAN, PaneInput(0, 10, -1, 0.0), "cannot be a pane"),
    ],
)
def test_impossible_figures_are_refused(kind: StreamKind, pane: PaneInput, part: str) -> None:
    stream = DetectorStream(kind, DetectionConfig())
    with pytest.raises(ValueError, match=part):
        stream.step(pane, none)


def test_the_widest_spread_that_values_can_have_is_taken() -> None:
    stream = DetectorStream(StreamKind.MEAN, DetectionConfig())
    widest = stdev([-MAX_NUMBER, MAX_NUMBER])
    assert stream.step(PaneInput(0, 10, 2, 0.0, widest), none).phase is Phase.LEARNING


def test_a_pane_out_of_order_is_refused() -> None:
    stream = DetectorStream(StreamKind.MEAN, DetectionConfig())
    stream.step(PaneInput(0, 10, 1, 0.0), none)
    stream.step(PaneInput(10, 20, 1, 0.0), none)
    with pytest.raises(ValueError, match="in the order of event time"):
        stream.step(PaneInput(10, 20, 1, 0.0), none)


PANES = 2_500


def autoregression(rho: float) -> Callable[[int], Figures]:
    def figures(seed: int) -> Figures:
        rng = np.random.default_rng(seed)
        level = float(rng.normal())
        for step in (rng.normal(size=PANES) * np.sqrt(1 - rho**2)).tolist():
            level = rho * level + step
            yield 100, level, 1.0

    return figures


def season(seed: int) -> Figures:
    """144 panes are a day."""
    rng = np.random.default_rng(seed)
    for i, noise in enumerate(rng.normal(size=PANES).tolist()):
        yield 20, float(np.sin(2 * np.pi * i / 144)) + 0.2 * noise, 1.0


def season_of_errors(seed: int) -> Figures:
    return errors([0.1 + 0.08 * np.sin(2 * np.pi * i / 144) for i in range(PANES)], 50, seed)


class Still(NamedTuple):
    """Streams without a change, and how many alarms 10,000 panes of them may raise."""

    kind: StreamKind
    figures: Callable[[int], Figures]
    width_ms: int = WIDTH
    learn_ms: int = HOUR
    budget: int = 0
    seeds: int = 4


STILL = {
    "Bernoulli 0.1, one a pane": Still(StreamKind.RATE, lambda s: errors([0.1] * PANES, 1, s)),
    "Bernoulli 0.1": Still(StreamKind.RATE, lambda s: errors([0.1] * PANES, 100, s)),
    "Bernoulli 0.001": Still(StreamKind.RATE, lambda s: errors([0.001] * PANES, 50, s)),
    "normal, one a pane": Still(StreamKind.MEAN, lambda s: values([0.0] * PANES, 1, s)),
    "normal": Still(StreamKind.MEAN, lambda s: values([0.0] * PANES, 100, s)),
    "AR(1) 0.5": Still(StreamKind.MEAN, autoregression(0.5), budget=2, seeds=16),
    "AR(1) 0.9": Still(StreamKind.MEAN, autoregression(0.9), budget=2, seeds=16),
    "daily season of a mean": Still(StreamKind.MEAN, season, 10 * MINUTE, 3 * DAY),
    "daily season of a rate": Still(StreamKind.RATE, season_of_errors, 10 * MINUTE, 3 * DAY),
}


@pytest.mark.parametrize("still", STILL.values(), ids=STILL)
def test_false_alarms_stay_within_the_budget_per_10000_panes(still: Still) -> None:
    alarms = [
        len(
            opened(
                play(
                    still.kind,
                    still.figures(seed),
                    width_ms=still.width_ms,
                    learn_ms=still.learn_ms,
                )
            )
        )
        for seed in range(still.seeds)
    ]
    assert sum(alarms) * 10_000 <= still.budget * still.seeds * PANES
