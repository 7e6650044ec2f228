"""What a pane's figure is expected to be, given others."""

import json

import numpy as np
import pytest

from tidegauge.core.config import HOUR, MINUTE, DetectionConfig
from tidegauge.core.detect.regression import MAX_INPUTS, PANES_EACH, Regression
from tidegauge.core.detect.verdict import PaneInput
from tidegauge.core.monitor.streams import StreamKey, Subject
from tidegauge.core.monitor.unexplained import Unexplained

PANES = 200


def normal(seed: int, size: int = PANES) -> list[float]:
    return np.random.default_rng(seed).normal(size=size).tolist()


def delays(size: int) -> list[float]:
    return [10.0 * abs(value) for value in normal(3, size)]


def learned(figures: list[float], inputs: list[dict[str, float]]) -> Regression:
    regression = Regression((len(figures)) * MINUTE, 1)
    for number, (figure, given) in enumerate(zip(figures, inputs, strict=True)):
        assert regression.explained is None
        regression.learn(figure, given, 50, (number * MINUTE, (number + 1) * MINUTE))
    assert regression.explained is not None
    return regression


def test_a_linear_figure_is_found_whatever_the_level() -> None:
    inputs = [{"a": 1e6 + a, "b": b} for a, b in zip(normal(1), normal(2), strict=True)]
    figures = [7.0 + 2.0 * (given["a"] - 1e6) - 3.0 * given["b"] for given in inputs]
    regression = learned(figures, inputs)
    assert regression.explained == pytest.approx(1.0, abs=1e-3)
    assert regression.expected({"a": 1e6, "b": 0.0}) == pytest.approx(7.0, abs=0.05)
    assert regression.expected({"a": 1e6 + 1.0, "b": 0.5}) == pytest.approx(7.5, abs=0.05)


def test_beyond_what_was_seen_an_input_counts_as_the_nearest() -> None:
    inputs = [{"a": float(n % 11)} for n in range(PANES)]
    regression = learned([given["a"] for given in inputs], inputs)
    assert regression.expected({"a": 600.0}) == regression.expected({"a": 10.0})
    assert regression.expected({"a": -600.0}) == regression.expected({"a": 0.0})


def test_inputs_that_say_the_same_share_what_they_explain() -> None:
    values = normal(1)
    inputs = [{"a": value, "again": 2.0 * value, "still": 1.0} for value in values]
    regression = learned([5.0 * value for value in values], inputs)
    assert regression.explained == pytest.approx(1.0, abs=1e-3)
    assert regression.expected({"a": 1.0, "again": 2.0, "still": 1.0}) == pytest.approx(
        5.0, abs=0.1
    )


@pytest.mark.parametrize("figures", [[3.0] * PANES, normal(2)])
def test_where_nothing_explains_the_mean_is_expected(figures: list[float]) -> None:
    regression = learned(figures, [{"a": value} for value in normal(1)])
    assert regression.explained == pytest.approx(0.0, abs=0.05)
    assert regression.expected({"a": 0.0}) == pytest.approx(np.mean(figures), abs=0.05)


def test_numbers_whose_squares_no_float_holds_explain_nothing() -> None:
    regression = learned(
        [float(n % 7) for n in range(PANES)], [{"a": 1e200 * (n % 3)} for n in range(PANES)]
    )
    assert regression.explained == 0.0


def test_inputs_that_hardly_vary_do_no_harm() -> None:
    values = normal(1)
    inputs = [{"a": value, "tiny": 1e-180 * value, "flat": 1e-300 * value} for value in values]
    regression = learned([5.0 * value for value in values], inputs)
    assert regression.expected(inputs[0]) == pytest.approx(5.0 * values[0], abs=0.1)


def test_so_many_inputs_at_most_and_panes_enough_for_each() -> None:
    regression = Regression(MINUTE, 1)
    inputs = {f"f{number:03}": 1.0 for number in range(3 * MAX_INPUTS)}
    for number in range(PANES_EACH * (MAX_INPUTS + 1)):
        assert regression.explained is None
        regression.learn(0.5, inputs, 1, (number * MINUTE, (number + 1) * MINUTE))
    assert regression.explained is not None
    assert len(regression.to_state()[2]) == MAX_INPUTS


def test_an_input_that_comes_later_is_one_and_one_that_stays_away_counts_as_usual() -> None:
    inputs: list[dict[str, float]] = [
        {"a": float(n % 5)} | ({"late": 9.0} if n > PANES // 2 else {}) for n in range(PANES)
    ]
    regression = learned([given["a"] for given in inputs], inputs)
    assert regression.expected({"a": 4.0, "late": 9.0}) == pytest.approx(4.0, abs=0.1)
    assert regression.expected({"late": 9.0}) == pytest.approx(2.0, abs=0.1)


def pane(number: int, score: float, delay: float, n: int = 40) -> list[tuple[StreamKey, PaneInput]]:
    span = number * MINUTE, (number + 1) * MINUTE
    return [
        (StreamKey(Subject.SCORE), PaneInput(*span, n, score, 0.3)),
        (StreamKey(Subject.MISSING, "delay"), PaneInput(*span, n, n // 4)),
        (StreamKey(Subject.FEATURE, "delay"), PaneInput(*span, 3 * n // 4, delay, 10.0)),
    ]


CONFIG = DetectionConfig(learn_ms=HOUR, learn_samples=100)


def test_what_is_left_of_the_answers_moves_when_the_model_does_not_when_inputs_do() -> None:
    unexplained = Unexplained(CONFIG)
    found = []
    for number, delay in enumerate(delays(300)):
        broken = 0.2 if number >= 200 else 0.0
        found.append(unexplained.close(pane(number, 0.1 + 0.02 * delay + broken, delay)))
    assert found[:60] == [None] * 60
    left = [one.total for one in found[60:] if one is not None]
    assert len(left) == 240
    assert max(map(abs, left[:140])) < 0.02
    assert min(left[140:]) > 0.15
    assert found[-1] == PaneInput(299 * MINUTE, 300 * MINUTE, 40, left[-1], 0.3)


def test_where_inputs_explain_little_nothing_is_watched() -> None:
    unexplained = Unexplained(CONFIG)
    for number, (score, delay) in enumerate(zip(normal(1), normal(2), strict=True)):
        assert unexplained.close(pane(number, score, delay)) is None
    assert not Unexplained(CONFIG).close(pane(0, 0.5, 1.0)[:1])
    assert not Unexplained(CONFIG).close(pane(0, 0.5, 1.0)[1:])


@pytest.mark.parametrize("at", [3, 100])
def test_it_goes_on_from_its_state(at: int) -> None:
    one, other = Unexplained(CONFIG), Unexplained(CONFIG)
    for number, delay in enumerate(delays(120)):
        if number == at:
            other = Unexplained(CONFIG)
            other.restore(json.loads(json.dumps(one.to_state())))
        given = pane(number, 0.1 + 0.02 * delay, delay)
        found = one.close(given)
        if number >= at:
            assert other.close(given) == found
            assert other.to_state() == one.to_state()
