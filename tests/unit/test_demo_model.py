"""The frozen models: what they answer, and that training gives them again."""

from functools import cache

import numpy as np
import pytest

from tidegauge.demo.features import CATEGORIES
from tidegauge.demo.flights import FIRST_DAY, Flight, load_flights
from tidegauge.demo.linear import Linear, Number
from tidegauge.demo.model import (
    BinaryModel,
    Model,
    MulticlassModel,
    RegressionModel,
    load_model,
)
from tidegauge.demo.recent import RecentDelays
from tidegauge.demo.tasks import TASKS, ModelName
from tidegauge.demo.train import END, LITE, train

LINEAR = Linear(
    intercepts=(-1.0,),
    numbers={"delay": Number(mean=10.0, deviation=5.0, weights=(2.0,))},
    categories={"carrier": {"UA": (0.5,)}},
)
DESCRIBED = {"name": "m", "version": "1", "code_version": "1", "data_version": "1"}
VERSIONS = [(name, version) for name, task in TASKS.items() for version in task.versions]


@cache
def flights() -> list[Flight]:
    return load_flights(FIRST_DAY, END)


@cache
def trained() -> dict[tuple[str, str], Model]:
    return {(model.name, model.version): model for model in train(flights())}


def test_score_is_the_logistic_function_of_the_weighted_features():
    model = BinaryModel(**DESCRIBED, linear=LINEAR, threshold=0.5)
    answers = model.answers([{"delay": 15, "carrier": "UA"}, {"delay": 10.0, "carrier": "AA"}])
    assert [answer.score for answer in answers] == pytest.approx(
        [1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(1.0))]
    )
    assert [answer.prediction for answer in answers] == [1, 0]


def test_missing_number_counts_as_the_mean():
    rows = [{"delay": None, "carrier": ""}, {"delay": 10, "carrier": ""}]
    assert LINEAR.outputs(LINEAR.parts(rows)).tolist() == [[-1.0], [-1.0]]


def test_extreme_values_give_certain_scores():
    rows = [{"delay": delay, "carrier": "UA"} for delay in (-1e6, 1e6)]
    model = BinaryModel(**DESCRIBED, linear=LINEAR, threshold=0.5)
    assert [answer.score for answer in model.answers(rows)] == [0.0, 1.0]


def test_regression_answers_the_weighted_features_with_one_decimal():
    model = RegressionModel(**DESCRIBED, linear=LINEAR)
    rows = [{"delay": delay, "carrier": "AA"} for delay in (15, 12.4, 12.6)]
    answers = [answer.prediction for answer in model.answers(rows)]
    assert list(map(str, answers)) == ["1.0", "0.0", "0.0"]  # no negative zero


def test_multiclass_answers_the_class_of_the_highest_expected_cost():
    linear = Linear((0.0, 1.0), {"delay": Number(0.0, 1.0, (1.0, 0.0))}, {})
    model = MulticlassModel(**DESCRIBED, linear=linear, classes=("a", "b"), costs=(2.0, 1.0))
    answers = model.answers([{"delay": 0.2}, {"delay": 0.4}, {"delay": 1e6}])
    assert [answer.prediction for answer in answers] == ["b", "a", "a"]
    assert answers[1].probabilities == pytest.approx({"a": 0.354344, "b": 0.645656})
    assert answers[2].probabilities == {"a": 1.0, "b": 0.0}
    assert answers[0].score is None


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_training_gives_the_frozen_model(name: ModelName, version: str):
    frozen, again = load_model(name, version), trained()[name, version]
    assert type(again) is type(frozen)
    assert again.linear.intercepts == pytest.approx(frozen.linear.intercepts, abs=1e-5)
    assert list(again.linear.numbers) == list(frozen.linear.numbers)
    for feature, number in frozen.linear.numbers.items():
        other = again.linear.numbers[feature]
        assert (other.mean, other.deviation) == pytest.approx((number.mean, number.deviation))
        assert other.weights == pytest.approx(number.weights, abs=1e-5)
    for feature, levels in frozen.linear.categories.items():
        assert list(again.linear.categories[feature]) == list(levels)
        for level, weights in levels.items():
            assert again.linear.categories[feature][level] == pytest.approx(weights, abs=1e-5)
    if isinstance(frozen, MulticlassModel) and isinstance(again, MulticlassModel):
        assert (again.classes, again.costs) == (frozen.classes, frozen.costs)


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_models_read_features_that_their_task_has(name: ModelName, version: str):
    task, linear = TASKS[name], load_model(name, version).linear
    features = task.features(flights()[0], RecentDelays(flights()))
    assert set(features) == {*task.numbers, *CATEGORIES}
    read = {*linear.numbers, *linear.categories}
    assert read == (LITE if version == "1-lite" else set(features))


def test_the_binary_and_the_regression_model_see_the_same_eight_features():
    assert TASKS[ModelName.FLIGHT_DELAY].features is TASKS[ModelName.ARRIVAL_DELAY].features
    assert len(TASKS[ModelName.FLIGHT_DELAY].features(flights()[0], RecentDelays([]))) == 8
