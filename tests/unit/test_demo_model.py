"""The frozen model: what it answers, and that training gives it again."""

import numpy as np
import pytest

from tidegauge.demo.features import CATEGORIES, NUMBERS, features_of
from tidegauge.demo.flights import FIRST_DAY, load_flights
from tidegauge.demo.model import Model, Number, load_model
from tidegauge.demo.train import END, train

MODEL = Model(
    name="m",
    version="1",
    code_version="1",
    data_version="1",
    threshold=0.5,
    intercept=-1.0,
    numbers={"delay": Number(mean=10.0, deviation=5.0, coefficient=2.0)},
    categories={"carrier": {"UA": 0.5}},
)


def test_score_is_the_logistic_function_of_the_weighted_features():
    scores = MODEL.scores([{"delay": 15, "carrier": "UA"}, {"delay": 10.0, "carrier": "AA"}])
    assert scores == pytest.approx([1 / (1 + np.exp(-1.5)), 1 / (1 + np.exp(1.0))])
    assert MODEL.predict(scores).tolist() == [1, 0]


def test_missing_number_counts_as_the_mean():
    missing, mean = MODEL.scores([{"delay": None, "carrier": ""}, {"delay": 10, "carrier": ""}])
    assert missing == mean


def test_extreme_values_give_certain_scores():
    rows = [{"delay": delay, "carrier": "UA"} for delay in (-1e6, 1e6)]
    assert MODEL.scores(rows).tolist() == [0.0, 1.0]


def test_training_gives_the_frozen_model():
    frozen, trained = load_model(), train(load_flights(FIRST_DAY, END))
    assert trained.intercept == pytest.approx(frozen.intercept, abs=1e-5)
    assert list(trained.numbers) == list(frozen.numbers) == list(NUMBERS)
    for name, number in frozen.numbers.items():
        again = trained.numbers[name]
        assert (again.mean, again.deviation) == pytest.approx((number.mean, number.deviation))
        assert again.coefficient == pytest.approx(number.coefficient, abs=1e-5)
    assert list(trained.categories) == list(frozen.categories) == list(CATEGORIES)
    for name, levels in frozen.categories.items():
        assert trained.categories[name] == pytest.approx(levels, abs=1e-5)


def test_features_are_the_eight_that_the_model_reads():
    (flight, *_) = load_flights(FIRST_DAY, END)
    model = load_model()
    assert set(features_of(flight)) == set(model.numbers) | set(model.categories)
    assert len(features_of(flight)) == 8
