"""What answers and labels are: classes, numbers, binary classes; and the score that is read."""

import math

import pytest

from tidegauge.core.events import Outcome
from tidegauge.core.stats.outcomes import UNSUPPORTED, Known, binary_class, kept, number, score_of


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (0, "0"),
        (3.0, "3"),
        (-0.0, "0"),
        (-7, "-7"),
        ("late", "late"),
        ("", ""),
        (2.5, 2.5),
        (1e100, 1e100),
        (2.0**53, str(2**53)),
        (2.0**53 + 2, 2.0**53 + 2),
    ],
)
def test_an_outcome_is_kept_by_its_value_not_its_spelling(
    outcome: Outcome, expected: Known
) -> None:
    found = kept(outcome)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("0", 0.0),
        ("-12", -12.0),
        (str(2**53), 2.0**53),
        (2.5, 2.5),
        ("late", None),
        ("true", None),
        ("", None),
        ("007", None),
        ("-0", None),
        ("1.0", None),
        ("\N{ARABIC-INDIC DIGIT THREE}", None),
    ],
)
def test_only_what_was_a_number_is_one(outcome: Known, expected: float | None) -> None:
    assert number(outcome) == expected


@pytest.mark.parametrize(
    ("outcome", "positive", "expected"),
    [
        ("1", None, 1),
        ("Yes", None, 1),
        ("false", None, 0),
        ("negative", None, 0),
        ("2", None, UNSUPPORTED),
        (0.5, None, UNSUPPORTED),
        ("late", "late", 1),
        ("early", "late", 0),
        ("true", "1", 1),
        ("1", "true", 1),
        (0.5, "late", UNSUPPORTED),
    ],
)
def test_the_two_classes_of_a_binary_model(
    outcome: Known, positive: str | None, expected: int
) -> None:
    assert binary_class(outcome, positive) == expected


@pytest.mark.parametrize(
    ("score", "probabilities", "predicted", "expected"),
    [
        (0.3, None, "1", 0.3),
        (0.3, {}, "x", 0.3),
        (None, None, "x", None),
        (0.3, {"0": 0.6, "1": 0.4}, "0", 0.3),
        (None, {"0": 0.6, "1": 0.4}, "0", 0.4),
        (None, {"no": 0.75}, "no", 0.25),
        (None, {"x": 0.75}, "no", None),
        (0.3, {"0": 0.5, "1": 0.2, "2": 0.3}, "0", 0.5),
        (0.3, {"x": 0.6, "y": 0.4}, "x", 0.6),
        (0.3, {"y": 0.4}, "x", 0.3),
        (0.3, {"x": 0.6}, 2.5, 0.3),
    ],
)
def test_the_score_is_of_the_positive_class_or_the_confidence_in_the_answer(
    score: float | None,
    probabilities: dict[str, float] | None,
    predicted: Known,
    expected: float | None,
) -> None:
    found = score_of(score, probabilities, predicted, None)
    assert (found is None) == (expected is None)
    assert math.isclose(found or 0.0, expected or 0.0)
